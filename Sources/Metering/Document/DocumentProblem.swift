/// What is wrong in a document, before the place is put into words.
package struct DocumentProblem: Error {
    package let message: String
    package let place: DocumentPlace?

    package init(_ message: String, _ place: DocumentPlace?) {
        self.message = message
        self.place = place
    }

    /// `line 12, column 5: price.input is not a decimal: "x"`
    package func words(in document: String) -> String {
        (place.map { $0.description(in: document) + ": " } ?? "") + message
    }
}

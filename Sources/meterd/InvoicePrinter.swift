import Background
import Foundation
import InvoiceTypesetting
import Ledger

/// Makes PDFs of invoices: through the package's socket if there is one, else by running the program, where nothing forbids that.
struct InvoicePrinter: Sendable {
    private let socket: InvoiceSocket

    init(socketPath: String) { socket = InvoiceSocket(socketPath) }

    /// The PDF of an invoice's JSON document.
    func pdf(of document: Data) async throws -> Data {
        let socket = socket
        do {
            return try await BackgroundThread.run("invoice-pdf") {
                if socket.isThere { return try socket.pdf(of: document) }
                return try InvoiceProgram().pdf(of: document)
            }
        } catch let error as TypesettingError {
            throw Refusal(.conflict, error.description)
        }
    }
}

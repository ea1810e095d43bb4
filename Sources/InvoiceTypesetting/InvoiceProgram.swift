import Foundation
import Glibc

/// Why there is no PDF of an invoice, with what to do.
public struct TypesettingError: Error, Sendable, CustomStringConvertible {
    /// In words.
    public let description: String
}

/// The program that makes a PDF of an invoice, run by this one.
public struct InvoiceProgram: Sendable {
    private static let name = "meterd-invoice-pdf"
    private let path: String

    /// Finds it beside this program, or where the package puts it.
    public init() throws(TypesettingError) {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folder = (own as NSString).deletingLastPathComponent
        let paths = ["", "/../libexec/meterd", "/../lib/meterd"].map { "\(folder)\($0)/\(Self.name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw TypesettingError(
                description:
                    "the program \(Self.name), which draws PDFs, is not installed: it comes with the meterd package; in a clone of the sources, make build makes it"
            )
        }
        self.path = path
    }

    /// Makes the PDF of an invoice's JSON document. The program says on standard error why it can't.
    public func pdf(of document: Data) throws(TypesettingError) -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        do {
            try process.run()
        } catch {
            throw TypesettingError(description: "\(path) can't be run: \(error.localizedDescription)")
        }
        // An invoice takes a moment; a program that stands still is ended.
        let patience = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(60), execute: patience)
        defer { patience.cancel() }
        // It reads all before it writes anything. If it ends early it has said why; the write that fails says nothing new.
        signal(SIGPIPE, SIG_IGN)
        try? input.fileHandleForWriting.write(contentsOf: document)
        try? input.fileHandleForWriting.close()
        let pdf = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0, !pdf.isEmpty else {
            throw TypesettingError(description: "\(path) made no PDF: its reason is above")
        }
        return pdf
    }
}

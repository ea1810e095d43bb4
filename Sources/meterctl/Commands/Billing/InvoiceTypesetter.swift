import Foundation
import Glibc

/// The program that makes a PDF of an invoice: apart from `meterctl`, which runs where no letters can be drawn.
struct InvoiceTypesetter {
    private static let name = "meterd-invoice-pdf"
    private let path: String

    /// Finds it beside this program, or where the package puts it.
    init() throws(Failure) {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folder = (own as NSString).deletingLastPathComponent
        let paths = ["", "/../libexec/meterd", "/../lib/meterd"].map { "\(folder)\($0)/\(Self.name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(
                status: .refused,
                message: """
                    the program \(Self.name), which draws PDFs, is not installed: it comes with the meterd package
                    meterctl: in a clone of the sources, make build makes it
                    """)
        }
        self.path = path
    }

    /// Makes the PDF of an invoice's JSON document.
    func pdf(of document: Data) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        do {
            try process.run()
        } catch {
            throw Failure(status: .refused, message: "\(path) can't be run: \(error.localizedDescription)")
        }
        // It reads all before it writes anything. Where it ends early it has said why; the write that fails says nothing new.
        signal(SIGPIPE, SIG_IGN)
        try? input.fileHandleForWriting.write(contentsOf: document)
        try? input.fileHandleForWriting.close()
        let pdf = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0, !pdf.isEmpty else {
            throw Failure(status: .refused, message: "\(path) made no PDF: its reason is above")
        }
        return pdf
    }
}

import ArgumentParser
import Foundation
import Glibc
import InvoiceTypesetting
import NIOCore

extension InvoiceCommand {
    struct PDF: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pdf", abstract: "Writes an invoice or a credit note as a PDF.",
            discussion: """
                Example: meterctl invoice pdf acme INV-000012

                The same invoice gives the same bytes as long as it stays open or paid, and the machine's fonts stay as they are.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invoice's number.") var invoice: String
        @Option(help: "The file to write, which must not be there, or - for standard output. Default: NUMBER.pdf")
        var out: String?
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if out?.isEmpty == true { throw ValidationError("the name is empty") }
        }

        func run() async throws {
            try await orExit {
                // A number is a name, not a path.
                let target = out ?? "\(invoice.replacing("/", with: "-")).pdf"
                guard target == "-" || access(target, F_OK) != 0 else {
                    throw Failure(
                        status: .refused, message: "\(target) is there already; --out names another file")
                }
                let program = try Self.typesetting { () throws(TypesettingError) in try InvoiceProgram() }
                var document = Data()
                try await common.client.text(["v1", "orgs", org, "invoices", invoice]) {
                    document.append(contentsOf: $0.readableBytesView)
                }
                let whole = document
                let pdf = try Self.typesetting { () throws(TypesettingError) in try program.pdf(of: whole) }
                guard target != "-" else { return Terminal.write(pdf) }
                var file = try PartialFile(target)
                do {
                    try file.write(pdf)
                    try file.sync()
                    try file.commit()
                } catch {
                    file.discard()
                    throw error
                }
                try common.show(InvoicePDFView(invoice: invoice, path: target, bytes: file.bytes)) {
                    definitions([("invoice", $0.invoice), ("written", $0.path), ("size", "\($0.bytes) bytes")])
                }
            }
        }

        private static func typesetting<Value>(
            _ body: () throws(TypesettingError) -> Value
        ) throws(Failure) -> Value {
            do throws(TypesettingError) {
                return try body()
            } catch {
                throw Failure(status: .refused, message: error.description)
            }
        }
    }
}

/// A PDF that was written.
struct InvoicePDFView: Codable {
    let invoice: String
    let path: String
    let bytes: Int
}

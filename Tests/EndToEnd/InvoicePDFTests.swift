import Foundation
import TestSupport
import Testing

/// Invoices as PDFs: by the program that draws them, and by `meterctl`.
@Suite(.ownThread) struct InvoicePDFTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func whatAnInvoiceSaysIsInItsText() throws {
        // As one line: where lines end is the font's business.
        let text = try text(of: try draw(try invoice())).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for words in [
            "Invoice", "INV-000007", "Meterworks B.V.", "Keizersgracht 120", "NL812345678B01",
            "billing@meterworks.example",
            "Acme GmbH", "10115 Berlin", "DE123456789", "2026-02-28 to 2026-03-30", "USD 1,138.04 due", "Page 1 of 1",
            "paid 2026-02-10 with visa ending in 4242 (payment 3)", "19 % VAT (DE)", "Prepaid credits", "Quantity",
            "1,000.00", "-0.55", "116.00", "22.04", "138.04", "1,116.00", "1,138.59", "12,345,678.90",
        ] {
            #expect(text.contains(words), "\(words) is not in: \(text)")
        }
    }

    @Test func anOpenInvoiceSaysHowAndUntilWhenItIsToBePaid() throws {
        var open = try invoice()
        open["due_on"] = "2026-03-14"
        open["carried_in"] = "0.25"
        var seller = try #require(open["seller"] as? [String: Any])
        seller["payment_terms"] = "Please transfer the amount within 14 days"
        seller["bank"] = ["IBAN DE02 1203 0000 0000 2020 51", "BIC BYLADEM1001"]
        open["seller"] = seller
        var buyer = try #require(open["buyer"] as? [String: Any])
        buyer["tax_ids"] = [["type": "us_ein", "value": "12-3456789"]]
        open["buyer"] = buyer
        let words = [
            "Please transfer the amount within 14 days", "IBAN DE02 1203 0000 0000 2020 51", "Reference INV-000007",
        ]
        let text = try text(of: try draw(open))
        for word in words + ["2026-03-14", "US EIN 12-3456789", "Carried over from before"] {
            #expect(text.contains(word), "\(word) is not in: \(text)")
        }
        // One that is paid asks for nothing more.
        open["state"] = "paid"
        open["open"] = "0.00"
        open["paid_with"] = "transfer W-1042"
        open["paid_at"] = "2026-03-02T09:30:00.123Z"
        let paid = try self.text(of: try draw(open))
        #expect(paid.contains("Paid on 2026-03-02 with transfer W-1042"))
        for word in words { #expect(!paid.contains(word)) }
    }

    @Test func aPaidInvoiceSaysWhenAndACreditNoteWhy() throws {
        var paid = try invoice()
        paid["state"] = "paid"
        paid["paid_at"] = "2026-03-02T09:30:00.123Z"
        paid["method"] = "visa ending in 4242"
        paid["open"] = "0.00"
        let text = try text(of: try draw(paid))
        #expect(text.contains("Paid on 2026-03-02 with visa ending in 4242"))
        #expect(text.contains("USD 0.00"))
        paid["kind"] = "credit_note"
        paid["number"] = "CN-000001"
        paid["reason"] = "Two seats of INV-000001 were billed twice"
        let note = try self.text(of: try draw(paid))
        for words in [
            "Credit note", "CN-000001", "Two seats of INV-000001 were billed twice", "credited", "Credited to",
        ] {
            #expect(note.contains(words))
        }
        #expect(!note.contains("Paid on"))
    }

    @Test func theSameInvoiceGivesTheSameBytes() throws {
        let first = try draw(try invoice())
        let again = directory.path + "/again.pdf"
        let result = try Binaries.run(
            "meterd-invoice-pdf", [again], input: try json(try invoice()),
            environment: ["LANGUAGE": "ja", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"])
        #expect(result.status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == Data(contentsOf: URL(fileURLWithPath: again)))
        let about = try tool("pdfinfo", ["-isodates", first])
        for words in ["Invoice INV-000007", "Meterworks B.V.", "2026-02-28T00:00:00", "595.276 x 841.89"] {
            #expect(about.contains(words), "\(words) is not in: \(about)")
        }
        #expect(!about.contains("ModDate"))
    }

    @Test func aHundredAndTwentyLinesHaveTheirHeadingOnEachPageAndOneSum() throws {
        var document = try invoice()
        let line = try #require((document["lines"] as? [[String: Any]])?.first)
        document["lines"] = (1...120).map { number in line.merging(["text": "Line \(number)."]) { $1 } }
        let path = try draw(document)
        let pages = try #require(
            try tool("pdfinfo", [path]).firstMatch(of: /Pages: +([0-9]+)/).flatMap { Int($0.1) })
        #expect((4...9).contains(pages))
        for page in 1...pages {
            let text = try text(of: path, page: page)
            #expect(text.contains("Unit price"))
            #expect(text.contains("Page \(page) of \(pages)"))
            #expect(text.contains("Due") == (page == pages))
        }
        let text = try text(of: path)
        for number in 1...120 { #expect(text.contains("Line \(number).")) }
    }

    @Test func anyNamesStayNamesAndStayWithinTheMargins() throws {
        var document = try invoice()
        document["buyer"] = [
            "name": "<b>Söhne</b> &amp;\u{0}\u{202E}Co\u{1B}[31m\nKG",
            "address": ["شارع الملك فهد", "רחוב הרצל 5", "東京都千代田区", "मुंबई", String(repeating: "W", count: 400)],
        ]
        let path = try draw(document)
        let text = try text(of: path)
        #expect(text.contains("<b>Söhne</b> &amp; Co"))
        #expect(text.contains("[31m KG"))
        // Where each word is: nothing begins or ends in a margin.
        let boxes = try tool("pdftotext", ["-bbox", path, "-"])
        var words = 0
        for match in boxes.matches(of: /<word xMin="([0-9.]+)" yMin="[0-9.]+" xMax="([0-9.]+)"/) {
            words += 1
            #expect((Double(match.1) ?? 0) >= 55 && (Double(match.2) ?? 1000) <= 540.3)
        }
        #expect(words > 20)
    }

    @Test func whatIsNoInvoiceIsRefusedInALine() throws {
        func refused(_ input: String, with words: String) throws {
            let path = directory.path + "/refused.pdf"
            let result = try Binaries.run("meterd-invoice-pdf", [path], input: input)
            #expect(result.status == 1)
            #expect(result.errors.contains(words), "\(result.errors)")
            #expect(result.errors.hasSuffix("\n") && result.errors.count { $0 == "\n" } == 1)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        for input in ["", "{", "[1,", String(repeating: "[", count: 100_000)] {
            try refused(input, with: "it is not JSON")
        }
        try refused("{}", with: "is missing")
        for (member, value): (String, Any) in [
            ("net", "1e5"), ("due", "1,000.00"), ("total", ""), ("issued", "2026-02-30"), ("kind", "a\nb"),
            ("number", 7), ("lines", "none"),
        ] {
            var document = try invoice()
            document[member] = value
            try refused(try json(document), with: member)
        }
        try refused(String(repeating: " ", count: (16 << 20) + 1), with: "bytes")
        for arguments in [[], ["a.pdf", "b.pdf"], ["--wrong"], [""]] {
            #expect(try Binaries.run("meterd-invoice-pdf", arguments).status == 64)
        }
    }

    @Test func meterctlWritesAPDFAndOverwritesNothing() throws {
        let daemon = try RunningDaemon(arguments: ["--test-clock", "2026-01-31T10:00:00Z"])
        _ = try daemon.json("org", "create", "acme", "--display-name", "Acme GmbH", "--country", "DE")
        _ = try daemon.json("seats", "add", "acme", "3")
        _ = try daemon.json("payments", "record", "acme", "1")
        #expect(try daemon.meterctl("clock", "2026-02-28T00:00:00Z").status == 0)
        let path = directory.path + "/invoice.pdf"
        let view = try daemon.json("invoice", "pdf", "acme", "INV-000001", "--out", path)
        #expect(view["path"] as? String == path)
        let text = try text(of: path)
        for words in ["INV-000001", "Acme GmbH", "USD 87.00 due", "Seats, 2026-02-28 to 2026-03-30"] {
            #expect(text.contains(words))
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let again = try daemon.meterctl("invoice", "pdf", "acme", "INV-000001", "--out", path)
        #expect(again.status == 1)
        #expect(again.errors.contains("is there already"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let other = directory.path + "/other.pdf"
        let unknown = try daemon.meterctl("invoice", "pdf", "acme", "INV-000009", "--out", other)
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("meterctl invoice list acme"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["invoice.pdf"])
    }

    /// Over the control socket: drawn by the program, and by what systemd starts for each connection to a socket.
    @Test(arguments: [false, true]) func theControlSocketHasTheSamePDF(hasSocket: Bool) throws {
        let socket = directory.path + "/pdf.sock"
        let drawer = hasSocket ? try Activated(socket, [Binaries.folder + "/meterd-invoice-pdf", "-"]) : nil
        defer { drawer?.end() }
        let daemon = try RunningDaemon(
            arguments: ["--test-clock", "2026-01-31T10:00:00Z"], environment: ["METERD_BILLING_PDF_SOCKET": socket])
        _ = try daemon.json("org", "create", "acme", "--display-name", "Acme GmbH", "--country", "DE")
        _ = try daemon.json("seats", "add", "acme", "3")
        _ = try daemon.json("payments", "record", "acme", "1")
        #expect(try daemon.meterctl("clock", "2026-02-28T00:00:00Z").status == 0)
        let (own, served) = (directory.path + "/own.pdf", directory.path + "/served.pdf")
        _ = try daemon.json("invoice", "pdf", "acme", "INV-000001", "--out", own)
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = [
            "curl", "-sS", "--unix-socket", daemon.controlSocket, "-o", served, "-D", directory.path + "/head",
            "http://localhost/v1/orgs/acme/invoices/INV-000001/pdf",
        ]
        try curl.run()
        curl.waitUntilExit()
        #expect(curl.terminationStatus == 0)
        let head = try String(contentsOfFile: directory.path + "/head", encoding: .utf8).lowercased()
        #expect(head.contains("content-type: application/pdf"), "\(head)")
        #expect(head.contains("content-disposition: attachment; filename=\"inv-000001.pdf\""), "\(head)")
        #expect(try Data(contentsOf: URL(filePath: own)) == (try Data(contentsOf: URL(filePath: served))))
        let missing = try daemon.ask("GET", "/v1/orgs/acme/invoices/INV-000009/pdf")
        #expect(missing.contains("404"))
    }

    @Test func aSocketThatDrawsNothingIsAnErrorThatSaysWhereToLook() throws {
        let socket = directory.path + "/pdf.sock"
        let drawer = try Activated(socket, ["/bin/false"])
        defer { drawer.end() }
        let daemon = try RunningDaemon(
            arguments: ["--test-clock", "2026-01-31T10:00:00Z"], environment: ["METERD_BILLING_PDF_SOCKET": socket])
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("seats", "add", "acme", "3")
        _ = try daemon.json("payments", "record", "acme", "1")
        #expect(try daemon.meterctl("clock", "2026-02-28T00:00:00Z").status == 0)
        let answer = try daemon.ask("GET", "/v1/orgs/acme/invoices/INV-000001/pdf")
        #expect(answer.contains("409") && answer.contains("meterd-invoice-pdf"), "\(answer)")
        // And the daemon goes on.
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "0.000000000")
    }

    /// A program that systemd's own tool starts for each connection to a socket.
    private final class Activated {
        private let process = Process()
        private let input = Pipe()

        init(_ socket: String, _ command: [String]) throws {
            // Between this and the tool there is a shell: the tool closes what it has no use for, by which Foundation knows a process.
            let script = """
                systemd-socket-activate --accept --inetd -l "$0" "$@" 2>/dev/null & tool=$!
                read line
                kill -9 $tool
                """
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", script, socket] + command
            process.standardInput = input
            try process.run()
            while access(socket, F_OK) != 0 { sched_yield() }
        }

        func end() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    // MARK: Invoices

    private func invoice() throws -> [String: Any] {
        let document = """
            {"number":"INV-000007","kind":"invoice","org":"acme","state":"open","issued":"2026-02-28T00:00:00Z",
             "seller":{"name":"Meterworks B.V.","address":["Keizersgracht 120","1015 CX Amsterdam"],
              "tax_id":"NL812345678B01","email":"billing@meterworks.example","invoice_series":"INV-",
              "credit_note_series":"CN-"},
             "buyer":{"name":"Acme GmbH","address":["Hauptstraße 5","10115 Berlin"],"country":"DE","vat_id":"DE123456789"},
             "period_start":"2026-02-28","period_end":"2026-03-31","currency":"USD",
             "lines":[
              {"text":"Seats, 2026-02-28 to 2026-03-30","product":"seats","quantity":4,"unit_price":"29.00",
               "net":"116.00","tax":"22.04","gross":"138.04","tax_rule":"19 % VAT (DE)"},
              {"text":"Prepaid credits","product":"credits","quantity":1,"unit_price":"12345678.90","net":"1000.00",
               "tax":"-0.55","gross":"1000.00","tax_rule":"Exempt","payment":3,"paid_on":"2026-02-10",
               "paid_with":"visa ending in 4242"}],
             "taxes":[{"rule":"19 % VAT (DE)","net":"116.00","tax":"22.04"},
              {"rule":"Exempt","net":"1000.00","tax":"0.00"}],
             "net":"1116.00","tax":"22.59","total":"1138.59","paid_before":"0.55","due":"1138.04","open":"1138.04"}
            """
        return try #require(try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any])
    }

    private func json(_ document: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: document), as: UTF8.self)
    }

    /// Draws a PDF, and gives its path.
    private func draw(_ document: [String: Any]) throws -> String {
        let path = directory.path + "/drawn.pdf"
        let result = try Binaries.run("meterd-invoice-pdf", [path], input: try json(document))
        #expect(result.status == 0, "\(result.errors)")
        return path
    }

    // MARK: Tools of poppler

    private func text(of path: String, page: Int? = nil) throws -> String {
        let pages = page.map { ["-f", "\($0)", "-l", "\($0)"] } ?? []
        return try tool("pdftotext", pages + ["-layout", path, "-"])
    }

    private func tool(_ name: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.environment = Binaries.clean.merging(["TZ": "UTC"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(name) failed")
        return String(decoding: data, as: UTF8.self)
    }
}

import Foundation
import Glibc
import Testing

/// A browser as far as a server can see one: it keeps cookies, follows nothing, and sends forms as a page would.
final class Browser {
    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: String

        func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
        var location: String? { header("location") }
        /// What the page's forms carry.
        var formToken: String? {
            body.firstMatch(of: /name="form_token" value="([^"]+)"/).map { String($0.1) }
        }
    }

    struct Unreachable: Error {}

    let port: UInt16
    private(set) var cookies: [String: String] = [:]
    /// What the last page's forms carried.
    private(set) var formToken: String?

    init(port: UInt16) { self.port = port }

    var origin: String { "http://localhost:\(port)" }

    @discardableResult
    func get(_ path: String, headers: [String: String] = [:]) throws -> Answer {
        let answer = try send("GET", path, headers: headers, body: "")
        if let token = answer.formToken { formToken = token }
        return answer
    }

    /// Sends a form, with the token of the last page.
    @discardableResult
    func post(_ path: String, _ form: [String: String] = [:], headers: [String: String] = [:]) throws -> Answer {
        var form = form
        if let formToken, form["form_token"] == nil { form["form_token"] = formToken }
        let body = form.map { "\(Self.encode($0.key))=\(Self.encode($0.value))" }.joined(separator: "&")
        let own = [
            "Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Sec-Fetch-Site": "same-origin",
        ]
        return try send("POST", path, headers: own.merging(headers) { $1 }, body: body)
    }

    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private func send(_ method: String, _ path: String, headers: [String: String], body: String) throws -> Answer {
        var lines = ["\(method) \(path) HTTP/1.1", "Connection: close", "Content-Length: \(body.utf8.count)"]
        if headers["Host"] == nil { lines.append("Host: localhost:\(port)") }
        for (name, value) in headers { lines.append("\(name): \(value)") }
        if !cookies.isEmpty {
            lines.append("Cookie: " + cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "))
        }
        let answer = try Self.parse(try exchange(lines.joined(separator: "\r\n") + "\r\n\r\n" + body))
        for header in answer.headers where header.name == "set-cookie" {
            let pair = header.value.prefix { $0 != ";" }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            cookies[String(pair[0])] = pair[1].isEmpty ? nil : String(pair[1])
        }
        return answer
    }

    private func exchange(_ request: String) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Unreachable() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Unreachable() }
        var rest = Array(request.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { break }
            rest = rest.dropFirst(sent)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return answer
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { throw Unreachable() }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Unreachable()
        }
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2
                ? (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces)) : nil
        }
        return Answer(status: status, headers: headers, body: String(text[end.upperBound...]))
    }
}

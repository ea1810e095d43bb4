import HTML
import HTTPTypes
import HummingbirdCore
import NIOCore

// The bytes that a browser gets.
extension Site {
    func response(_ reply: Reply, isHead: Bool) -> Response {
        var headers = Self.securityHeaders
        var status = HTTPResponse.Status(code: reply.status)
        var body: [UInt8] = []
        headers[.cacheControl] = "no-store"
        switch reply.content {
        case .page(let html):
            headers[.contentType] = "text/html; charset=utf-8"
            body = html.bytes
        case .redirect(let place):
            status = .seeOther
            headers[.location] = place.description
        case .file(let bytes, let type, let name):
            headers[.contentType] = type
            headers[.contentDisposition] = "attachment; filename=\"\(name)\""
            body = bytes
        case .asset(let bytes, let type):
            headers[.contentType] = type
            headers[.cacheControl] = "public, max-age=31536000, immutable"
            body = bytes
        }
        for cookie in reply.cookies { headers.append(HTTPField(name: .setCookie, value: cookie)) }
        if let seconds = reply.retryAfter { headers[.retryAfter] = "\(seconds)" }
        if address.isSecure { headers[.strictTransportSecurity] = "max-age=31536000" }
        headers[.contentLength] = "\(body.count)"
        return Response(
            status: status, headers: headers, body: isHead ? .init() : .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// On every answer. `same-origin` as the referrer, since browsers send `Origin: null` with forms otherwise.
    private static let securityHeaders: HTTPFields = {
        var fields = HTTPFields()
        let values = [
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
            (
                "Permissions-Policy",
                "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"
            ),
        ]
        for (name, value) in values {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }()
}

import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

/// An error as the control socket answers it: a problem document (RFC 9457) with the protocol's code.
public struct Problem: Error, Codable, Sendable, Hashable {
    /// What kind of problem: `about:blank`, since the code says it.
    public let type: String
    /// The HTTP status in words.
    public let title: String
    /// The HTTP status.
    public let status: Int
    /// What it was about, and what was expected.
    public let detail: String
    /// The protocol's code.
    public let code: String
    /// Whether the same request, sent again later, can succeed.
    public let retryable: Bool

    /// The problem that a refusal is.
    public init(_ refusal: Refusal) {
        let status = Self.status(refusal.code)
        type = "about:blank"
        title = status.reasonPhrase
        self.status = status.code
        detail = refusal.message
        code = refusal.code.rawValue
        retryable = refusal.isRetryable
    }

    /// A problem of that code.
    public init(_ code: Refusal.Code, _ detail: String) {
        self.init(Refusal(code, detail))
    }

    private static func status(_ code: Refusal.Code) -> HTTPResponse.Status {
        switch code {
        case .malformed: .badRequest
        case .tooLong: .contentTooLarge
        case .unknownOp, .unknownOrg, .notFound, .unknownHold: .notFound
        case .idConflict, .orgClosed, .limitExceeded, .insufficientCredits, .orgSuspended, .memberLimit, .orgBudget,
            .seatsFull, .noPaymentMethod, .conflict, .modelNotAllowed, .tooManyUnpriced, .lastOwner, .priceChanged:
            .conflict
        case .forbidden, .signInRequired: .forbidden
        case .timeOutOfRange, .unknownModel: .unprocessableContent
        case .storageUnavailable, .shuttingDown, .gatewayUnavailable, .quarantineFull, .clockUnconfirmed:
            .serviceUnavailable
        case .unknownOutcome, .ledgerDamaged: .internalServerError
        case .methodNotAllowed: .methodNotAllowed
        }
    }
}

extension Problem {
    /// What a client is told of an error that is no answer to its request.
    init(unexpected error: any Error) {
        guard let error = error as? SQLiteError, error.isDamage else {
            self.init(.unknownOutcome, "the daemon could not answer; its journal says why")
            return
        }
        self.init(.ledgerDamaged, "\(error.message); `meterctl ledger verify` lists all damage")
    }

    /// The document as a response, with further headers.
    func response(_ headers: HTTPFields = [:]) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Response(
            status: .init(code: status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(self))))
    }
}

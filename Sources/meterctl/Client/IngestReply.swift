import Metering

/// A reply line of the ingest socket, as far as a sender needs it.
enum IngestReply {
    case done(status: String?, isDuplicate: Bool, cost: Money?)
    case refused(message: String, isRetryable: Bool)

    init(_ line: ArraySlice<UInt8>) {
        self = line.withUnsafeBufferPointer { bytes in
            (try? Self.read(bytes)) ?? .refused(message: "the daemon's reply can't be read", isRetryable: false)
        }
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws -> IngestReply {
        var cursor = JSONCursor(bytes)
        var status: String?
        var isDuplicate = false
        var cost: Money?
        var error: (message: String, isRetryable: Bool)?
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            if cursor.matches(key, "status") {
                status = try cursor.text(try cursor.string())
            } else if cursor.matches(key, "cost") {
                cost = Money(decimal: try cursor.text(try cursor.string()))
            } else if cursor.matches(key, "duplicate") {
                isDuplicate = cursor.peek() == UInt8(ascii: "t")
                try cursor.skipValue()
            } else if cursor.matches(key, "error") {
                error = try readError(&cursor)
            } else {
                try cursor.skipValue()
            }
        }
        if let error { return .refused(message: error.message, isRetryable: error.isRetryable) }
        return .done(status: status, isDuplicate: isDuplicate, cost: cost)
    }

    private static func readError(_ cursor: inout JSONCursor) throws -> (message: String, isRetryable: Bool) {
        var code = ""
        var message = ""
        var isRetryable = false
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            if cursor.matches(key, "code") {
                code = try cursor.text(try cursor.string())
            } else if cursor.matches(key, "message") {
                message = try cursor.text(try cursor.string())
            } else if cursor.matches(key, "retryable") {
                isRetryable = cursor.peek() == UInt8(ascii: "t")
                try cursor.skipValue()
            } else {
                try cursor.skipValue()
            }
        }
        return ("\(message) (\(code))", isRetryable)
    }
}

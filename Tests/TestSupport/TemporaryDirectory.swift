import Foundation

/// A folder of a test's own, removed with the value. Its path is short, so that sockets fit in it.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes a folder.
    public init() throws {
        let name = UInt64.random(in: .min ... .max)
        path = "/tmp/meterd-test-" + String(name, radix: 36)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

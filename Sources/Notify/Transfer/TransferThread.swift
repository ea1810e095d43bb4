import Foundation

/// Runs what waits for a peer on a thread of its own: libcurl's calls return when the transfer is over.
enum TransferThread {
    static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.name = name
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}

import FoundationEssentials
import Glibc

/// What is read and written.
enum Files {
    /// All of standard input.
    static func standardInput(bytesMax: Int) throws(Refusal) -> Data {
        var input = Data()
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Refusal("standard input can't be read: \(reason())") }
            guard count > 0 else { return input }
            input.append(contentsOf: piece[..<count])
            guard input.count <= bytesMax else { throw Refusal("the invoice has more than \(bytesMax) bytes") }
        }
    }

    /// Writes a file, or to standard output where its name is `-`.
    static func write(_ content: Data, to path: String) throws(Refusal) {
        let isOutput = path == "-"
        let name = isOutput ? "standard output" : "the file"
        let descriptor = isOutput ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Refusal("\(name) can't be written: \(reason())") }
        var offset = 0
        while offset < content.count {
            let count = content.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Refusal("\(name) can't be written: \(reason())") }
            offset += count
        }
        // Some file systems say only here that there was no room.
        guard isOutput || close(descriptor) == 0 else { throw Refusal("\(name) can't be written: \(reason())") }
    }

    private static func reason() -> String {
        String(cString: strerror(errno))
    }
}

import Background
import Foundation
import Glibc
import Metering

/// Where words go: results to standard output, complaints to standard error.
enum Terminal {
    static let isOutputATerminal = isatty(STDOUT_FILENO) == 1
    /// Lines of the terminal that results are shown on.
    static var rows: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 6 ? Int(size.ws_row) : 40
    }
    static let isErrorATerminal = isatty(STDERR_FILENO) == 1

    /// Writes a piece of the result. Where nobody reads it any more (`| head`) the program ends as others do, by SIGPIPE.
    static func write(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                signal(SIGPIPE, SIG_DFL)
                raise(SIGPIPE)
            } else if errno != EINTR {
                complain("the result can't be written: \(String(cString: strerror(errno)))")
                exit(Failure.Status.refused.rawValue)
            }
        }
    }

    /// Writes a line of the result.
    static func print(_ line: String) {
        write((line + "\n").utf8)
    }

    static func complain(_ message: String) {
        // Where nobody reads it there is nobody to tell.
        let line = Array("meterctl: \(printable(message))\n".utf8)
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// A text without characters that would act on a terminal; they become visible escapes.
    ///
    /// - Parameter lines: whether lines stay lines.
    static func printable(_ text: String, lines: Bool = true) -> String {
        PrintableText.escaped(text, isOneLine: !lines)
    }
}

/// A result of any length. Where it is a file, it goes to the disk little by little, so that it holds up nobody who syncs.
struct LongOutput {
    private var writeBack = WriteBack(STDOUT_FILENO)
    /// Where the next piece goes; nil for what is no file.
    private var offset: Int64?

    init() {
        let offset = lseek(STDOUT_FILENO, 0, SEEK_CUR)
        self.offset = offset >= 0 ? Int64(offset) : nil
    }

    mutating func write(_ piece: some Collection<UInt8>) {
        Terminal.write(piece)
        guard let offset else { return }
        writeBack.wrote(piece.count, at: offset)
        self.offset = offset + Int64(piece.count)
    }
}

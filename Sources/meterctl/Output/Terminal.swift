import Foundation
import Glibc

/// Where words go: results to standard output, complaints to standard error.
enum Terminal {
    static let isOutputATerminal = isatty(STDOUT_FILENO) == 1
    static let isErrorATerminal = isatty(STDERR_FILENO) == 1

    static func complain(_ message: String) {
        FileHandle.standardError.write(Data("meterctl: \(printable(message))\n".utf8))
    }

    /// A text without characters that would act on a terminal; they become visible escapes.
    ///
    /// - Parameter lines: whether lines stay lines.
    static func printable(_ text: String, lines: Bool = true) -> String {
        func acts(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control: !(lines && scalar == "\n")
            // Marks that turn the direction of text could show a name as another.
            case .format: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: acts) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if acts(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
}

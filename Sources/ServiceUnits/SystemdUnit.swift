import Foundation

/// What systemd says of units, asked by systemctl(1).
public enum SystemdUnit {
    /// Properties of a unit; empty if there is no systemd to ask.
    public static func show(_ unit: String, _ properties: [String]) -> [String: String] {
        let output = output(["systemctl", "show", unit, "-p", properties.joined(separator: ",")]) ?? ""
        var values: [String: String] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// What its files say of a setting, drop-ins included: an empty value takes back those before it. systemctl(1) shows no
    /// credentials as properties.
    public static func setting(_ name: String, of unit: String) -> [String] {
        var values: [String] = []
        for line in (output(["systemctl", "cat", unit]) ?? "").split(separator: "\n") {
            guard line.hasPrefix(name + "=") else { continue }
            let value = line.dropFirst(name.utf8.count + 1).trimmingCharacters(in: .whitespaces)
            if value.isEmpty { values = [] } else { values.append(value) }
        }
        return values
    }

    /// The value of an option in a command, as `ExecStart` shows it.
    public static func option(_ name: String, ofCommand text: String) -> String? {
        let words = words(text)
        guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    /// Variables and their values, as `Environment` shows them.
    public static func assignments(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for word in words(text) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// Words as systemctl(1) prints them: a word with spaces is in quotes.
    public static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + [word].compactMap { $0 }
    }

    /// What a program prints; nil if it isn't there or fails.
    public static func output(_ words: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = try? pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data.map { String(decoding: $0, as: UTF8.self) } : nil
    }
}

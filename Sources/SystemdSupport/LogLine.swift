import Foundation
import Glibc

/// An entry as a line of standard error.
struct LogLine {
    private let entry: LogPump.Entry
    private let level: String

    init(_ entry: LogPump.Entry, level: String) {
        (self.entry, self.level) = (entry, level)
    }

    /// `2026-11-30T04:25:01.123Z warning the disk is full org=acme`
    var text: String {
        let fields = entry.fields.map { " \(Self.plain($0.name))=\($0.value)" }.joined()
        return "\(time) \(level) \(entry.message)\(fields)"
    }

    /// `{"level":"warning","message":"the disk is full","org":"acme","time":"2026-11-30T04:25:01.123Z"}`
    var json: String {
        var members = ["time": time, "level": level, "message": entry.message]
        for field in entry.fields { members[Self.plain(field.name)] = members[Self.plain(field.name)] ?? field.value }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(members)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// A journal's name of a field as a line has it: `METERD_ORG` is `org`.
    private static func plain(_ name: String) -> String {
        name.hasPrefix("METERD_") ? name.dropFirst(7).lowercased() : name.lowercased()
    }

    /// RFC 3339, in UTC.
    private var time: String {
        var seconds = time_t(entry.time / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            let length = strftime(buffer.baseAddress, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
            return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return text + "." + "\(1000 + entry.time % 1000)".dropFirst() + "Z"
    }
}

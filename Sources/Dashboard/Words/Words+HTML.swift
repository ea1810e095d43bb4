import HTML
import Wording

// Times as elements that programs can read.
extension Words {
    /// `2026-11-30T14:05:09.123Z` → `2026-11-30 14:05 UTC`
    static func time(_ rfc3339: String) -> HTML {
        element(.time, .text(.datetime, rfc3339), text: timeText(rfc3339))
    }

    /// `2026-11-30T14:05:09.123Z` → `2026-11-30 14:05:09 UTC`
    static func timeWithSeconds(_ rfc3339: String) -> HTML {
        guard rfc3339.utf8.count >= 19 else { return HTML(text: rfc3339) }
        return element(
            .time, .text(.datetime, rfc3339),
            text: rfc3339.prefix(10) + " " + rfc3339.dropFirst(11).prefix(8) + " UTC")
    }
}

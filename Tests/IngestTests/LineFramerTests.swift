import NIOCore
import Testing

@testable import Ingest

/// Lines in what was received, however it was cut.
@Suite struct LineFramerTests {
    private func lines(_ framer: inout LineFramer) -> [String] {
        var lines: [String] = []
        while case .line(let line) = framer.next({ String(decoding: $0, as: UTF8.self) }) { lines.append(line) }
        return lines
    }

    @Test func linesAreFoundInAnyPieces() {
        let text = "one\n\ntwo, a longer one\nthree\n"
        for size in 1...text.utf8.count {
            var framer = LineFramer()
            var found: [String] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                var piece = ByteBuffer(bytes: rest.prefix(size))
                rest = rest.dropFirst(size)
                framer.append(&piece)
                found += lines(&framer)
            }
            #expect(found == ["one", "", "two, a longer one", "three"], "in pieces of \(size)")
            #expect(framer.readableBytes == 0)
        }
    }

    /// Whose reads always end in the middle of a line has nothing kept but that line.
    @Test func whatWasTakenIsLetGo() {
        var framer = LineFramer()
        let line = String(repeating: "x", count: 200)
        var first = ByteBuffer(string: String(line.prefix(90)))
        framer.append(&first)
        for _ in 0..<20_000 {
            var next = ByteBuffer(string: String(line.dropFirst(90)) + "\n" + line.prefix(90))
            framer.append(&next)
            #expect(lines(&framer) == [line])
        }
        #expect(framer.readableBytes == 90)
        #expect(framer.capacity <= 4096)
    }
}

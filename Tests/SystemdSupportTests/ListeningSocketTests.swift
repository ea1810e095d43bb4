import Foundation
import SystemdSupport
import TestSupport
import Testing

@Suite struct ListeningSocketTests {
    private func error(_ path: String) -> ListenError? {
        do throws(ListenError) {
            _ = try ListeningSocket.bind(path: path, mode: 0o600)
            return nil
        } catch {
            return error
        }
    }

    @Test func aPathThatDoesNotFitIsAConfigurationError() throws {
        let directory = try TemporaryDirectory()
        let base = directory.path + "/"
        let longest = base + String(repeating: "x", count: ListeningSocket.pathBytesMax - base.utf8.count)
        #expect(error(longest) == nil)
        #expect(error(longest + "x")?.isConfiguration == true)
        #expect(error("")?.isConfiguration == true)
    }

    @Test func aLiveSocketIsLeftAloneAndADeadOneReplaced() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s"
        let first = try ListeningSocket.bind(path: path, mode: 0o600)
        #expect(error(path)?.description.contains("another process listens on it") == true)
        close(first.descriptor)
        let second = try ListeningSocket.bind(path: path, mode: 0o640)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        second.removeFile()
        #expect(!FileManager.default.fileExists(atPath: path))
        close(second.descriptor)
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s"
        try "mine".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(error(path)?.isConfiguration == false)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }
}

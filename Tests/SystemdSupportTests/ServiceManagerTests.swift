import Foundation
import SystemdSupport
import TestSupport
import Testing

@Suite struct ServiceManagerTests {
    // In a process of its own: the environment can't be changed while other tests read it, as each start of a process does.
    @Test func aManagerThatDoesNotReadHoldsNobodyUpAndMissesNoStep() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let listener = try NotifyListener(in: directory)
            setenv("NOTIFY_SOCKET", listener.path, 1)
            let manager = ServiceManager()
            // Many more than a datagram socket holds; every call comes back.
            for number in 0..<1000 {
                manager.status("status \(number)")
                manager.feedWatchdog()
            }
            manager.ready(status: "two\nlines")
            for number in 0..<100 { manager.reloading(); manager.status("later \(number)") }
            manager.stopping(status: "end")

            var messages: [String] = []
            repeat { messages.append(try listener.next()) } while messages.last?.contains("STOPPING=1") != true
            #expect(messages.count { $0 == "READY=1\nSTATUS=two lines" } == 1)
            #expect(messages.count { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") } == 100)
            #expect(messages.contains("WATCHDOG=1"))
            // Old status lines give way to the newest.
            #expect(messages.count { $0.hasPrefix("STATUS=status") } < 1000)
            #expect(messages.contains("STATUS=later 99"))
        }
    }
}

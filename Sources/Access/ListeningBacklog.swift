import Glibc

/// How many connections may wait to be accepted. SwiftNIO listens anew with 128, whatever it is told and whatever systemd's
/// `Backlog=` said: a client that doesn't wait itself would be turned away in a burst, and during a restart.
public enum ListeningBacklog {
    /// The most that the kernel takes by default, `net.core.somaxconn`. See listen(2).
    private static let connections: Int32 = 4096

    /// Sets it on a socket that listens.
    public static func set(on descriptor: Int32) {
        _ = listen(descriptor, connections)
    }
}

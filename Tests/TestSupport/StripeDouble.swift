import Foundation

/// Stripe as far as meterd speaks to it: `Tests/stripe/stripe_double.py`, a process of its own.
public final class StripeDouble {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let python = root + "/var/stripe/bin/python"

    /// Whether `scripts/install-stripe-double` was run.
    public static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: python) }

    /// Where its API is.
    public let address: String
    private let directory: TemporaryDirectory
    private let process = Process()
    private let input = Pipe()
    private let channel: LineClient

    /// Starts it and waits until it listens.
    public init() throws {
        directory = try TemporaryDirectory()
        let output = Pipe()
        process.executableURL = URL(filePath: Self.python)
        process.arguments = [Self.root + "/Tests/stripe/stripe_double.py", directory.path + "/control"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1)?.first else { throw Ended() }
            line.append(byte)
        }
        address = String(decoding: line.dropLast(), as: UTF8.self)
        channel = try LineClient(directory.path + "/control")
    }

    deinit {
        // It ends with its input.
        try? input.fileHandleForWriting.close()
        if process.isRunning { process.terminate() }
    }

    /// Says something on its control channel, and gives the answer.
    @discardableResult public func ask(_ command: [String: Any]) throws -> [String: Any] {
        let data = try JSONSerialization.data(withJSONObject: command)
        let answer = try channel.ask(String(decoding: data, as: UTF8.self))
        return try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any] ?? [:]
    }

    /// A card that somebody saved: the gateway's name of it.
    public func card(_ number: String, year: Int = 2090, month: Int = 12) throws -> String {
        let answer = try ask(["cmd": "card", "number": number, "year": year, "month": month])
        guard let method = answer["method"] as? String else { throw Ended() }
        return method
    }

    /// Has the next requests go wrong.
    public func fault(
        _ kind: String, on path: String = "/v1/payment_intents", method: String = "POST", times: Int = 1
    )
        throws
    {
        try ask(["cmd": "fault", "kind": kind, "path": path, "method": method, "times": times])
    }

    /// Has a refund come to another status.
    public func settle(refund: String, as status: String) throws {
        try ask(["cmd": "refund", "id": refund, "status": status])
    }

    /// Has a bank dispute a payment, or go on with that.
    ///
    /// - Parameters:
    ///   - mark: what meterd put on the payment.
    ///   - movements: what the bank took (below zero) and gave back so far, in cents, each with its fee.
    public func dispute(
        _ id: String, _ status: String, of mark: String, _ amount: Int, _ movements: [(amount: Int, fee: Int)] = []
    ) throws {
        try ask([
            "cmd": "dispute", "id": id, "status": status, "mark": mark, "amount": amount,
            "movements": movements.map { [$0.amount, $0.fee] },
        ])
    }

    /// Has somebody refund a payment at Stripe; gives its name.
    public func refundByHand(_ mark: String, _ amount: Int) throws -> String {
        guard let id = try ask(["cmd": "refund_by_hand", "mark": mark, "amount": amount])["id"] as? String else {
            throw NotThere()
        }
        return id
    }

    /// Has a customer confirm a payment on the gateway's page, or fail to; gives the address that the page sends their browser to, or
    /// nothing if there is nothing to confirm.
    public func confirm(on page: String, failing: Bool = false) throws -> String {
        let (curl, output) = (Process(), Pipe())
        curl.executableURL = URL(filePath: "/usr/bin/curl")
        curl.arguments = [
            "--silent", "--output", "/dev/null", "--write-out", "%{redirect_url}", "--data", "ok=\(failing ? 0 : 1)",
            page,
        ]
        curl.standardOutput = output
        try curl.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        curl.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    /// Has a customer enter a card on Checkout's page, or go back without; gives the address that the page sends their browser to, or
    /// nothing if there is nothing to enter.
    public func enter(_ number: String?, on page: String) throws -> String {
        let (curl, output) = (Process(), Pipe())
        curl.executableURL = URL(filePath: "/usr/bin/curl")
        curl.arguments = [
            "--silent", "--output", "/dev/null", "--write-out", "%{redirect_url}", "--data",
            number.map { "number=\($0)" } ?? "cancel=1", page,
        ]
        curl.standardOutput = output
        try curl.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        curl.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    /// Ends all faults.
    public func heal() throws { try ask(["cmd": "heal"]) }

    /// How often a payment was asked for since the last time.
    public func attempts() throws -> Int {
        let requests = try ask(["cmd": "requests"])["requests"] as? [[Any]] ?? []
        return requests.count { $0[0] as? String == "POST" && $0[1] as? String == "/v1/payment_intents" }
    }

    /// What was taken and not given back, in cents.
    public func captured() throws -> [(mark: String, amount: Int, refunded: Int)] {
        let payments = try ask(["cmd": "captured"])["payments"] as? [[String: Any]] ?? []
        return payments.map {
            ($0["mark"] as? String ?? "", $0["amount"] as? Int ?? 0, $0["refunded"] as? Int ?? 0)
        }
    }

    /// The header that signs a body.
    public func sign(_ body: String, secret: String, time: Int) throws -> String {
        try ask(["cmd": "sign", "body": body, "secret": secret, "time": time])["signature"] as? String ?? ""
    }

    struct Ended: Error {}

    /// What a test needs is not there.
    public struct NotThere: Error {
        /// Says no more.
        public init() {}
    }
}

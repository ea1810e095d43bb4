import Access
import DequeModule
import Ledger
import Logging
import Metering
import NIOCore

/// One client of the ingest socket: lines in, replies out in the order of the lines.
///
/// Everything here runs on the connection's event loop. It stops reading where its replies are not read, where it has
/// as many requests open as one connection may, or where the daemon is full; nothing is dropped.
final class IngestConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A request whose reply has not been written.
    private enum Open {
        /// With the writer: the id to answer under, the bytes that it holds in memory, and the org where an observer wants
        /// to know what becomes of it.
        case submitted(id: String?, bytes: Int, observed: String? = nil, warnings: LineWarnings = [])
        /// Answered already, behind one that is not.
        case answered([UInt8])
    }

    /// How this connection comes to its end.
    private enum Phase {
        case open
        /// The client has half-closed: answer what was read, then close.
        case inputEnded
        /// A line was too long: answer what was read, read no more, then close.
        case rejected
        /// The channel is gone; outcomes that still come are only counted.
        case closed
    }

    let number: UInt64
    let peer: PeerCredentials?
    /// What the peer may ask; the core's to change.
    var permissions: Permissions
    private let core: IngestCore
    /// The peer, as its records name it.
    private let origin: Peer?
    private var context: ChannelHandlerContext?
    private var framer = LineFramer()
    private var open: Deque<Open> = []
    /// The most that were open since its room was last given up.
    private var openMost = 0
    /// Requests that it has room for all the time.
    private static let openKept = 256
    private var phase = Phase.open
    private var isReading = false
    private var isWritable = true
    private var isClosing = false
    /// Which replies are written, and whether a line was read that may not come before that is said.
    private var mode = ReplyMode.all
    private var hasBegun = false
    /// Runs out while the client reads none of its replies; nil if it reads, or that was told.
    private var unread: Scheduled<Void>?
    private var isUnreadTold = false

    /// Whether the present batch has answered it; the core's mark.
    var isAnswered = false
    /// Whether something of it is gathered for the next commit; the outbox's mark.
    var isStaged = false
    /// When it last asked for something; ``CommitPacing``'s mark.
    var pacingMark: UInt64 = 0

    init(number: UInt64, peer: PeerCredentials?, core: IngestCore) {
        self.number = number
        self.peer = peer
        origin = peer.map { Peer(uid: $0.uid, pid: $0.pid) }
        permissions = core.access.permissions(of: peer)
        self.core = core
    }

    /// Whether the channel is gone and nothing is open.
    var isFinished: Bool { phase == .closed && open.isEmpty }

    // MARK: From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard phase == .open || phase == .inputEnded else { return }
        framer.append(&bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        advance()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        watchReading(context)
        if isWritable { advance() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent, phase == .open {
            phase = .inputEnded
            isReading = false
            advance()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        self.context = nil
        unread?.cancel()
        unread = nil
        framer.discard()
        // What was answered but not written is gone with the channel; what is with the writer is waited for.
        open.removeAll { if case .answered = $0 { true } else { false } }
        core.didClose(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core.logger.debug("ingest connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    /// Tells, once, of a client that leaves its replies unread for so long that nothing more is read from it.
    private func watchReading(_ context: ChannelHandlerContext) {
        unread?.cancel()
        unread = nil
        guard !isWritable, !isUnreadTold, phase == .open || phase == .inputEnded else { return }
        unread = context.eventLoop.assumeIsolated().scheduleTask(in: core.limits.unreadPatience) { [weak self] in
            guard let self, !isWritable, phase != .closed else { return }
            isUnreadTold = true
            core.observer?.didLeaveUnread(peer)
        }
    }

    private func start(_ context: ChannelHandlerContext) {
        core.didOpen(self)
        guard core.isWelcome(self) else { return context.close(promise: nil) }
        readOn(context)
    }

    // MARK: Lines in

    /// Takes the lines that are there, as far as there is room for them; then reads on or ends.
    func advance() {
        guard let context else { return }
        var ready: [UInt8] = []
        var lines = core.takeLines()
        reading: while phase == .open || phase == .inputEnded {
            // A few lines are read, then those are handled: the code of one half at a time stays in the processor's cache, which
            // has no room for both.
            let end = read(&lines)
            for line in lines { handle(line, &ready) }
            lines.removeAll(keepingCapacity: true)
            switch end {
            case .more: continue
            case .nothing: break reading
            case .tooLong:
                phase = .rejected
                framer.discard()
                let limit = RequestLimits.lineBytesMax
                answer(Refusal(.tooLong, "the line is longer than \(limit) bytes; the connection closes"), nil, &ready)
            }
        }
        core.giveBack(lines)
        if !ready.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: ready)), promise: nil) }
        openMost = max(openMost, open.count)
        if isDone {
            close(context)
        } else if phase == .open, hasRoom() {
            readOn(context)
        } else if phase == .open || phase == .inputEnded, !core.hasRoom {
            core.waitForRoom(self)
        }
    }

    /// What follows the lines that were read.
    private enum ReadEnd {
        /// Perhaps more lines.
        case more
        /// No line that is whole, or no room for one.
        case nothing
        /// A line that has passed its limit.
        case tooLong
    }

    /// Reads lines as far as there is room for them, ``linesAtOnce`` at most.
    private func read(_ lines: inout [DecodedLine]) -> ReadEnd {
        var bytes = 0
        while lines.count < Self.linesAtOnce {
            // What is handled may leave its room to what follows: a ping takes none.
            guard hasRoom(beside: lines.count, bytes) else { return lines.isEmpty ? .nothing : .more }
            switch framer.next({ line in
                bytes += line.count
                return core.decode(line)
            }) {
            case .line(let line):
                if let line { lines.append(line) }
            case .needsMore: return .nothing
            case .tooLong: return .tooLong
            }
        }
        return .more
    }

    /// Lines that are read before the first of them is handled.
    private static let linesAtOnce = 16

    /// Whether another line may be taken, beside so many that are not handled yet.
    private func hasRoom(beside lines: Int = 0, _ bytes: Int = 0) -> Bool {
        isWritable && open.count + lines < core.limits.openPerConnectionMax && core.hasRoom(beside: lines, bytes)
    }

    /// Whether nothing more will come and everything is answered.
    private var isDone: Bool {
        guard open.isEmpty else { return false }
        switch phase {
        case .open, .closed: return false
        case .inputEnded: return hasRoom()
        case .rejected: return true
        }
    }

    /// Closes once the replies that are on their way have been taken by the client.
    private func close(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    private func readOn(_ context: ChannelHandlerContext) {
        guard !isReading else { return }
        isReading = true
        context.read()
    }

    private func handle(_ line: DecodedLine, _ ready: inout [UInt8]) {
        defer { hasBegun = true }
        switch line.result {
        case .failure(let refusal) where line.kept == nil || !mayHaveKept(line):
            answer(refusal, line.id, &ready)
        case _ where core.isDraining:
            answer(Refusal(.shuttingDown, "the daemon is stopping; send it again to the next one"), line.id, &ready)
        case .failure(let refusal):
            keep(line, refusal)
        case .success(.ping):
            reply(&ready) { ReplyEncoder.writePong(version: core.version, id: line.id, to: &$0) }
        case .success(.mode(let mode)):
            guard !hasBegun else {
                return answer(
                    Refusal(.malformed, "mode must be the first line of its connection"), line.id, &ready)
            }
            self.mode = mode
            reply(&ready) { ReplyEncoder.write(mode, id: line.id, to: &$0) }
        case .success(.balance(let org)):
            guard allows(.balance, org, line, &ready) else { return }
            open.append(.submitted(id: line.id, bytes: 0))
            core.stage(.balance(org: org), bytes: 0, from: self)
        case .success(.release(let org, let id)):
            guard allows(.release, org, line, &ready) else { return }
            open.append(.submitted(id: line.id, bytes: 0))
            core.stage(.release(org: org, id: id), bytes: 0, from: self)
        case .success(.authorize(let request)):
            guard allows(.authorize, request.org, line, &ready) else { return }
            let bytes = request.bytes + 512
            open.append(.submitted(id: line.id, bytes: bytes))
            core.stage(.authorize(request), bytes: bytes, from: self)
        case .success(.usage(let record)):
            guard allows(.usage, record.org, line, &ready) else { return }
            let bytes = record.usage.utf8.count + (record.tags?.utf8.count ?? 0) + (line.kept?.count ?? 0) + 512
            let observed = core.observer?.wantsAnswers == true ? record.org : nil
            open.append(.submitted(id: line.id, bytes: bytes, observed: observed, warnings: line.warnings))
            core.stage(
                core.charge(record, from: origin(of: line), line: line.kept), bytes: bytes, from: self)
        }
    }

    /// Has a refused usage line kept; its answer says so.
    private func keep(_ line: DecodedLine, _ refusal: Refusal) {
        guard let kept = line.kept else { return }
        let bytes = kept.count + 512
        open.append(.submitted(id: line.id, bytes: bytes))
        let refused = RefusedLine(
            refusal: refusal, id: line.id, org: line.refused?.org, user: line.refused?.user, received: core.clock(),
            peer: origin(of: line), line: kept)
        core.stage(.quarantine(refused), bytes: bytes, from: self)
    }

    /// Whether a usage line that is refused would be its peer's to send, if it were right.
    private func mayHaveKept(_ line: DecodedLine) -> Bool {
        // What can be no org's name is nobody's right.
        let org = line.refused?.org.flatMap { OrgName.isValid($0) ? $0 : nil }
        return permissions.refusal(of: .usage, org: org, sender: line.sender, core.access) == nil
    }

    /// The peer, as the record of a line names it.
    private func origin(of line: DecodedLine) -> Peer? {
        guard let sender = line.sender, let origin else { return origin }
        return Peer(uid: origin.uid, pid: origin.pid, sender: sender)
    }

    /// Whether the peer may ask that, and the sender if it names one; refuses it where not.
    private func allows(
        _ operation: IngestOperation, _ org: String, _ line: DecodedLine, _ ready: inout [UInt8]
    ) -> Bool {
        if line.sender == nil, permissions.allows(operation, org: org) { return true }
        let reason = permissions.refusal(of: operation, org: org, sender: line.sender, core.access)
        guard let reason else { return true }
        let who = peer.map { "uid \($0.uid)" } ?? "a peer without credentials"
        // Its name is not known to be anybody's.
        let sender = line.sender.map { "'\(PrintableText.escaped($0, isOneLine: true))'" } ?? ""
        let words =
            switch reason {
            case .operation: "\(who) may not ask '\(operation.rawValue)' for org '\(org)' here"
            case .delegation: "\(who) may not name a sender for org '\(org)' here"
            case .unknownSender: "there is no sender \(sender) in the configuration"
            case .senderOperation: "the sender \(sender) may not ask '\(operation.rawValue)' for org '\(org)'"
            }
        let refusal = Refusal(.forbidden, words)
        core.observer?.didRefuse(refusal, id: line.id, org: org, to: peer)
        answer(refusal, line.id, &ready)
        return false
    }

    private func answer(_ refusal: Refusal, _ id: String?, _ ready: inout [UInt8]) {
        core.statistics.refused(refusal.code)
        reply(&ready, isRefusal: true) { ReplyEncoder.write(refusal, id: id, to: &$0) }
    }

    /// Answers at once where nothing is open, else behind what is.
    private func reply(_ ready: inout [UInt8], isRefusal: Bool = false, _ write: (inout [UInt8]) -> Void) {
        guard mode == .all || mode == .errors && isRefusal else { return }
        if open.isEmpty {
            write(&ready)
        } else {
            var line: [UInt8] = []
            write(&line)
            open.append(.answered(line))
        }
    }

    // MARK: Replies out

    /// Takes the outcome of the oldest request that is with the writer. Call ``flush()`` after the last of a batch.
    func receive(_ outcome: Outcome) {
        guard case .submitted(let id, let bytes, let observed, let warnings)? = open.popFirst() else { return }
        core.didFinish(bytes: bytes)
        if let observed { core.observer?.didAnswer(outcome, id: id, org: observed, from: peer) }
        if case .refused(let refusal) = outcome { core.statistics.refused(refusal.code) }
        guard phase != .closed else { return }
        if mode.writes(outcome) {
            if replies.isEmpty { replies.reserveCapacity(Self.replyBytes * min(open.count + 1, Self.openKept)) }
            ReplyEncoder.write(outcome, id: id, warnings: warnings, to: &replies)
        }
        while case .answered(let line)? = open.first {
            replies += line
            open.removeFirst()
        }
    }

    /// What is not sent yet of this batch's replies.
    private var replies: [UInt8] = []
    /// Bytes that a reply has, usually.
    private static let replyBytes = 160
    /// Replies that it has room for all the time.
    private static let repliesKept = 8

    /// Sends the replies that ``receive(_:)`` has written, in one write.
    func flush() {
        guard let context else { return }
        if !replies.isEmpty {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: replies)), promise: nil)
            replies.removeAll(keepingCapacity: replies.capacity <= Self.replyBytes * Self.repliesKept)
        }
        // A burst's room is not kept.
        if open.isEmpty, openMost > Self.openKept { (open, openMost) = ([], 0) }
    }

    /// Closes once everything that was read is answered.
    func closeWhenAnswered() {
        if phase == .open { phase = .inputEnded }
        advance()
    }

    /// Closes now, whatever the client has not read.
    func abort() {
        context?.close(promise: nil)
    }
}

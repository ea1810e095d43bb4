import NIOCore
import NIOHTTP1

/// Has the host of a request line count, if it names one: `GET http://host/path`. See RFC 9112, section 3.2.2.
///
/// What comes after it looks at the field `Host` only. Several of those stay, so that they can be refused.
final class AbsoluteFormHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), let host = Self.host(head.uri),
            head.headers["Host"].count <= 1
        else { return context.fireChannelRead(data) }
        head.headers.replaceOrAdd(name: "Host", value: host)
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// The authority of an absolute address; nil of a path.
    private static func host(_ uri: String) -> String? {
        guard !uri.hasPrefix("/"), let mark = uri.firstRange(of: "://") else { return nil }
        return String(uri[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }
}

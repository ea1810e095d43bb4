import HTML

/// A part of pages that every browser keeps. Its address has its digest, so that a new version is fetched at once.
struct Asset: Sendable {
    let bytes: [UInt8]
    let type: String
    let place: Place

    init(_ bytes: [UInt8], _ name: String, _ type: String) {
        self.bytes = bytes
        self.type = type
        place = Place(["assets", String(Secrets.hex(String(decoding: bytes, as: UTF8.self)).prefix(16)), name])
    }
}

/// The stylesheet, the scripts, the icon. Nothing of others is loaded.
enum Assets {
    static let style = Asset(PackageResources.style_css, "style.css", "text/css; charset=utf-8")
    static let script = Asset(PackageResources.dashboard_js, "dashboard.js", "text/javascript; charset=utf-8")
    static let icon = Asset(PackageResources.icon_svg, "icon.svg", "image/svg+xml")
    static let passkeys = Asset(PackageResources.passkeys_js, "passkeys.js", "text/javascript; charset=utf-8")
    static let all = [style, script, icon, passkeys]

    static func reply(_ visit: Visit) throws(PageError) -> Reply {
        guard let asset = all.first(where: { $0.place.description == visit.path }) else { throw .notFound }
        return Reply(.asset(asset.bytes, type: asset.type))
    }
}

import Foundation
import OpenIDConnect
import Yams

/// Where people can sign in, as the configuration file says it.
enum ProviderReader {
    private static let keys = ["id", "name", "issuer", "client_id", "client_secret_file", "prompt_login"]

    /// The providers of a list, and a line for each thing that is wrong.
    static func read(_ node: Node, _ place: String) -> (providers: [Named], problems: [String]) {
        guard let list = node.sequence else { return ([], ["\(place)providers: expected a list"]) }
        var providers: [Named] = []
        var problems: [String] = []
        for (index, entry) in list.enumerated() {
            let name = "\(place)providers[\(index)]"
            let values = entry.mapping.map { mapping in
                Dictionary(
                    mapping.compactMap { key, value in
                        key.scalar.flatMap { key in value.scalar.map { (key.string, $0.string) } }
                    }, uniquingKeysWith: { first, _ in first })
            }
            guard let values else {
                problems.append("\(name): expected keys and values")
                continue
            }
            for key in values.keys.sorted() where !keys.contains(key) {
                problems.append("\(name).\(key): there is no such key")
            }
            do throws(ProviderProblem) {
                let provider = try provider(values)
                if providers.contains(where: { $0.id == provider.id }) {
                    problems.append("\(name).id: there is one of that id already")
                }
                if providers.contains(where: { $0.provider.issuer == provider.provider.issuer }) {
                    problems.append("\(name).issuer: there is one of that issuer already")
                }
                providers.append(provider)
            } catch {
                problems.append("\(name).\(error.words)")
            }
        }
        return (providers, problems)
    }

    /// A provider with its name in addresses.
    struct Named {
        let id: String
        let provider: Provider
        let promptsLogin: Bool
    }

    private struct ProviderProblem: Error { let words: String }

    private static func provider(_ values: [String: String]) throws(ProviderProblem) -> Named {
        func value(_ key: String) throws(ProviderProblem) -> String {
            guard let value = values[key], !value.isEmpty else { throw ProviderProblem(words: "\(key) is missing") }
            return value
        }
        let id = try value("id")
        guard id.utf8.count <= 40, id.utf8.allSatisfy({ isSlugByte($0) }) else {
            throw ProviderProblem(words: "id must be at most 40 of a-z 0-9 - : it stands in the redirect URI")
        }
        let (name, issuer, client) = (try value("name"), try value("issuer"), try value("client_id"))
        guard let promptsLogin = ["true": true, "false": false][values["prompt_login"] ?? "true"] else {
            throw ProviderProblem(words: "prompt_login must be true or false")
        }
        let secret = try values["client_secret_file"].map { path throws(ProviderProblem) in try self.secret(path) }
        do throws(SignInError) {
            // Issuer and subject are all that is used, so that nothing else is asked for.
            return Named(
                id: id,
                provider: try Provider(
                    name: name, issuer: issuer, clientID: client, clientSecret: secret, extraScopes: [],
                    userInfoUse: .never), promptsLogin: promptsLogin)
        } catch {
            throw ProviderProblem(words: error.logText)
        }
    }

    private static func isSlugByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// A secret is a file: one that systemd hands in, if only its name is given. See systemd.exec(5), `LoadCredential=`.
    private static func secret(_ path: String) throws(ProviderProblem) -> ClientSecret {
        let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        let full = path.hasPrefix("/") ? path : (folder ?? ".") + "/" + path
        guard let data = FileManager.default.contents(atPath: full), data.count <= 4096 else {
            throw ProviderProblem(words: "client_secret_file: \(full) can't be read")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw ProviderProblem(words: "client_secret_file: \(full) is empty") }
        return ClientSecret(text)
    }
}

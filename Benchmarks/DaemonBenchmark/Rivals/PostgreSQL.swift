import Foundation

/// PostgreSQL with `synchronous_commit`: a usage row with a unique id, a ledger row and a balance in a function, driven by
/// pgbench. A window is one transaction of so many records, which is more than we do: none is answered before the last.
final class PostgreSQL: Contender {
    let name = "PostgreSQL"
    private let process = Process()
    private let directory: String
    private let programs: String

    private static let schema = """
        CREATE TABLE account(id int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
        INSERT INTO account SELECT n, 1000000000000000 FROM generate_series(1, :orgs) n;
        CREATE TABLE usage(
            seq bigserial PRIMARY KEY, id text NOT NULL UNIQUE, account int NOT NULL, member text, model text NOT NULL,
            provider text NOT NULL, at bigint NOT NULL, received bigint NOT NULL, usage text NOT NULL, cost bigint NOT NULL,
            card int NOT NULL);
        CREATE TABLE ledger(
            seq bigserial PRIMARY KEY, account int NOT NULL, usage bigint NOT NULL, amount bigint NOT NULL,
            balance bigint NOT NULL, at bigint NOT NULL, kind int NOT NULL);
        CREATE FUNCTION debit(records int, orgs int, now bigint) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE s bigint; b bigint; who int; c bigint;
        BEGIN
            -- In the order of the accounts, or transactions would wait for each other in a ring.
            FOR who, c IN
                SELECT 1 + floor(random() * orgs)::int, 1000000 + n FROM generate_series(1, records) n ORDER BY 1
            LOOP
                INSERT INTO usage(id, account, member, model, provider, at, received, usage, cost, card) VALUES (
                    'msg_' || replace(gen_random_uuid()::text, '-', ''), who, 'user-' || who, 'claude-sonnet-4-5',
                    'anthropic', now, now,
                    '{"input_tokens":4711,"cache_creation_input_tokens":0,"cache_read_input_tokens":815,'
                    || '"output_tokens":1234,"service_tier":"standard"}', c, 1)
                ON CONFLICT (id) DO NOTHING RETURNING seq INTO s;
                IF s IS NOT NULL THEN
                    UPDATE account SET balance = balance - c WHERE id = who RETURNING balance INTO b;
                    INSERT INTO ledger(account, usage, amount, balance, at, kind) VALUES (who, s, -c, b, now, 1);
                END IF;
            END LOOP;
        END $$;
        """

    init(_ parent: String, orgs: Int) throws {
        directory = parent + "/postgresql"
        let base = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap { Int($0) }
        guard let version = versions.max() else { throw BenchmarkError("PostgreSQL is not installed") }
        programs = "\(base)/\(version)/bin"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if getuid() == 0 { try Self.run(["chown", "postgres", directory]) }
        let data = directory + "/data"
        try Self.run(
            Self.asPostgres([
                programs + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N",
            ]))
        let start = Self.asPostgres([
            programs + "/postgres", "-D", data, "-k", directory, "-c", "listen_addresses=", "-c",
            "synchronous_commit=on",
            "-c", "fsync=on", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB", "-c", "max_connections=200",
        ])
        process.executableURL = URL(fileURLWithPath: start[0])
        process.arguments = Array(start.dropFirst())
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        for turn in 0... {
            do {
                try Self.run(client("psql", ["-q", "-c", "SELECT 1"]))
                break
            } catch {
                guard turn < 250 else { throw error }
                usleep(20_000)
            }
        }
        try Self.run(client("psql", ["-q", "-c", Self.schema.replacingOccurrences(of: ":orgs", with: "\(orgs)")]))
    }

    func run(_ point: Point, seconds: Double) throws -> Measured {
        let script = directory + "/debit.sql"
        let now = Int(Date().timeIntervalSince1970 * 1000)
        try "SELECT debit(\(point.window), \(point.orgs), \(now));\n".write(
            toFile: script, atomically: true, encoding: .utf8)
        let output = try Self.run(
            client(
                "pgbench",
                [
                    "-n", "-M", "prepared", "-c", "\(point.connections)", "-j", "\(min(2, point.connections))", "-T",
                    "\(Int(seconds.rounded(.up)))", "-f", script, "--log", "--log-prefix", directory + "/latencies",
                ]))
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let perSecond = Double(line.split(separator: " ")[2])
        else { throw BenchmarkError("pgbench: \(output)") }
        let latencies = try takeLatencies()
        func at(_ part: Double) -> Double? {
            latencies.isEmpty ? nil : latencies[min(latencies.count - 1, Int(Double(latencies.count) * part))]
        }
        return Measured(
            perSecond: perSecond * Double(point.window), p50: at(0.5), p99: at(0.99), p999: at(0.999))
    }

    func stop() {
        // What pg_ctl's fast mode sends: https://www.postgresql.org/docs/current/server-shutdown.html.
        process.interrupt()
        process.waitUntilExit()
    }

    /// Microseconds of each transaction, sorted; the files are removed.
    private func takeLatencies() throws -> [Double] {
        var all: [Double] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasPrefix("latencies") {
            let path = directory + "/" + name
            for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
                let columns = line.split(separator: " ", maxSplits: 3)
                if columns.count > 2, let time = Double(columns[2]) { all.append(time) }
            }
            try FileManager.default.removeItem(atPath: path)
        }
        return all.sorted()
    }

    private func client(_ program: String, _ arguments: [String]) -> [String] {
        [programs + "/" + program, "-h", directory, "-U", "postgres"] + arguments
            + (program == "pgbench" ? ["postgres"] : ["-d", "postgres"])
    }

    /// PostgreSQL doesn't run as root.
    private static func asPostgres(_ words: [String]) -> [String] {
        getuid() == 0 ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + words : words
    }

    @discardableResult
    private static func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError("\(words.joined(separator: " ").prefix(200)): \(text.suffix(500))")
        }
        return text
    }
}

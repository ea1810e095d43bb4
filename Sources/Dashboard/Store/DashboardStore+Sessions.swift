import Foundation
import GRDB
import Metering

// Who is signed in where.
extension DashboardStore {
    /// The one place where sessions are made.
    ///
    /// - Returns: the session, and the cookie's value, which is kept nowhere else.
    func open(
        _ person: Person, by method: SignInMethod, _ memberships: [Membership], proven: Session.Proven?,
        browser: String,
        replacing old: Session?, at now: Timestamp
    ) throws(PageError) -> (session: Session, secret: String) {
        let secret = Secrets.random()
        let session = Session(
            hash: Secrets.hash(secret), person: person, method: method, memberships: memberships, created: now,
            seen: now, proven: proven, formToken: Self.formToken(secret), browser: browser)
        let text = try Self.text(memberships)
        try writing { database in
            if let old { try database.execute(sql: "DELETE FROM session WHERE hash = ?", arguments: [Data(old.hash)]) }
            try database.execute(
                sql: "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                arguments: [
                    Data(session.hash), person.issuer, person.subject, method.rawValue, text, now.milliseconds,
                    now.milliseconds, proven?.here.milliseconds, proven?.there.milliseconds, browser,
                ])
            try database.execute(
                sql: """
                    DELETE FROM session WHERE hash IN (
                        SELECT hash FROM session WHERE issuer = ? AND subject = ? ORDER BY created DESC LIMIT -1 OFFSET ?)
                    """, arguments: [person.issuer, person.subject, Session.perPersonMax])
        }
        return (session, secret)
    }

    /// The session of a cookie; nil if there is none, or it has ended. That it was used is noted, once a minute.
    ///
    /// - Parameter isPerson: whether a person asks, and not a page by itself.
    func session(secret: String, isPerson: Bool, at now: Timestamp) throws(PageError) -> Session? {
        let hash = Secrets.hash(secret)
        let found = try reading { database in
            try Row.fetchOne(database, sql: "SELECT * FROM session WHERE hash = ?", arguments: [Data(hash)])
        }
        guard let found else { return nil }
        let session = try Self.session(found, formToken: Self.formToken(secret))
        guard session.isValid(at: now) else { return nil }
        if isPerson, session.seen.advanced(bySeconds: 60) <= now {
            try writing {
                try $0.execute(
                    sql: "UPDATE session SET seen = ? WHERE hash = ?", arguments: [now.milliseconds, Data(hash)])
            }
        }
        return session
    }

    /// Everywhere that somebody is signed in, the newest first.
    func sessions(of person: Person, at now: Timestamp) throws(PageError) -> [Session] {
        let rows = try reading { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM session WHERE issuer = ? AND subject = ? ORDER BY created DESC",
                arguments: [person.issuer, person.subject])
        }
        var sessions: [Session] = []
        // Forms are of the session that a cookie opens.
        for row in rows { sessions.append(try Self.session(row, formToken: "")) }
        return sessions.filter { $0.isValid(at: now) }
    }

    /// Ends a session of somebody's.
    func end(_ hash: [UInt8], of person: Person) throws(PageError) {
        try writing {
            try $0.execute(
                sql: "DELETE FROM session WHERE hash = ? AND issuer = ? AND subject = ?",
                arguments: [Data(hash), person.issuer, person.subject])
        }
    }

    /// Ends all of somebody's sessions but one.
    func endOthers(than session: Session) throws(PageError) {
        try writing {
            try $0.execute(
                sql: "DELETE FROM session WHERE hash <> ? AND issuer = ? AND subject = ?",
                arguments: [Data(session.hash), session.person.issuer, session.person.subject])
        }
    }

    /// Sets which orgs a session opens.
    func set(_ memberships: [Membership], of session: Session) throws(PageError) {
        let text = try Self.text(memberships)
        try writing {
            try $0.execute(
                sql: "UPDATE session SET memberships = ? WHERE hash = ?", arguments: [text, Data(session.hash)])
        }
    }

    /// Leaves a word for the session's next page.
    func leave(_ notice: Notice, for session: Session) throws(PageError) {
        let text = String(decoding: (try? JSONEncoder().encode(notice)) ?? Data(), as: UTF8.self)
        try writing {
            try $0.execute(sql: "UPDATE session SET notice = ? WHERE hash = ?", arguments: [text, Data(session.hash)])
        }
    }

    /// Takes the word that was left.
    func takeNotice(of session: Session) throws(PageError) -> Notice? {
        let text = try reading {
            try String.fetchOne($0, sql: "SELECT notice FROM session WHERE hash = ?", arguments: [Data(session.hash)])
        }
        guard let text else { return nil }
        try writing {
            try $0.execute(sql: "UPDATE session SET notice = NULL WHERE hash = ?", arguments: [Data(session.hash)])
        }
        return try? JSONDecoder().decode(Notice.self, from: Data(text.utf8))
    }

    private static func text(_ memberships: [Membership]) throws(PageError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(memberships), as: UTF8.self)
        } catch {
            throw .broken("memberships can't be written: \(error)")
        }
    }

    /// What a session's forms carry: made of the cookie, so that it is kept nowhere.
    private static func formToken(_ secret: String) -> String { Secrets.text(Secrets.hash("form " + secret)) }

    private static func proven(_ row: Row) -> Session.Proven? {
        guard let here = row["proven_here"] as Int64?, let there = row["proven_there"] as Int64? else { return nil }
        return Session.Proven(here: Timestamp(milliseconds: here), there: Timestamp(milliseconds: there))
    }

    private static func session(_ row: Row, formToken: String) throws(PageError) -> Session {
        let memberships: String = row["memberships"]
        guard let method = SignInMethod(rawValue: row["method"]),
            let orgs = try? JSONDecoder().decode([Membership].self, from: Data(memberships.utf8))
        else { throw .broken("a session can't be read") }
        return Session(
            hash: [UInt8](row["hash"] as Data), person: Person(issuer: row["issuer"], subject: row["subject"]),
            method: method, memberships: orgs, created: Timestamp(milliseconds: row["created"]),
            seen: Timestamp(milliseconds: row["seen"]),
            proven: proven(row), formToken: formToken,
            browser: row["browser"])
    }
}

import Metering

// Every movement of money: totals and grants in memory, one row on disk, its bytes into the chain.
extension SQLiteStore {
    /// Posts an amount and writes the transfer; nil, and nothing done, where a total would overflow.
    ///
    /// A debit of an org draws from its grants; `draws` names those that a credit goes to.
    ///
    /// - Parameter hold: the open hold that the transfer closes; its reservation is freed here.
    mutating func post(
        _ amount: Int64, debit: Account, credit: Account, of org: Org, code: TransferCode, reference: Int64,
        at: Timestamp, closing hold: Hold? = nil, draws: [Draw]? = nil
    ) throws(SQLiteError) -> Int64? {
        guard accounts.move(amount, debit: debit, credit: credit) else { return nil }
        // It remembers the org's newest transfer, also of those that don't move its credits.
        accounts.touch(org.account)
        var drawn: [UInt8]?
        if let draws {
            drawn = DrawCodec.encode(draws, of: amount)
        } else if debit === org.account {
            drawn = try draw(amount, from: org)
        }
        if let hold { org.account.state.pending -= hold.amount }
        return try insertTransfer(
            of: org, debit: debit, credit: credit, amount: amount, code: code, reference: reference, at: at,
            pending: hold?.transfer ?? 0, draws: drawn)
    }

    /// Writes a transfer that reserves, or frees what is reserved: nothing is posted.
    mutating func reserve(
        _ amount: Int64, of org: Org, code: TransferCode, reference: Int64, at: Timestamp, closing hold: Hold? = nil
    ) throws(SQLiteError) -> Int64 {
        accounts.touch(org.account)
        org.account.state.pending += hold == nil ? amount : -amount
        return try insertTransfer(
            of: org, debit: org.account, credit: accounts.usage, amount: amount, code: code, reference: reference,
            at: at, pending: hold?.transfer ?? 0, draws: nil)
    }

    private mutating func insertTransfer(
        of org: Org, debit: Account, credit: Account, amount: Int64, code: TransferCode, reference: Int64,
        at: Timestamp, pending: Int64, draws: [UInt8]?
    ) throws(SQLiteError) -> Int64 {
        let row = TransferRow(
            id: next.transfer, previous: org.account.state.lastTransfer, debit: debit.id, credit: credit.id,
            amount: amount, code: code.rawValue, reference: reference, at: at.milliseconds, pending: pending,
            draws: draws)
        let insert = statements.insertTransfer
        insert.bind(1, row.id)
        insert.bind(2, row.previous)
        insert.bind(3, row.debit)
        insert.bind(4, row.credit)
        insert.bind(5, row.amount)
        insert.bind(6, row.code)
        insert.bind(7, row.reference)
        insert.bind(8, row.at)
        insert.bind(9, row.pending)
        insert.bind(10, blob: row.draws)
        try insert.run()
        row.append(to: &chain.transfers)
        org.account.state.lastTransfer = row.id
        next.transfer += 1
        return row.id
    }

    // MARK: Grants in line

    /// Takes an amount from the grants in line; what goes beyond them is overdraft and in no draw.
    private mutating func draw(_ amount: Int64, from org: Org) throws(SQLiteError) -> [UInt8]? {
        let account = org.account
        if account.state.frontRemaining > amount {
            account.state.frontRemaining -= amount
            return DrawCodec.encode([Draw(grant: account.state.frontGrant, amount: amount)], of: amount)
        }
        var draws: [Draw] = []
        var rest = amount
        while rest > 0, let front = org.grants.first {
            let part = min(rest, account.state.frontRemaining)
            draws.append(Draw(grant: front.id, amount: part))
            rest -= part
            account.state.frontRemaining -= part
            if account.state.frontRemaining == 0 { try close(front, of: org, as: .spent) }
        }
        return DrawCodec.encode(draws, of: amount)
    }

    /// Takes a grant of which nothing is left out of the line.
    mutating func close(_ grant: Grant, of org: Org, as state: GrantState) throws(SQLiteError) {
        grant.isOpen = false
        accounts.onRollBack { grant.isOpen = true }
        try line(up: org.grants.filter { $0 !== grant }, of: org)
        try update(grant.id, state, remaining: 0)
    }

    /// Puts a grant into the line, where its turn is.
    mutating func open(_ grant: Grant, of org: Org) throws(SQLiteError) {
        let place = org.grants.firstIndex { grant.comes(before: $0) } ?? org.grants.count
        var grants = org.grants
        grants.insert(grant, at: place)
        accounts.onRollBack { grant.isOpen = false }
        try line(up: grants, of: org)
        expirations.add(grant, of: org)
    }

    /// Adds to what is left of an open grant.
    mutating func add(_ amount: Int64, to grant: Grant, of org: Org) throws(SQLiteError) {
        if grant === org.grants.first {
            accounts.touch(org.account)
            org.account.state.frontRemaining += amount
        } else {
            grant.remaining += amount
            accounts.onRollBack { grant.remaining -= amount }
            try update(grant.id, .open, remaining: grant.remaining)
        }
    }

    /// Sets the line. Where another grant comes first, the remainders change places: the first one's stands in the
    /// account (and zero in its own row), all others' in their own rows.
    private mutating func line(up grants: [Grant], of org: Org) throws(SQLiteError) {
        let before = org.grants
        accounts.touch(org.account)
        accounts.onRollBack { org.grants = before }
        org.grants = grants
        guard before.first !== grants.first else { return }
        if let old = before.first, old.isOpen {
            let kept = old.remaining
            accounts.onRollBack { old.remaining = kept }
            old.remaining = org.account.state.frontRemaining
            try update(old.id, .open, remaining: old.remaining)
        }
        org.account.state.frontGrant = grants.first?.id ?? 0
        org.account.state.frontRemaining = grants.first?.remaining ?? 0
        if let new = grants.first { try update(new.id, .open, remaining: 0) }
    }

    private func update(_ grant: Int64, _ state: GrantState, remaining: Int64) throws(SQLiteError) {
        let update = statements.updateGrant
        update.bind(1, state.rawValue)
        update.bind(2, remaining)
        update.bind(3, grant)
        try update.run()
    }

    // MARK: Time

    /// Frees the holds and expires the grants that are due, some at a time; an org that is asked for has its own done
    /// first (``expireGrants(of:_:)``), so that none of it hangs on this.
    mutating func expireDue(_ now: Timestamp) throws(SQLiteError) {
        guard !isTimeInDoubt else { return }
        for _ in 0..<options.expiriesMax {
            guard let due = expirations.takeDue(at: now) else { return }
            switch due {
            case .hold(let org, let hold): try expire(hold, of: org, now: now)
            case .grant(let org, let grant): try expire(grant, of: org)
            }
        }
    }

    /// Expires the org's grants that are due.
    mutating func expireGrants(of org: Org, _ now: Timestamp) throws(SQLiteError) {
        while !isTimeInDoubt, org.nextExpiry <= now.milliseconds {
            guard let due = org.grants.first(where: { $0.expires?.milliseconds == org.nextExpiry }) else { return }
            try expire(due, of: org)
        }
    }

    private mutating func expire(_ grant: Grant, of org: Org) throws(SQLiteError) {
        guard let expires = grant.expires else { return }
        let amount = org.remaining(of: grant)
        let transfer = try post(
            amount, debit: org.account, credit: accounts.breakage, of: org, code: .creditsExpired,
            reference: grant.id, at: expires, draws: [Draw(grant: grant.id, amount: amount)])
        guard transfer != nil else { throw SQLiteError.damaged("grant \(grant.id) has more left than was ever given") }
        try close(grant, of: org, as: .expired)
        try raise(
            .creditsExpired, org.name, at: expires,
            ["grant": "\(grant.id)", "amount": Money(nanos: amount).description])
    }
}

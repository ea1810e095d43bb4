import ArgumentParser

/// The operator's command line to a running meterd.
@main
struct Meterctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterctl",
        abstract: "Operates meterd: orgs, credits, usage, prices and the books.",
        discussion: """
            Tables for people, --json for scripts (one document, money as decimal strings in USD). Exit status: 0 done, \
            1 refused or failed, 64 wrong usage, 69 the daemon can't be reached, 78 a configuration error.
            """,
        version: "0.1.0",
        subcommands: [
            StatusCommand.self, OrgCommand.self, MemberCommand.self, AuditCommand.self, BudgetCommand.self,
            AlertCommand.self,
            CreditsCommand.self, BalanceCommand.self, HoldCommand.self, UsageCommand.self, ExplainCommand.self,
            PriceCommand.self, RatesCommand.self, LedgerCommand.self, EventsCommand.self, SendCommand.self,
            SubscriptionCommand.self, SeatsCommand.self, BillToCommand.self, PaymentMethodCommand.self,
            PaymentsCommand.self, RefundsCommand.self, InvoiceCommand.self, ClockCommand.self, ExportCommand.self,
            BenchCommand.self,
            BackupCommand.self, QuarantineCommand.self,
            DoctorCommand.self, TopCommand.self, ReloadCommand.self, DashboardCommand.self, DemoCommand.self,
        ])
}

// What a reload can't take in.
extension Settings {
    /// The keys whose values differ from those of others.
    func changes(since other: Settings) -> [String] {
        var changed: [String] = []
        func look<Value: Equatable>(_ key: String, _ path: KeyPath<Settings, Value>) {
            if self[keyPath: path] != other[keyPath: path] { changed.append(key) }
        }
        look("state_dir", \.stateDirectory)
        look("backup.folder", \.backupFolder)
        look("rates.package_file", \.packageRatesFile)
        look("billing.gateway", \.gateway)
        look("billing.return_url", \.returnURL)
        look("billing.pdf_socket", \.pdfSocket)
        look("billing.stripe.url", \.stripeURL)
        look("billing.stripe.key_file", \.stripeKeyFile)
        look("billing.stripe.webhook_secret_file", \.stripeWebhookSecretFile)
        look("ingest.socket", \.ingestSocket)
        look("ingest.socket_mode", \.ingestMode)
        look("ingest.socket_group", \.ingestGroup)
        look("ingest.connections_max", \.connectionsMax)
        look("ingest.open_per_connection_max", \.openPerConnectionMax)
        look("ingest.open_max", \.openMax)
        look("ingest.open_mib_max", \.openMebibytesMax)
        look("control.socket", \.controlSocket)
        look("control.socket_mode", \.controlMode)
        look("control.socket_group", \.controlGroup)
        look("metrics.listen", \.metricsListen)
        look("health.listen", \.healthListen)
        look("log.format", \.logFormat)
        look("authorize.unpriced_records_max", \.unpricedRecordsMax)
        look("store.cache_mib", \.cacheMebibytes)
        look("store.checkpoint_pages", \.checkpointPages)
        look("quarantine", \.quarantine)
        look("test_clock", \.testClock)
        return changed
    }
}

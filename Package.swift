// swift-tools-version: 6.2
import PackageDescription

/// Arrows point down only: a target names nothing here that is not above it in this list.
let package = Package(
    name: "meterd",
    products: [
        .executable(name: "meterd", targets: ["meterd"]),
        .executable(name: "meterctl", targets: ["meterctl"]),
        .executable(name: "meterd-dashboard", targets: ["meterd-dashboard"]),
        .executable(name: "meterd-invoice-pdf", targets: ["meterd-invoice-pdf"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0",
            traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(
            name: "SystemdSupport",
            dependencies: ["CSystemd", .product(name: "Logging", package: "swift-log")]),
        .target(name: "ServiceUnits"),
        .target(name: "Access"),
        .target(name: "Background", dependencies: ["CBackground"]),
        .systemLibrary(name: "CAllocator"),
        .systemLibrary(name: "CBackground"),
        .systemLibrary(name: "CSQLiteSetup", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "Metering",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(
            name: "Ledger",
            dependencies: [
                "Background", "CSQLiteSetup", "Metering",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        .target(name: "Billing", dependencies: ["Ledger", "Metering"]),
        .target(
            name: "Stripe",
            dependencies: [
                "Billing", "Metering",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "Ingest",
            dependencies: [
                "Access", "Ledger", "Metering",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "HTTPServing",
            dependencies: [
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "Control",
            dependencies: [
                "Access", "Background", "Billing", "HTTPServing", "Ledger", "Metering",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "MeterdClient",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(name: "CSV"),
        .target(name: "HTML"),
        .target(
            name: "OpenIDConnect",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "Passkeys",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        // How pages and mails say sums and times.
        .target(name: "Wording", dependencies: ["Metering"]),
        .target(
            name: "Dashboard",
            dependencies: [
                "Billing", "CSV", "Control", "HTML", "HTTPServing", "Ledger", "MeterdClient", "Metering",
                "OpenIDConnect", "Passkeys", "Wording",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            resources: [
                .embedInCode("Assets/style.css"), .embedInCode("Assets/dashboard.js"),
                .embedInCode("Assets/passkeys.js"), .embedInCode("Assets/icon.svg"),
            ]),
        .executableTarget(
            name: "meterd-dashboard",
            dependencies: [
                "Dashboard", "HTTPServing", "MeterdClient", "Metering", "OpenIDConnect", "SystemdSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        // libcurl, which sends mail.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(
            name: "Notify",
            dependencies: [
                "Billing", "CCurl", "Control", "HTML", "Ledger", "MeterdClient", "Metering", "Wording",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "meterd-notify",
            dependencies: [
                "CCurl", "MeterdClient", "Metering", "Notify", "SystemdSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .executableTarget(
            name: "meterd",
            dependencies: [
                "Access", "Background", "Billing", "CAllocator", "Control", "Ingest", "InvoiceTypesetting", "Ledger",
                "Metering",
                "ServiceUnits", "Stripe", "SystemdSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(name: "InvoiceTypesetting"),
        .target(
            name: "LoadGenerator", dependencies: [.product(name: "Histogram", package: "hdrhistogram-swift")]),
        .executableTarget(
            name: "meterctl",
            dependencies: [
                "Background", "Billing", "CSV", "Control", "Ingest", "InvoiceTypesetting", "Ledger", "LoadGenerator",
                "MeterdClient", "Metering", "ServiceUnits",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .systemLibrary(name: "CPangoCairo", pkgConfig: "pangocairo", providers: [.apt(["libpango1.0-dev"])]),
        // A program of its own, so that neither the daemon nor meterctl carries what draws letters.
        .executableTarget(name: "meterd-invoice-pdf", dependencies: ["CPangoCairo"]),
        .executableTarget(
            name: "daemon-benchmark",
            dependencies: [
                "Ingest", "Ledger", "LoadGenerator", "Metering",
                "ServiceUnits",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            path: "Benchmarks/DaemonBenchmark"),
        .executableTarget(name: "rates-benchmark", dependencies: ["Metering"], path: "Benchmarks/RatesBenchmark"),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .target(name: "CFaultDisk", path: "Tests/CFaultDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "FaultDisk", dependencies: ["CFaultDisk"], path: "Tests/FaultDisk"),
        // The ledger and the bill against a plain reference, on a disk in memory and a clock that jumps.
        .target(
            name: "Simulation", dependencies: ["Billing", "FaultDisk", "Ledger", "Metering", "TestSupport"],
            path: "Tests/Simulation"),
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Simulate"),
        .testTarget(
            name: "SystemdSupportTests",
            dependencies: ["SystemdSupport", "TestSupport", .product(name: "Logging", package: "swift-log")]),
        .testTarget(name: "AccessTests", dependencies: ["Access", "SystemdSupport", "TestSupport"]),
        .testTarget(name: "MeteringTests", dependencies: ["Metering"], exclude: ["Corpus"]),
        .testTarget(
            name: "BillingTests",
            dependencies: [
                "Billing", "Ledger", "Metering", "Stripe", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], exclude: ["Ledgers"]),
        .testTarget(
            name: "LedgerTests",
            dependencies: [
                "Background", "FaultDisk", "Ledger", "Metering", "Simulation", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], exclude: ["KeptAnswers"]),
        .testTarget(
            name: "IngestTests",
            dependencies: [
                "Access", "Ingest", "Ledger", "Metering", "SystemdSupport", "TestSupport",
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
            ]),
        .target(
            name: "LoopbackHTTP",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Tests/LoopbackHTTP"),
        .testTarget(
            name: "OpenIDConnectTests",
            dependencies: [
                "LoopbackHTTP", "OpenIDConnect",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        .testTarget(
            name: "PasskeysTests",
            dependencies: [
                "Passkeys",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        .testTarget(name: "NotifyTests", dependencies: ["Notify"]),
        .testTarget(
            name: "StripeTests", dependencies: ["Billing", "Metering", "Stripe", "TestSupport"]),
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "Dashboard", "meterd", "meterctl", "meterd-dashboard", "meterd-invoice-pdf", "meterd-notify", "Ledger",
                "Metering", "Notify",
                "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz` names libFuzzer's runtime of this machine's toolchain; all other builds do without.
if let runtime = Context.environment["METERD_FUZZER_RUNTIME"] {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Access", "Billing", "Control", "Ingest", "Ledger", "Metering", "Stripe",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/Fuzz", exclude: ["corpus", "run"],
            linkerSettings: [.unsafeFlags([runtime, "-lstdc++"])]))
}

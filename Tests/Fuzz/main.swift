import Foundation

// Coverage-guided fuzzing by libFuzzer: `fuzz TARGET [its own options] [CORPUS…]`; `make fuzz` builds and runs it.
// <https://llvm.org/docs/LibFuzzer.html>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    print(
        "fuzz TARGET [OPTION...] [CORPUS...]; targets: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(64)
}
var arguments = CommandLine.arguments
arguments.remove(at: 1)
var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
var count = CInt(arguments.count)
let status = pointers.withUnsafeMutableBufferPointer { buffer -> CInt in
    guard var base = buffer.baseAddress else { return 1 }
    // The target is a C function without a context: one for each.
    return switch target {
    case .line: runDriver(&count, &base) { fuzzLine(UnsafeBufferPointer(start: $0, count: $1)) }
    case .usage: runDriver(&count, &base) { fuzzUsage(UnsafeBufferPointer(start: $0, count: $1)) }
    case .rates: runDriver(&count, &base) { fuzzRates(UnsafeBufferPointer(start: $0, count: $1)) }
    case .control: runDriver(&count, &base) { fuzzControl(UnsafeBufferPointer(start: $0, count: $1)) }
    case .webhook: runDriver(&count, &base) { fuzzWebhook(UnsafeBufferPointer(start: $0, count: $1)) }
    }
}
exit(status)

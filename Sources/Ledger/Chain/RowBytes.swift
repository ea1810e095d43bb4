import Crypto

/// The bytes of rows as digests are made of them: integers as eight bytes, little-endian; texts and blobs behind their
/// length plus one, NULL as a length of zero. No two different rows have the same bytes.
struct RowBytes {
    private(set) var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }

    mutating func append(_ value: Int64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A value that may be NULL: NULL, or the value behind a one.
    mutating func append(_ value: Int64?) {
        bytes.append(value == nil ? 0 : 1)
        if let value { append(value) }
    }

    mutating func append(_ text: String?) {
        guard var text else { return append(length: 0) }
        text.withUTF8 {
            append(length: $0.count + 1)
            bytes.append(contentsOf: $0)
        }
    }

    mutating func append(_ blob: [UInt8]?) {
        guard let blob else { return append(length: 0) }
        append(length: blob.count + 1)
        bytes.append(contentsOf: blob)
    }

    /// Bytes whose length is known from the row's kind: a digest.
    mutating func append(raw: [UInt8]) {
        bytes.append(contentsOf: raw)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// The SHA-256 of what was appended (FIPS 180-4).
    var digest: [UInt8] {
        bytes.withUnsafeBytes { buffer in
            var hash = SHA256()
            hash.update(bufferPointer: buffer)
            return hash.finalize().withUnsafeBytes { Array($0) }
        }
    }

    private mutating func append(length: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian) { bytes.append(contentsOf: $0) }
    }
}

extension String {
    /// Whether `isWanted` holds for every byte of its UTF-8.
    ///
    /// `utf8.allSatisfy` says the same, and takes ten times as long: it asks for the string's form at each byte.
    @inlinable
    public func isOnly(_ isWanted: (UInt8) -> Bool) -> Bool {
        let answer = utf8.withContiguousStorageIfAvailable { bytes in
            for byte in bytes where !isWanted(byte) { return false }
            return true
        }
        return answer ?? utf8.allSatisfy(isWanted)
    }
}

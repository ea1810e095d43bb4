/// What became of everything that stands in a LiteLLM price table.
public struct LiteLLMReport: Codable, Sendable, Hashable {
    /// One member of one model, and what there is to say of it.
    public struct Note: Codable, Sendable, Hashable {
        /// The entry's name in the file.
        public var model: String
        /// The member's, where the note is of one.
        public var member: String?
        /// What was done, and why.
        public var note: String
    }

    /// A number that was not taken as it is written: binary floating point had left its traces in it, or it has more than
    /// 18 decimals.
    public struct Cleaned: Codable, Sendable, Hashable {
        /// The entry's name in the file.
        public var model: String
        /// The member's.
        public var member: String
        /// The number as it is written.
        public var written: String
        /// The number that was taken.
        public var taken: String
    }

    /// Entries in the file.
    public var entries = 0
    /// Members that they have.
    public var members = 0
    /// Members that are prices a usage record can report, or hold such prices.
    public var priceMembers = 0
    /// Rates that came of them.
    public var rates = 0
    /// Prices on those rates.
    public var prices = 0
    /// Entries that are other names of another one.
    public var aliases = 0
    /// Entries that say of one provider's model what another entry says as well.
    public var repeated = 0
    /// Reasoning prices that are the output's: left out, since reasoning is priced as output where it has no own price.
    public var reasoningAsOutput = 0
    /// Numbers that were cleaned of floating-point noise, or rounded to 18 decimals.
    public var cleaned: [Cleaned] = []
    /// Prices that no usage record can report, by member: kept with their rates, used by nothing.
    public var unused: [String: Int] = [:]
    /// Members that say something other than a price, by name.
    public var descriptive: [String: Int] = [:]
    /// Entries that name no price at all: no rate is made of them, and their usage stays unpriced.
    public var withoutPrice: [String] = []
    /// Top-level members that are no models.
    public var notModels: [String] = []
    /// Entries that contradict each other, and which one was taken.
    public var disagreements: [Note] = []
    /// Prices that a provider publishes for all its models, which the file leaves to its reader.
    public var providerRules: [String: Int] = [:]
    /// What could not be read. A rate of which a price can't be read is left out whole.
    public var unreadable: [Note] = []
}

import Glibc
import LoadGenerator
import Metering

/// A month of made-up requests of a small team: busy on working days, quiet at night, with a nightly job that nobody sits at.
struct DemoUsage {
    let org: String
    let now: Timestamp

    /// The time.
    static func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000)
    }

    /// What somebody does: how often on a working day, and with what.
    private struct Habit {
        let user: String
        let perDay: UInt64
        let models: [Model]
    }

    private enum Model: String {
        case sonnet = "claude-sonnet-4-5"
        case gpt = "gpt-5"
        case mini = "gpt-5-mini"
        case gemini = "gemini-2.5-pro"
        case embedding = "text-embedding-3-small"

        var provider: String {
            switch self {
            case .sonnet: "anthropic"
            case .gpt, .mini, .embedding: "openai"
            case .gemini: "gemini"
            }
        }

        /// The usage object as that provider writes it.
        func usage(input: UInt64, cached: UInt64, output: UInt64, reasoning: UInt64) -> String {
            switch self {
            case .sonnet:
                #"{"input_tokens":\#(input),"cache_read_input_tokens":\#(cached),"cache_creation_input_tokens":0,"output_tokens":\#(output)}"#
            case .gpt, .mini:
                #"{"prompt_tokens":\#(input + cached),"completion_tokens":\#(output + reasoning),"total_tokens":\#(input + cached + output + reasoning),"prompt_tokens_details":{"cached_tokens":\#(cached)},"completion_tokens_details":{"reasoning_tokens":\#(reasoning)}}"#
            case .gemini:
                #"{"promptTokenCount":\#(input),"candidatesTokenCount":\#(output),"thoughtsTokenCount":\#(reasoning),"totalTokenCount":\#(input + output + reasoning)}"#
            case .embedding: #"{"prompt_tokens":\#(input),"total_tokens":\#(input)}"#
            }
        }
    }

    private static let habits = [
        Habit(user: "ana", perDay: 9, models: [.sonnet, .gpt]),
        Habit(user: "bo", perDay: 21, models: [.sonnet, .sonnet, .mini]),
        Habit(user: "cy", perDay: 16, models: [.gpt, .mini, .gemini]),
        Habit(user: "dee", perDay: 12, models: [.gemini, .sonnet]),
        Habit(user: "eli", perDay: 5, models: [.mini, .gpt]),
        Habit(user: "nightly-eval", perDay: 6, models: [.embedding, .mini]),
    ]
    private static let projects = ["search", "support", "onboarding"]

    /// One usage record per line, oldest first. Records that would be in the future are left out.
    func lines() -> [String] {
        var records: [(at: Timestamp, line: String)] = []
        for back in 0..<30 {
            let day = CalendarDay(now).advanced(byDays: -Int64(back))
            for habit in Self.habits {
                // The same numbers each time: they come from the day and the person.
                var random = SplitMix64(
                    state: UInt64(day.daysSinceEpoch) &* 1_000_003
                        &+ habit.user.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
                for number in 0..<requests(of: habit, on: day, &random) {
                    let at = day.start.advanced(bySeconds: second(of: habit, &random))
                    // What is still to come takes its numbers as well, so that those after it stay the same.
                    let line = line(of: habit, at, "\(day)-\(habit.user)-\(number)", &random)
                    if at < now { records.append((at, line)) }
                }
            }
        }
        return records.sorted { $0.at < $1.at }.map(\.line)
    }

    private func requests(of habit: Habit, on day: CalendarDay, _ random: inout SplitMix64) -> UInt64 {
        // Day 0 was a Thursday.
        let isWeekend = [2, 3].contains(day.daysSinceEpoch % 7)
        let isJob = habit.user == "nightly-eval"
        let most = isWeekend && !isJob ? habit.perDay / 4 : habit.perDay
        return most == 0 ? 0 : most / 2 + random.next() % (most + 1)
    }

    /// The second of the day: in working hours of people in Europe, or at two at night.
    private func second(of habit: Habit, _ random: inout SplitMix64) -> Int64 {
        habit.user == "nightly-eval"
            ? 7200 + Int64(random.next() % 1800) : 27_000 + Int64((random.next() % 18_000 + random.next() % 18_000))
    }

    private func line(of habit: Habit, _ at: Timestamp, _ id: String, _ random: inout SplitMix64) -> String {
        let model = habit.models[Int(random.next() % UInt64(habit.models.count))]
        let input = 400 + random.next() % 9_000
        let cached = random.next() % 3 == 0 ? 0 : random.next() % 60_000 / 128 * 128
        let output = 120 + random.next() % 2_600
        let reasoning = random.next() % 2 == 0 ? 0 : 64 * (random.next() % 40)
        let usage = model.usage(input: input, cached: cached, output: output, reasoning: reasoning)
        let project = Self.projects[Int(random.next() % 3)]
        return
            #"{"id":"demo-\#(id)","org":"\#(org)","user":"\#(habit.user)","model":"\#(model.rawValue)","provider":"\#(model.provider)","at":"\#(at)","tags":{"project":"\#(project)"},"usage":\#(usage)}"#
            + "\n"
    }
}

/// The number of a payment card, which has no business here: a gateway's name of a saved method stands for it.
public enum CardNumber {
    /// Whether a text holds one: 12 to 19 digits, the last of which is Luhn's check digit (ISO/IEC 7812-1, annex B). Any marks may
    /// stand between the digits. Letters end a number: names such as `pm_1NXWPn…` have digits all over.
    public static func isIn(_ text: String) -> Bool {
        var digits: [Int] = []
        for character in text {
            if let digit = character.wholeNumberValue, (0...9).contains(digit) {
                digits.append(digit)
            } else if character.isLetter {
                if isNumber(digits) { return true }
                digits.removeAll()
            }
        }
        return isNumber(digits)
    }

    private static func isNumber(_ digits: [Int]) -> Bool {
        guard (12...19).contains(digits.count) else { return false }
        let sum = digits.reversed().enumerated().reduce(0) { sum, place in
            let doubled = place.offset % 2 == 1 ? place.element * 2 : place.element
            return sum + (doubled > 9 ? doubled - 9 : doubled)
        }
        return sum % 10 == 0
    }
}

import Billing
import Testing

/// What looks like a payment card's number is told from what a gateway calls a saved method.
@Suite struct CardNumberTests {
    // Numbers that gateways publish for tests: <https://docs.stripe.com/testing>
    @Test(arguments: [
        "4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242_4242_4242_4242", "4242.4242.4242.4242",
        "pm_4242424242424242", "card:5555555555554444", "378282246310005", "3782-822463-10005", "30569309025904",
        "6011111111111117", "6205500000000000004", "x4000056655665556y", "４２４２４２４２４２４２４２４２",
    ]) func aCardsNumberIsFoundWhateverStandsBetweenItsDigits(_ text: String) {
        #expect(CardNumber.isIn(text))
    }

    @Test(arguments: [
        "pm_1NXWPnLkdIwHu7ixTm2QKyCF", "pm_card_visa", "card_1MvoiELkdIwHu7ixOeFGbN9D", "", "4242",
        "src_18eYalAHEMiOZZp1l9ZTjSU0",
        // One digit off, too short, too long.
        "4242424242424241", "4242_4242_4242_4241", "42424242424", "42424242424242424242",
        // Letters end a number.
        "4242a4242b4242c4242",
    ]) func aGatewaysNameOfAMethodIsNone(_ text: String) {
        #expect(!CardNumber.isIn(text))
    }
}

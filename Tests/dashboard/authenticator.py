"""A virtual authenticator in the browser, and answers that no authenticator would give."""

import base64
import hashlib
import html
import json
import re
import struct

from claims import until

# Flags of authenticator data; see WebAuthn, section 6.1.
PRESENT, VERIFIED = 0x01, 0x04

SIGN = """async ([key, data]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const secret = await crypto.subtle.importKey("pkcs8", bytes(key), algorithm, false, ["sign"]);
    return Array.from(new Uint8Array(await crypto.subtle.sign(algorithm, secret, bytes(data))));
}"""

CATCH = """() => {
    HTMLFormElement.prototype.submit = function () { window.caught = Object.fromEntries(new FormData(this)); };
}"""


class Authenticator:
    """A platform authenticator that a page can use."""

    def __init__(self, page, verifies=True):
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": verifies, "automaticPresenceSimulation": True}})["authenticatorId"]

    def ask(self, method, **parameters):
        """A command about this authenticator."""
        return self.cdp.send("WebAuthn." + method, dict(parameters, authenticatorId=self.id))

    def credentials(self):
        """Its passkeys, with their private keys."""
        return self.ask("getCredentials")["credentials"]

    def put(self, *credentials):
        """Has it hold these passkeys and no others."""
        self.ask("clearCredentials")
        for each in credentials:
            self.ask("addCredential", credential=each)


def encode(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    """Bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(text):
    """SHA-256."""
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).digest()


def der(signature):
    """An ECDSA signature as WebAuthn has it; WebCrypto gives two numbers of 32 bytes."""
    def integer(data):
        data = data.lstrip(b"\0")
        data = b"\0" + data if data[:1] >= b"\x80" else data
        return b"\x02" + bytes([len(data)]) + data
    body = integer(signature[:32]) + integer(signature[32:])
    return b"\x30" + bytes([len(body)]) + body


class Challenge:
    """What the sign-in page gave one browser: options, and the cookie that belongs to them."""

    def __init__(self, here, cookie=None):
        answer = here.raw.ask("GET", "/sign-in?again=1", {"Cookie": cookie} if cookie else {})
        self.here, self.own = here, cookie
        self.options = json.loads(html.unescape(re.search(r'data-options="([^"]+)"', answer.text).group(1)))
        self.cookie = next(each for each in answer.all("Set-Cookie") if "passkey=" in each).split(";")[0]
        token = re.search(r'name="form_token" value="([^"]+)"', answer.text)
        self.token = token.group(1) if token else None

    def send(self, credential, **more):
        """Signs in with this answer."""
        fields = dict(more, credential=credential if isinstance(credential, str) else json.dumps(credential))
        if self.token:
            fields["form_token"] = self.token
        cookies = "; ".join(each for each in (self.cookie, self.own) if each)
        return self.here.raw.form("/sign-in/passkey", fields, {"Origin": self.here.url, "Cookie": cookies})


def assertion(page, credential, challenge, origin, count, **other):
    """An answer to a challenge, signed with the passkey's key. `other` makes it wrong."""
    client = {"type": other.get("type", "webauthn.get"), "challenge": challenge, "origin": origin,
              "crossOrigin": other.get("cross_origin", False)}
    client = json.dumps(client).encode()
    data = digest(other.get("party", "localhost")) + bytes([other.get("flags", PRESENT | VERIFIED)]) + struct.pack(">I", count)
    signed = other.get("signed", data) + digest(client)
    signature = bytes(page.evaluate(SIGN, [credential["privateKey"], base64.b64encode(signed).decode()]))
    number = encode(other.get("id", base64.b64decode(credential["credentialId"])))
    handle = other.get("handle", base64.b64decode(credential["userHandle"]))
    response = {"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(der(signature))}
    if handle:
        response["userHandle"] = encode(handle)
    return {"id": number, "rawId": number, "type": "public-key", "response": response, "clientExtensionResults": {}}


def caught(page, button):
    """Clicks on a passkey form's button; what the form would have sent."""
    page.evaluate(CATCH)
    page.get_by_role("button", name=button).click()
    until(lambda: page.evaluate("!!window.caught"), "the passkey answers")
    return page.evaluate("window.caught")


def make(page, person, name="laptop"):
    """Adds a passkey on the Security page."""
    page.goto(person.at("security"))
    page.get_by_label("Name of the new passkey").fill(name)
    page.get_by_role("button", name="Add a passkey").click()


def cookie(page, name="__Host-meterd"):
    """The value of a cookie of this browser; nothing if it has none."""
    return next((each["value"] for each in page.context.cookies() if each["name"] == name), None)

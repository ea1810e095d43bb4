"""New passkeys that aren't right in one thing each, beside one that is."""

import json
import re

from authenticator import PRESENT, VERIFIED, caught, decode, digest, encode
from claims import has, same


def run(claim, here, ana, bo, page, keys):
    """New passkeys that aren't right."""

    def begin():
        """What the form of a new passkey would send, with the answer's parts."""
        keys.put()
        page.goto(bo.at("security"))
        page.get_by_label("Name of the new passkey").fill("forged")
        fields = caught(page, "Add a passkey")
        return fields, json.loads(fields["credential"])

    def passkeys(person):
        """How many somebody has."""
        return person.get("/orgs/acme/security").text.count('name="passkey"')

    def send(person, fields, credential, **other):
        """Sends it."""
        return person.post("/orgs/acme/passkeys", dict(fields, credential=json.dumps(credential), **other), token=other.get(
            "form_token", fields["form_token"]))

    def not_added(answer, person, reason):
        """The Security page says why."""
        same(answer.field("Location"), "/orgs/acme/security", "the place")
        text = person.get("/orgs/acme/security").text
        has(text, "notice failed")
        has(text.split("notice failed")[1][:400], reason)

    def client(credential, **change):
        """The answer with other client data."""
        data = dict(json.loads(decode(credential["response"]["clientDataJSON"])), **change)
        return dict(credential, response=dict(credential["response"], clientDataJSON=encode(json.dumps(data).encode())))

    def attested(credential, change):
        """The answer with other authenticator data. `none` is the attestation, so that nothing signs it."""
        data = bytearray(decode(credential["response"]["attestationObject"]))
        place = data.index(digest("localhost"))
        change(data, place)
        return dict(credential, response=dict(credential["response"], attestationObject=encode(bytes(data))))

    def unset(flag):
        """Takes a flag away."""
        return lambda data, place: data.__setitem__(place + 32, data[place + 32] & ~flag)

    before = passkeys(bo)
    for what, reason, change in (
            ("of another origin", "origin", lambda it: client(it, origin="http://localhost:1")),
            ("that is a sign-in", "type", lambda it: client(it, type="webauthn.get")),
            ("made in another site's frame", "embeds", lambda it: client(it, crossOrigin=True)),
            ("to another challenge", "challenge", lambda it: client(it, challenge=encode(digest("another")))),
            ("whose person wasn't verified", "verify", lambda it: attested(it, unset(VERIFIED))),
            ("whose person wasn't there", "present", lambda it: attested(it, unset(PRESENT))),
            ("for another relying party", "relying party", lambda it: attested(it, lambda data, place: data.__setitem__(
                slice(place, place + 32), digest("evil.example"))))):
        with claim("A new passkey %s is refused" % what):
            fields, credential = begin()
            not_added(send(bo, fields, change(credential)), bo, reason)
            same(passkeys(bo), before, "the passkeys")
    with claim("A new passkey that is right is added, and the same form sent again adds nothing"):
        fields, credential = begin()
        send(bo, fields, credential)
        same(passkeys(bo), before + 1, "the passkeys")
        not_added(send(bo, fields, credential), bo, "")
        same(passkeys(bo), before + 1, "the passkeys")
    with claim("A passkey can't be added by an answer that was made in another session"):
        fields, credential = begin()
        mine = passkeys(ana)
        not_added(send(ana, fields, credential, form_token=ana.token()), ana, "challenge")
        same(passkeys(ana), mine, "Ana's passkeys")
    with claim("Somebody else's passkey can't be added as one's own"):
        fields, credential = begin()
        send(bo, fields, credential)
        same(passkeys(bo), before + 2, "Bo's passkeys")
        mine = passkeys(ana)
        secret = re.search(r'name="challenge" value="([^"]+)"', ana.get("/orgs/acme/security").text).group(1)
        own = encode(digest("add to %s\n%s" % (ana.token(), secret)))
        not_added(send(ana, fields, client(credential, challenge=own), form_token=ana.token(), challenge=secret), ana, "known")
        same(passkeys(ana), mine, "Ana's passkeys")
    with claim("A new passkey is refused five minutes after its form was shown"):
        fields, credential = begin()
        before = passkeys(bo)
        here.move(301)
        not_added(send(bo, fields, credential), bo, "5 minutes")
        same(passkeys(bo), before, "the passkeys")

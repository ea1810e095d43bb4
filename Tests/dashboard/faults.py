"""Each fault that a provider's answers can have, one at a time: a page says so, and there is no session."""

import base64
import json

from claims import lacks, same
from hostile import DISCOVERY, KEYS, TOKEN, USERINFO, Jar, Key, hs256, reply

AWAY = "The sign-in service did not answer as it should"


def hang_up(request):
    """Ends the connection without an answer."""
    request.close_connection = True


def endless(request):
    """Sends as long as somebody listens."""
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.end_headers()
    request.close_connection = True
    while True:
        request.wfile.write(b" " * 65536)


OUTAGES = [
    ("hangs up", hang_up, "there was no connection"),
    ("answers with status 500", lambda each: reply(each, 500, {}), "the provider answered with status 500"),
    ("answers with a page", lambda each: reply(each, 200, b"<h1>Welcome to the hotel</h1>"), "the answer is not the expected JSON"),
    ("answers with half a document", lambda each: reply(each, 200, b'{"issuer": "http'), "the answer is not the expected JSON"),
    ("answers with a redirect", lambda each: reply(each, 307, b"", {"Location": "/elsewhere"}),
     "the provider answered with a redirect, which is never followed"),
    ("answers with 300 KiB", lambda each: reply(each, 200, b" " * (300 << 10)), "the answer is larger than 256 KiB"),
    ("answers without an end", endless, "the answer is larger than 256 KiB"),
]

DOCUMENTS = [
    ("names another issuer", {"issuer": "https://accounts.example"}, "it names another issuer"),
    ("has no token endpoint", {"token_endpoint": None}, "token_endpoint is missing or not an https URL"),
    ("has keys elsewhere without TLS", {"jwks_uri": "http://192.0.2.1/keys"}, "jwks_uri is missing or not an https URL"),
    ("has a script as its authorization endpoint", {"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint is missing"),
    ("offers no code flow", {"response_types_supported": ["id_token"]}, "the provider doesn't support response type code"),
]


def outages(claim, course, other):
    """What is down or broken. Nothing is known of the provider yet, so that each sign-in asks for everything."""
    with claim("While a provider fails, others can be signed in with"):
        other.join()
        other.signs_in()
        owner = other.jar
    for path, place in ((DISCOVERY, "discovery"), (KEYS, "JWKS")):
        for what, wrong, log in OUTAGES:
            with claim("If a provider's %s document %s, a page says so, there is no session, and other pages work" % (place, what)):
                with course.provider.does(answers={path: wrong}):
                    since = course.mark()
                    answer = course.begin()
                    course.refused(answer, "the %s request failed: %s" % (place, log), since, AWAY)
                    lacks(course.provider.asked, "/elsewhere")
                same(owner.get("/orgs/acme/organization").status, 200, "the page of the org")
                same(Jar(course.here).get("/sign-in").status, 200, "the sign-in page")
    for what, document, log in DOCUMENTS:
        with claim("A provider whose discovery document %s isn't used, and a page says that sign-in is not set up correctly" % what):
            with course.provider.does(discovery=document):
                since = course.mark()
                course.refused(course.begin(), "discovery was refused: %s" % log, since, "Sign-in is not set up correctly")
    with claim("Once the provider is well again, people join and sign in without a restart"):
        course.join()
        course.signs_in()
    for what, wrong, log in OUTAGES:
        with claim("If a provider's token endpoint %s, a page says so, and there is no session" % what):
            with course.provider.does(answers={TOKEN: wrong}):
                since = course.mark()
                course.refused(course.through(), "the token request failed: %s" % log, since, AWAY)
                lacks(course.provider.asked, "/elsewhere")
    with claim("A sign-in needs no userinfo: a provider whose userinfo endpoint is broken lets its people in"):
        with course.provider.does(claims={"email": None}, answers={USERINFO: hang_up}):
            course.signs_in()


def tokens(claim, course):
    """ID tokens, and answers of the token endpoint. Each has one fault."""
    provider = course.provider
    forger = Key(provider.key.name)
    cases = [
        ("an unsigned ID token (alg none)", lambda: {"header": {"alg": "none"}, "sign": lambda data: b""}, "algorithm none is not allowed"),
        ("an HS256 made with the public key as its secret",
         lambda: {"header": {"alg": "HS256"}, "sign": hs256(provider.key.pem().encode())}, "algorithm HS256 is not allowed"),
        ("an HS256 made with the client's secret", lambda: {"header": {"alg": "HS256"}, "sign": hs256(provider.secret.encode())},
         "algorithm HS256 is not allowed"),
        ("another key's signature", lambda: {"sign": forger.sign}, "the signature is wrong"),
        ("another key's signature, with that key in the header", lambda: {"sign": forger.sign, "header": {"jwk": forger.public()}},
         "the signature is wrong"),
        ("no signature", lambda: {"sign": lambda data: b""}, "the signature is wrong"),
        ("a claim that was changed after signing", lambda: {"compact": forged}, "the signature is wrong"),
        ("an ES256 under the RSA key's name", lambda: {"header": {"alg": "ES256"}}, "doesn't fit the algorithm"),
        ("an unknown kid", lambda: {"header": {"kid": "other"}}, "no key with its kid"),
        ("a crit header", lambda: {"header": {"crit": ["exp"]}}, "its header has crit"),
        ("an access token as its ID token", lambda: {"header": {"typ": "at+jwt"}}, "its header has crit, or typ"),
        ("garbage", lambda: {"compact": lambda token: "garbage"}, "it is no signed JWT"),
        ("another iss", lambda: {"claims": {"iss": "https://accounts.example"}}, "iss is not the provider"),
        ("an iss with a slash more", lambda: {"claims": {"iss": provider.issuer + "/"}}, "iss is not the provider"),
        ("another aud", lambda: {"claims": {"aud": "another-client"}}, "aud doesn't have this client"),
        ("several aud and no azp", lambda: {"claims": {"aud": ["dashboard", "another-client"]}}, "several audiences and no azp"),
        ("another azp", lambda: {"claims": {"azp": "another-client"}}, "azp is not this client"),
        ("an exp that has passed", lambda: {"claims": {"exp": lambda now: now - 61, "iat": lambda now: now - 400}}, "exp has passed"),
        ("no exp", lambda: {"claims": {"exp": None}}, "it is no signed JWT with the claims"),
        ("an iat in the future", lambda: {"claims": {"iat": lambda now: now + 120}}, "iat lies in the future"),
        ("an nbf in the future", lambda: {"claims": {"nbf": lambda now: now + 120}}, "nbf lies in the future"),
        ("no nonce", lambda: {"claims": {"nonce": None}}, "nonce is missing"),
        ("another nonce", lambda: {"claims": {"nonce": "n" * 43}}, "nonce is missing or not the one"),
        ("no sub", lambda: {"claims": {"sub": None}}, "it is no signed JWT with the claims"),
        ("an empty sub", lambda: {"claims": {"sub": ""}}, "sub is empty"),
        ("a sub with a line break", lambda: {"claims": {"sub": "person-1\n"}}, "control characters"),
    ]
    for what, wrong, log in cases:
        with claim("A sign-in with %s makes no session" % what):
            with provider.does(**wrong()):
                since = course.mark()
                course.refused(course.through(), log, since)
    answers = [
        ("no ID token", {"tokens": {"id_token": None}}, "id_token is missing"),
        ("no access token", {"tokens": {"access_token": None}}, "access_token is missing"),
        ("a line break in the access token", {"tokens": {"access_token": "a\r\nX: y"}}, "can't be a bearer token"),
        ("another kind of token", {"tokens": {"token_type": "mac"}}, "token_type is not Bearer"),
    ]
    for what, wrong, log in answers:
        with claim("A token answer with %s makes no session" % what):
            with provider.does(**wrong):
                since = course.mark()
                course.refused(course.through(), log, since)
    with claim("After all of these the same person signs in with a good token"):
        course.signs_in()


def forged(token):
    """Another subject under the same signature."""
    header, claims, signature = token.split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    read["sub"] = "person-2"
    return ".".join((header, base64.urlsafe_b64encode(json.dumps(read).encode()).decode().rstrip("="), signature))

"""An OpenID provider on this machine that does wrong what it is told to do wrong, and a browser without a window."""

import base64
import contextlib
import hashlib
import hmac
import http.cookies
import http.server
import json
import math
import secrets
import threading
import time
import urllib.parse

from idps import CLIENT, parameters

DISCOVERY, KEYS, TOKEN, USERINFO = "/.well-known/openid-configuration", "/keys", "/token", "/userinfo"
SMALL = math.prod(number for number in range(3, 2000) if all(number % each for each in range(2, math.isqrt(number) + 1)))


def text(data):
    """Bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    """A number's bytes."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def prime():
    """A prime of 1024 bits, as sure as a test needs it."""
    while True:
        value = secrets.randbits(1024) | 3 << 1022 | 1
        if math.gcd(value, SMALL) == 1 and all(pow(base, value - 1, value) == 1 for base in (2, 3)) and (value - 1) % 65537:
            return value


class Key:
    """An RSA key of 2048 bits. See RFC 8017, section 8.2, and RFC 7517."""

    INFO = bytes.fromhex("3031300d060960864801650304020105000420")

    def __init__(self, name):
        one, other = prime(), prime()
        self.name, self.modulus = name, one * other
        self.private = pow(65537, -1, (one - 1) * (other - 1))

    def public(self, **changes):
        """As the provider publishes it."""
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "n": text(number(self.modulus)), "e": "AQAB"}
        return dict(key, **changes)

    def sign(self, data):
        """RS256."""
        digest = self.INFO + hashlib.sha256(data).digest()
        block = b"\0\1" + b"\xff" * (253 - len(digest)) + b"\0" + digest
        return pow(int.from_bytes(block, "big"), self.private, self.modulus).to_bytes(256, "big")

    def pem(self):
        """The public key as a file has it: the bytes that a careless verifier takes for an HMAC's secret."""
        def part(tag, data):
            size = bytes([len(data)]) if len(data) < 128 else bytes([0x80 | len(number(len(data)))]) + number(len(data))
            return bytes([tag]) + size + data
        numbers = part(0x30, part(2, b"\0" + number(self.modulus)) + part(2, number(65537)))
        rsa = part(0x30, bytes.fromhex("06092a864886f70d0101010500"))
        body = base64.encodebytes(part(0x30, rsa + part(3, b"\0" + numbers))).decode().replace("\n", "")
        lines = [body[each:each + 64] for each in range(0, len(body), 64)]
        return "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % "\n".join(lines)


def hs256(secret):
    """Signs with an HMAC."""
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


class Hostile:
    """The provider. Its clock is the dashboard's."""

    def __init__(self, here, name):
        self.here, self.id, self.name, self.secret = here, name.lower(), name, "hostile:s3cret&+ %%of %s" % name
        self.key = self.published = None
        self.codes, self.forms, self.asked = {}, [], []
        self.secrets, self.passing = set(), set()
        self.wrong = {}
        self.released = threading.Event()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Has the provider answer."""

            def do_GET(self):
                """Discovery, keys, userinfo."""
                provider.answer(self, b"")

            def do_POST(self):
                """A code."""
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *arguments):
                """Says nothing."""

        class Server(http.server.ThreadingHTTPServer):
            """Says nothing when a client hangs up."""

            def handle_error(self, request, client_address):
                """Expected: clients give up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.issuer = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self.key = Key("first")
        self.published = [self.key.public()]
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @contextlib.contextmanager
    def does(self, **wrong):
        """Does something wrong meanwhile: claims, header, sign, compact, tokens, discovery, or answers by path."""
        self.wrong = wrong
        try:
            yield
        finally:
            self.wrong = {}

    def now(self):
        """Its time."""
        return int(time.time()) + self.here.ahead

    def answer(self, request, body):
        """One request."""
        path = request.path.split("?")[0]
        self.asked.append(path)
        if path in self.wrong.get("answers", {}):
            self.wrong["answers"][path](request)
        elif path == DISCOVERY:
            reply(request, 200, self.merged("discovery", {
                "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + TOKEN,
                "jwks_uri": self.issuer + KEYS, "userinfo_endpoint": self.issuer + USERINFO, "response_types_supported": ["code"]}))
        elif path == KEYS:
            reply(request, 200, {"keys": self.published})
        elif path == TOKEN:
            self.token(request, dict(urllib.parse.parse_qsl(body.decode())))
        elif path == USERINFO:
            reply(request, 200, self.wrong.get("userinfo", {"sub": "person-1"}))
        else:
            reply(request, 404, {})

    def merged(self, what, values):
        """What it should say, with the changes of the moment; what is nothing is left out."""
        values = dict(values, **self.wrong.get(what, {}))
        return {name: value for name, value in values.items() if value is not None}

    def authorize(self, address, **changes):
        """Has somebody sign in who comes with this authorization request; the callback, as a path."""
        asked = parameters(address)
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        self.secrets.add(code)
        self.passing |= {asked["state"], asked["nonce"]}
        values = {"code": code, "state": asked["state"]}
        values.update(changes)
        values = {name: value for name, value in values.items() if value is not None}
        return urllib.parse.urlsplit(asked["redirect_uri"]).path + "?" + urllib.parse.urlencode(values)

    def token(self, request, form):
        """The token endpoint: what it checks is what the standards ask of it."""
        self.forms.append(form)
        asked = self.codes.pop(form.get("code"), None)
        pair = ":".join(urllib.parse.quote(each, safe="") for each in (CLIENT, self.secret))
        if request.headers["Authorization"] != "Basic " + base64.b64encode(pair.encode()).decode():
            return reply(request, 401, {"error": "invalid_client"})
        verifier = text(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or form["redirect_uri"] != asked["redirect_uri"] or verifier != asked["code_challenge"]:
            return reply(request, 400, {"error": "invalid_grant"})
        token = self.id_token(asked["nonce"])
        self.secrets.add(token)
        self.passing.add(form["code_verifier"])
        reply(request, 200, self.merged("tokens", {"access_token": "access-token", "token_type": "Bearer", "id_token": token}))

    def id_token(self, nonce):
        """An ID token."""
        header = self.merged("header", {"alg": "RS256", "typ": "JWT", "kid": self.key.name})
        now = self.now()
        claims = self.merged("claims", {
            "iss": self.issuer, "sub": "person-1", "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, "auth_time": now,
            "email": "ana@acme.test", "email_verified": True, "name": "Ana"})
        claims = {name: value(now) if callable(value) else value for name, value in claims.items()}
        signed = ".".join(text(json.dumps(each).encode()) for each in (header, claims))
        token = signed + "." + text(self.wrong.get("sign", self.key.sign)(signed.encode()))
        return self.wrong.get("compact", lambda each: each)(token)


def reply(request, status, body, fields=()):
    """Answers with JSON, or with bytes as they are."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.send_response(status)
    for name, value in dict({"Content-Type": "application/json", "Content-Length": str(len(body))}, **dict(fields)).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


class Jar:
    """A browser without a window: it keeps cookies, and follows nothing."""

    def __init__(self, here, cookies=None):
        self.here, self.cookies = here, dict(cookies or {})

    def get(self, path):
        """A page."""
        return self.kept(self.here.raw.ask("GET", path, self.fields()))

    def post(self, path, values):
        """A form."""
        return self.kept(self.here.raw.form(path, values, dict(self.fields(), Origin=self.here.url)))

    def fields(self):
        """Its cookies, as they are sent."""
        return {"Cookie": "; ".join("%s=%s" % each for each in self.cookies.items())} if self.cookies else {}

    def kept(self, answer):
        """The answer, once its cookies are kept."""
        for each in answer.all("Set-Cookie"):
            for name, cookie in http.cookies.SimpleCookie(each).items():
                self.cookies[name] = cookie.value
                if cookie["max-age"] == "0":
                    del self.cookies[name]
        return answer

    @property
    def session(self):
        """The session's cookie; nothing if there is none."""
        return self.cookies.get("__Host-meterd")

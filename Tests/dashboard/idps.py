"""Two real OpenID providers on this machine, and a browser that signs in with one of them."""

import base64
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from claims import until

HERE = os.path.dirname(os.path.abspath(__file__))
VAR = os.path.join(os.path.dirname(os.path.dirname(HERE)), "var")
CLIENT, PASSWORD = "dashboard", "correct horse"
# Eve has Ana's address: an address says nothing about who somebody is.
PEOPLE = {"ana": "ana@acme.test", "bob": "bob@acme.test", "eve": "ana@acme.test"}


class Idp:
    """A provider, as a process. The dashboard is on localhost and this on 127.0.0.1, so that browsers take them for two sites."""

    def __init__(self, folder, redirect):
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.issuer = "http://127.0.0.1:%d" % self.port
        self.folder = os.path.join(folder, self.id)
        os.makedirs(self.folder)
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command(redirect + self.id), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        """Returns when it answers, with the issuer that it names."""
        self.metadata = until(self.discover, "an answer of %s; see %s" % (self.name, self.log), seconds=60)

    def discover(self):
        """Its discovery document; nothing while it starts."""
        if self.process.poll() is not None:
            raise SystemExit("%s ended; see %s" % (self.name, self.log))
        try:
            with urllib.request.urlopen(self.issuer + "/.well-known/openid-configuration", timeout=5) as answer:
                return answer.read()
        except urllib.error.URLError:
            return None

    def stop(self):
        """Ends it, if it hasn't ended. It has nothing to keep."""
        self.process.kill()
        self.process.wait()


class Nanoidp(Idp):
    """nanoidp. It doesn't decode the client's secret, so the secret has no characters that are encoded."""

    id, name, secret = "nanoidp", "nanoidp", "plain-s3cret-of-the-client"
    fields = "#username"

    def command(self, redirect):
        """Its command line; the configuration is written."""
        os.mkdir(self.folder + "/keys")
        with open(self.folder + "/settings.yaml", "w") as file:
            file.write('config_version: 1\nserver: {host: "127.0.0.1", port: %d}\noauth:\n  issuer: "%s"\n  audience: "%s"\n  clients:\n'
                       '    - {client_id: "%s", client_secret: "%s", redirect_uris: ["%s"],\n'
                       '       token_endpoint_auth_method: "client_secret_basic"}\n'
                       % (self.port, self.issuer, CLIENT, CLIENT, self.secret, redirect))
        with open(self.folder + "/users.yaml", "w") as file:
            file.write("config_version: 1\nusers:\n" + "".join(
                '  %s: {password: "%s", email: "%s", roles: ["USER"], tenant: "default"}\n' % (name, PASSWORD, email)
                for name, email in PEOPLE.items()))
        return [VAR + "/dashboard-nanoidp/bin/nanoidp", "--config", self.folder, "--host", "127.0.0.1", "--port", str(self.port),
                "--profile", "oauth21"]

    def fill(self, page, user):
        """Answers the page that it shows; whether that was a password."""
        page.fill("#username", user)
        page.fill("#password", PASSWORD)
        submit(page, "form:has(#password) button[type=submit]")
        return True


class Canaille(Idp):
    """Canaille, with a client's secret that has to be encoded."""

    id, name, secret = "canaille", "Canaille", "s3cret:with+odd%chars"
    fields = "input[name=login], input[name=password], #accept"

    def command(self, redirect):
        """Its command line."""
        return [VAR + "/dashboard-canaille/bin/python", HERE + "/canaille_server.py", str(self.port), redirect, CLIENT, self.secret,
                PASSWORD] + ["%s=%s" % each for each in PEOPLE.items()]

    def fill(self, page, user):
        """Answers the page that it shows; whether that was a password."""
        if page.locator("input[name=login]").count():
            page.fill("input[name=login]", user)
            submit(page, "button[name=answer]")
        elif page.locator("input[name=password]").count():
            page.fill("input[name=password]", PASSWORD)
            submit(page, "button.primary[type=submit]")
            return True
        else:
            submit(page, "#accept")
        return False


def submit(page, button):
    """Clicks, and waits for the next page."""
    with page.expect_navigation():
        page.click(button)


class Browser:
    """Somebody's browser. It knows each callback that passed, and can keep one from the dashboard."""

    def __init__(self, here, idp, user, **options):
        self.here, self.idp, self.user = here, idp, user
        self.callbacks, self.holds, self.passwords = [], False, 0
        self.context = here.context(**options)
        self.page = self.context.new_page()
        # Playwright's own routes don't see requests that come from a redirect. The providers' pages want style sheets of the Internet.
        self.channel = self.context.new_cdp_session(self.page)
        self.channel.on("Fetch.requestPaused", self.paused)
        self.channel.send("Fetch.enable", {"patterns": [
            {"urlPattern": "https://*"}, {"urlPattern": here.url + "/sign-in/callback*"}]})

    def paused(self, event):
        """A request that waits for what we say."""
        name, address = event["requestId"], event["request"]["url"]
        if address.startswith("https:"):
            self.channel.send("Fetch.failRequest", {"requestId": name, "errorReason": "BlockedByClient"})
            return
        self.callbacks.append(address)
        if self.holds:
            self.channel.send("Fetch.fulfillRequest", {
                "requestId": name, "responseCode": 200, "responseHeaders": [{"name": "Content-Type", "value": "text/html"}],
                "body": base64.b64encode(b"<a class=brand>held</a>").decode()})
        else:
            self.channel.send("Fetch.continueRequest", {"requestId": name})

    def sign_in(self, path="/sign-in"):
        """Signs in from a page of the dashboard; gives the page that this ends at."""
        self.page.goto(self.here.url + path)
        return self.choose()

    def choose(self, link=None):
        """Follows the provider's link on the page that is shown, signs in there if it asks, and comes back."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link or self.idp.name, exact=True).click()
        while True:
            self.page.locator(self.idp.fields + ", a.brand").first.wait_for()
            if self.page.url.startswith(self.here.url + "/"):
                return self.page
            self.passwords += self.idp.fill(self.page, self.user)

    def at(self, path):
        """Goes to a page of the dashboard; gives the browser's page."""
        self.page.goto(self.here.url + path)
        return self.page

    def leave(self):
        """Forgets the dashboard, and moves its clock to another minute: tries are counted per minute. A provider's clock stays near."""
        self.context.clear_cookies(domain="localhost")
        self.here.ahead = (self.here.ahead + 61) % 244
        self.here.write_clock()
        return self

    def end(self):
        """Closes it; what it has seen that nobody else is to see."""
        seen = {parameters(each).get("code") for each in self.callbacks} | {self.session}
        self.context.close()
        return seen - {None}

    def callback(self, path="/sign-in"):
        """Signs in, and keeps the callback from the dashboard; its address."""
        self.holds = True
        self.sign_in(path)
        self.holds = False
        return self.callbacks[-1]

    def open(self, address):
        """Opens an address; what the page says."""
        self.page.goto(address)
        return " ".join(self.page.inner_text("main").split())

    def forget_provider(self):
        """Has no session at the provider any more."""
        self.context.clear_cookies(domain="127.0.0.1")

    @property
    def session(self):
        """The session's cookie; nothing if there is none."""
        return next((each["value"] for each in self.context.cookies() if each["name"] == "__Host-meterd"), None)


def changed(address, **values):
    """An address with other parameters; those that are nothing are left out."""
    parts = urllib.parse.urlsplit(address)
    query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    query.update(values)
    query = {name: value for name, value in query.items() if value is not None}
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))


def parameters(address):
    """An address's parameters; each has to be there once."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a parameter comes twice: %s" % pairs)
    return dict(pairs)

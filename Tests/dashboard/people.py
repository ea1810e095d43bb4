"""People, as they are in a browser and beside it."""

import os
import re


class Person:
    """A member, as they are in a browser."""

    def __init__(self, world, org, name, role, email):
        self.world, self.org, self.name, self.role, self.email = world, org, name, role, email
        self.number = self.state = None
        self.contexts = []

    def invite(self):
        """A link for them. Who was here before keeps their number."""
        again = ["--again", str(self.number)] if self.number else ["--name", self.name]
        made = self.world.ctl("member", "invite", self.org, self.email, "--role", self.role, *again)
        self.number = made["invitation"]["member"]
        return made["secret"]

    def join(self, **options):
        """Joins by a link, in a browser."""
        self.world.move(61)
        secret = self.invite()
        context = self.world.context(**options)
        page = context.new_page()
        page.goto("%s/join/%s" % (self.world.url, secret))
        page.get_by_label("Your name").fill(self.name)
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/%s/*" % self.org)
        self.adopt(context)
        context.close()
        return self

    def sign_in(self):
        """Signs in again by a link, as their browser would, but without one."""
        # What is tried from one address is counted per minute of the clock.
        self.world.move(61)
        answer = self.world.raw.form("/join", {"name": self.name}, {
            "Cookie": "__Host-meterd-invitation=" + self.invite(), "Origin": self.world.url})
        value = next((each for each in answer.all("Set-Cookie") if each.startswith("__Host-meterd=")), None)
        if value is None:
            raise RuntimeError("%s can't sign in: %d %s" % (self.name, answer.status, answer.text))
        self.state = {"origins": [], "cookies": [{
            "name": "__Host-meterd", "value": value.split(";")[0].split("=", 1)[1], "domain": "localhost", "path": "/",
            "expires": -1, "httpOnly": True, "secure": True, "sameSite": "Lax"}]}
        return self

    def adopt(self, context):
        """Is signed in as this browser is."""
        self.state = context.storage_state()

    @property
    def cookie(self):
        """The value of the session's cookie."""
        return next(each["value"] for each in self.state["cookies"] if each["name"] == "__Host-meterd")

    def context(self, **options):
        """A browser in which they are signed in."""
        return self.world.context(storage_state=self.state, **options)

    def page(self, path="", **options):
        """A page of their org, in a browser of its own."""
        page = self.context(**options).new_page()
        if path is not None:
            page.goto(self.at(path))
        return page

    def at(self, path):
        """The address of a page of their org."""
        return "%s/orgs/%s%s" % (self.world.url, self.org, "/" + path if path else "")

    def get(self, path, **headers):
        """A page of the site, without a browser."""
        return self.world.raw.ask("GET", path, dict({"Cookie": "__Host-meterd=" + self.cookie}, **headers))

    def token(self, page="/security"):
        """The token of this session's forms."""
        answer = self.get("/orgs/%s%s" % (self.org, page))
        return re.search(r'name="form_token" value="([^"]+)"', answer.text).group(1)

    def post(self, path, fields=None, headers=None, token=None):
        """A form, without a browser."""
        fields = dict({"form_token": self.token() if token is None else token, "key": os.urandom(16).hex()}, **(fields or {}))
        known = {"Cookie": "__Host-meterd=" + self.cookie, "Origin": self.world.url}
        known.update(headers or {})
        return self.world.raw.form(path, fields, {name: value for name, value in known.items() if value is not None})

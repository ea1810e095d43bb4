"""Signs in through two real providers in Chromium.

Run `swift build` first. Needs venv-idp, venv-canaille and venv-browser beside Package.swift; see README.md.
The providers are on localhost and the app on 127.0.0.1, so that they are two sites.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

HOME = Path(__file__).resolve().parent.parent
CLIENT, SECRET, ODD = "dashboard", "plain-s3cret", "s3cret:with+odd%chars"
done = []


def check(name, truth, detail=""):
    done.append(bool(truth))
    print(f"{'ok  ' if truth else 'FAIL'} {name}{': ' + str(detail) if detail else ''}", flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A process of ours, with its output in a file; ended with its own id."""

    def __init__(self, command, log, **more):
        self.log = Path(log)
        self.handle = subprocess.Popen(command, stdout=self.log.open("w"), stderr=subprocess.STDOUT, **more)

    def wait_for(self, url, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return urllib.request.urlopen(url, timeout=2).read()
            except urllib.error.HTTPError as error:
                return error.read()
            except OSError:
                if self.handle.poll() is not None:
                    break
                time.sleep(0.2)
        raise SystemExit(f"no answer at {url}\n{self.log.read_text()[-2000:]}")

    def end(self):
        if self.handle.poll() is None:
            self.handle.send_signal(signal.SIGTERM)
            try:
                self.handle.wait(5)
            except subprocess.TimeoutExpired:
                self.handle.kill()


def nanoidp(folder, port, redirect, secret=SECRET, method="client_secret_basic"):
    config = folder / method
    (config / "keys").mkdir(parents=True)
    (config / "settings.yaml").write_text(f"""
config_version: 1
server: {{host: "localhost", port: {port}}}
oauth:
  issuer: "http://localhost:{port}"
  audience: "{CLIENT}"
  clients:
    - {{client_id: "{CLIENT}", client_secret: "{secret}", redirect_uris: ["{redirect}"],
       token_endpoint_auth_method: "{method}"}}
""")
    (config / "users.yaml").write_text("""
config_version: 1
users:
  ana: {password: "correct horse", email: "ana@acme.test", roles: ["USER"], tenant: "default"}
""")
    return [HOME / "venv-idp/bin/nanoidp", "--config", config, "--host", "localhost", "--port", str(port),
            "--profile", "oauth21"]


def nanoidp_login(page):
    page.fill("#username", "ana")
    page.fill("#password", "correct horse")
    page.click("form button[type=submit]:has-text('Sign In'), form:has(#password) button[type=submit]")


def canaille(folder, port, redirect, algorithm="RS256"):
    return [HOME / "venv-canaille/bin/python", HOME / "scripts/canaille_server.py", str(port), redirect, CLIENT, ODD,
            algorithm]


def canaille_login(page):
    if page.locator("input[name=login]").count():
        page.fill("input[name=login]", "ana")
        page.click("button[name=answer]")
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", "correct horse")
        page.click("button.primary[type=submit]")
    if page.locator("#accept").count():
        page.click("#accept")


def at_app(page, port):
    page.wait_for_url(f"http://127.0.0.1:{port}/callback?**", timeout=15000)


def text(page, selector):
    return page.inner_text(selector) if page.locator(selector).count() else None


def through(browser, name, command, login, folder, *secret):
    provider_port, app_port = free_port(), free_port()
    app_url = f"http://127.0.0.1:{app_port}"
    redirect = app_url + "/callback"
    issuer = f"http://localhost:{provider_port}"
    provider = Process(command(folder, provider_port, redirect), folder / f"{name}.log", cwd=folder)
    app = None
    try:
        metadata = json.loads(provider.wait_for(issuer + "/.well-known/openid-configuration"))
        issuer = metadata["issuer"]
        print(f"-- {name}: issuer {issuer}, iss parameter "
              f"{metadata.get('authorization_response_iss_parameter_supported')}, "
              f"methods {metadata.get('token_endpoint_auth_methods_supported')}, "
              f"algorithms {metadata.get('id_token_signing_alg_values_supported')}")
        app = Process([HOME / ".build/debug/oidc-example", str(app_port), issuer, CLIENT, *secret],
                      folder / f"{name}-app.log")
        app.wait_for(app_url + "/")

        context = browser.new_context()
        page = context.new_page()
        # The pages of nanoidp name style sheets on the Internet, which there is none of here.
        page.route("https://**", lambda route: route.abort())
        page.goto(app_url + "/")
        page.click("text=Sign in")
        login(page)
        at_app(page, app_port)
        check(f"{name}: issuer", text(page, "#issuer") == issuer, text(page, "#issuer") or page.content())
        check(f"{name}: subject", text(page, "#subject"), text(page, "#subject"))
        check(f"{name}: e-mail", "ana@acme.test" in (text(page, "#email") or ""), text(page, "#email"))
        print(f"     name {text(page, '#name')}, auth_time {text(page, '#time')}")
        first = text(page, "#subject")
        callback = page.url
        before = text(page, "#time") or "0"
        print(f"     callback parameters: {sorted(urllib.parse.parse_qs(urllib.parse.urlparse(callback).query))}")

        page.goto(callback)
        check(f"{name}: callback sent again", "no sign-in was started" in page.content())
        other = browser.new_context().new_page()
        other.goto(callback)
        check(f"{name}: callback in another browser", "no sign-in was started" in other.content())

        time.sleep(1.1)
        page.goto(app_url + "/start?fresh=1")
        if not page.url.startswith(app_url):
            login(page)
            at_app(page, app_port)
        check(f"{name}: fresh authentication", first and text(page, "#subject") == first and int(text(page, "#time")) > int(before),
              text(page, "#refused") or text(page, "#time"))

        page.goto(app_url + "/start?keep=1")
        if not page.url.startswith(app_url):
            login(page)
            at_app(page, app_port)
        callback = page.url
        good = text(page, "#subject") == first
        page.goto(callback)
        check(f"{name}: code used twice", good and "invalid_grant" in (text(page, "#refused") or ""),
              text(page, "#refused"))

        page.goto(app_url + "/start?verifier=wrong")
        if not page.url.startswith(app_url):
            login(page)
            at_app(page, app_port)
        check(f"{name}: wrong PKCE verifier", "invalid_grant" in (text(page, "#refused") or ""), text(page, "#refused"))

        # Another sign-in of the same browser is pending: the state of the first one is not its.
        page.goto(app_url + "/start?keep=1")
        if not page.url.startswith(app_url):
            login(page)
            at_app(page, app_port)
        page.goto(page.url.replace("state=", "state=x"))
        check(f"{name}: changed state", "state is missing" in (text(page, "#refused") or ""), text(page, "#refused"))
        words = app.log.read_text()
        leaked = [v for v in urllib.parse.parse_qs(urllib.parse.urlparse(callback).query).get("code", []) if v in words]
        check(f"{name}: no code and no secret in the app's log", not leaked and secret[0] not in words)
    finally:
        if app:
            app.end()
        provider.end()


def main():
    folder = Path(tempfile.mkdtemp(prefix="oidc-browser-"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
            through(browser, "nanoidp", nanoidp, nanoidp_login, folder, SECRET)
            through(browser, "nanoidp-post", lambda *a: nanoidp(*a, ODD, "client_secret_post"), nanoidp_login, folder,
                    ODD, "post")
            through(browser, "canaille", canaille, canaille_login, folder, ODD)
            through(browser, "canaille-RS512", lambda *a: canaille(*a, "RS512"), canaille_login, folder, ODD)
            browser.close()
    finally:
        if "--keep" in sys.argv:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder)
    print(f"{sum(done)} of {len(done)} checks passed")
    sys.exit(0 if all(done) else 1)


main()

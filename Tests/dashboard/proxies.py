"""The dashboard behind nginx and Caddy, as docs/dashboard.md configures them."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.parse

from claims import has, lacks, must, same
from world import HERE, world

ROOT = os.path.dirname(os.path.dirname(HERE))
HOST = "billing.example.com"


def run(stage):
    """Both of them."""
    with world(stage, gateway="manual", public_url="https://" + HOST) as here:
        here.orgs()
        make_certificate(here.folder)
        for name, start in (("nginx", nginx), ("Caddy", caddy)):
            # What is tried from one address is counted per minute of the clock.
            here.move(61)
            port = free_port()
            process = start(here, port)
            try:
                behind(stage.claim, here, name, Proxy(port, here.folder + "/cert.pem"))
            finally:
                process.terminate()
                process.wait()


def example(name):
    """A proxy's configuration in the page."""
    with open(ROOT + "/docs/dashboard.md") as file:
        section = file.read().split("### %s\n" % name)[1]
    return re.search(r"```\n(.*?)```", section, re.DOTALL).group(1)


def free_port():
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def make_certificate(folder):
    """A certificate for the host, by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + HOST, "-addext",
                    "subjectAltName=DNS:" + HOST, "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"],
                   check=True, capture_output=True)


def nginx(here, port):
    """nginx with the page's server block."""
    server = example("nginx").replace("listen 443 ssl", "listen 127.0.0.1:%d ssl" % port)
    server = server.replace("/etc/ssl/billing.example.com.pem", here.folder + "/cert.pem")
    server = server.replace("/etc/ssl/private/billing.example.com.key", here.folder + "/key.pem")
    server = server.replace("127.0.0.1:8480", "127.0.0.1:%d" % here.dashboard.port)
    folder = here.folder + "/nginx"
    os.makedirs(folder, exist_ok=True)
    kinds = "".join("%s_temp_path %s/%s;\n" % (kind, folder, kind) for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(folder + "/nginx.conf", "w") as file:
        file.write("daemon off;\nmaster_process off;\npid %s/pid;\nerror_log %s/error.log;\nevents {}\nhttp {\n%s%s}\n" % (
            folder, folder, kinds, server))
    return started([ROOT + "/var/proxies/usr/sbin/nginx", "-e", folder + "/error.log", "-c", folder + "/nginx.conf"], here, port)


def caddy(here, port):
    """Caddy with the page's site block, and a certificate of its own."""
    site = example("Caddy").replace("billing.example.com {", "https://billing.example.com:%d {\n    bind 127.0.0.1\n    tls %s %s" % (
        port, here.folder + "/cert.pem", here.folder + "/key.pem"))
    site = site.replace("127.0.0.1:8480", "127.0.0.1:%d" % here.dashboard.port)
    with open(here.folder + "/Caddyfile", "w") as file:
        file.write("{\n    admin off\n    auto_https off\n}\n" + site)
    return started([ROOT + "/var/proxies/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", here.folder + "/Caddyfile"],
                   here, port)


def started(command, here, port):
    """A proxy that accepts connections."""
    with open(here.folder + "/proxy.log", "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={
            "PATH": os.environ["PATH"], "HOME": here.folder, "XDG_DATA_HOME": here.folder, "XDG_CONFIG_HOME": here.folder})
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            must(process.poll() is None, "the proxy ended; see %s/proxy.log" % here.folder)
            time.sleep(0.05)
    raise SystemExit("the proxy doesn't listen")


class Proxy:
    """A client of a proxy, which checks its certificate."""

    def __init__(self, port, authority):
        self.port, self.tls = port, ssl.create_default_context(cafile=authority)

    def ask(self, method, path, fields=None, cookie=None, **headers):
        """One request. The connection is to this machine, the certificate's name is the host's."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.connect()
        connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=HOST)
        headers = dict({"Host": HOST}, **{name.replace("_", "-"): value for name, value in headers.items()})
        if cookie:
            headers["Cookie"] = cookie
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://" + HOST})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode(errors="replace")
        finally:
            connection.close()


def behind(claim, here, name, proxy):
    """What has to be true behind each."""
    with claim("%s: the sign-in page comes over TLS, and tells browsers to stay with it" % name):
        answer, text = proxy.ask("GET", "/sign-in")
        same(answer.status, 200, "the status")
        has(text, "Sign in")
        has(answer.getheader("Strict-Transport-Security"), "max-age=")
    with claim("%s: somebody joins by a link and opens a page" % name):
        made = here.ctl("member", "invite", "acme", "%s@acme.example" % name.lower(), "--role", "owner", "--name", name)
        answer, _ = proxy.ask("GET", "/join/" + made["secret"])
        cookie = answer.getheader("Set-Cookie").split(";")[0]
        answer, text = proxy.ask("GET", "/join", cookie=cookie)
        has(text, "Acme Inc.")
        answer, text = proxy.ask("POST", "/join", {"name": name}, cookie=cookie)
        same(answer.status, 303, "the status")
        session = [each for each in answer.headers.get_all("Set-Cookie") if each.startswith("__Host-meterd=")]
        must("Secure" in session[0], "the cookie isn't for TLS alone")
        answer, text = proxy.ask("GET", "/orgs/acme/usage", cookie=session[0].split(";")[0])
        same(answer.status, 200, "the status")
        has(text, "Usage")
    with claim("%s: another host's name gets no page of the dashboard" % name):
        # Caddy answers a host that it doesn't know with nothing.
        answer, text = proxy.ask("GET", "/sign-in", Host="evil.example")
        lacks(text, "Sign in", "passkey")
    with claim("%s: what a client says of its own address doesn't get it around the limit of tries" % name):
        statuses = set()
        for each in range(15):
            answer, _ = proxy.ask("GET", "/join/" + "x" * 43, X_Forwarded_For="192.0.2.%d" % each)
            statuses.add(answer.status)
        must(429 in statuses, "no try was refused: %s" % statuses)
    with claim("%s: no address with a secret is in its logs" % name):
        for folder, _, files in os.walk(here.folder):
            for file in files:
                if file in ("proxy.log", "error.log", "access.log"):
                    with open(os.path.join(folder, file), errors="replace") as log:
                        must(made["secret"] not in log.read(), "%s has it" % file)
    shutil.rmtree(here.folder + "/nginx", ignore_errors=True)

"""A mail server that takes mail by STARTTLS with a password, keeps what it takes, and fails as it is told."""

import email
import email.policy
import os
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HOST, USER, PASSWORD = "mail.localhost", "billing", "correct horse battery"


class Sink:
    """The server, on a port of this machine. Its certificate is for a name that isn't known as this machine's, so that TLS is required."""

    def __init__(self, folder):
        self.folder, self.port = folder, 0
        self.certificate = folder + "/mail.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + HOST, "-addext",
             "subjectAltName=DNS:" + HOST, "-keyout", folder + "/mail.key", "-out", self.certificate],
            check=True, stderr=subprocess.DEVNULL)
        self.lock, self.mails, self.refusals, self.logins = threading.Lock(), [], {}, []
        self.drops, self.hangs, self.controller = 0, set(), None
        self.start()

    def start(self, has_tls=True):
        """Listens, on the port that it had before if it had one."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.folder + "/mail.key")
        sink = self

        class Server(Controller):
            """aiosmtpd, with TLS before anything else."""

            def factory(self):
                return SMTP(
                    sink, hostname=HOST, enable_SMTPUTF8=True, tls_context=context if has_tls else None,
                    require_starttls=has_tls, auth_required=has_tls, auth_require_tls=has_tls, authenticator=sink.authenticate)

        self.controller = Server(self, hostname="127.0.0.1", port=self.port or free_port(), ready_timeout=20)
        self.controller.start()
        self.port = self.controller.port

    def stop(self):
        """Is away: connections are refused."""
        if self.controller:
            self.controller.stop()
            self.controller = None

    def authenticate(self, server, session, envelope, mechanism, data):
        """Takes one user with one password."""
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        with self.lock:
            self.logins.append(good)
        return AuthResult(success=good)

    async def handle_RCPT(self, server, session, envelope, address, options):
        """Takes an address, or says what it was told to."""
        with self.lock:
            refusal, hangs = self.refusals.get(address), address in self.hangs
        if hangs:
            server.transport.close()
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        """Keeps a mail. If it was told to drop, the answer gets lost."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.lock:
            self.mails.append(Mail(envelope, message, session.ssl is not None))
            is_dropped, self.drops = self.drops > 0, max(0, self.drops - 1)
        if is_dropped:
            server.transport.close()
        return "250 OK"

    def taken(self, **wanted):
        """The mails so far, of that recipient or with that in their subject."""
        with self.lock:
            mails = list(self.mails)
        to, subject = wanted.get("to"), wanted.get("subject")
        return [each for each in mails if (to is None or each.to == to) and (subject is None or subject in each.subject)]

    def forget(self):
        """Begins anew."""
        with self.lock:
            self.mails.clear()


class Mail:
    """A mail as its recipient sees it."""

    def __init__(self, envelope, message, has_tls):
        self.sender, self.to, self.message, self.has_tls = envelope.mail_from, envelope.rcpt_tos[0], message, has_tls
        self.raw, self.subject, self.id = envelope.content, str(message["Subject"]), message["Message-ID"]
        self.text = message.get_body(("plain",)).get_content()
        self.html = message.get_body(("html",)).get_content()
        self.files = {each.get_filename(): each.get_content() for each in message.iter_attachments()}


def free_port():
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def secret_file(folder):
    """The password's file."""
    path = os.path.join(folder, "smtp.password")
    with open(path, "w") as file:
        file.write(PASSWORD + "\n")
    os.chmod(path, 0o644)
    return path

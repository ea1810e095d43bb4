"""Wrong configurations, and what check-config and test-mail say."""

import json

from claims import has, lacks, same
from sink import HOST, PASSWORD, Sink
from teller import Teller
from world import world


def run(stage):
    """All claims."""
    claim = stage.claim
    with world(stage, gateway="manual") as here:
        sink = Sink(here.folder)
        teller = Teller(here, sink)
        with claim("check-config shows the mail server and the operators, and no secret"):
            done = teller.run("check-config")
            same(done.returncode, 0, "the exit status")
            has(done.stdout, "smtp://%s:%d" % (HOST, sink.port), "ops@meterd.example")
            lacks(done.stdout + done.stderr, PASSWORD)
        with open(teller.path) as file:
            good = json.load(file)
        wrong = [
            ("an address of another scheme", {"smtp": dict(good["smtp"], url="http://mail.example")}, "smtp.url must be"),
            ("a port that is none", {"smtp": dict(good["smtp"], url="smtp://mail.example:0")}, "smtp.url must be"),
            ("a host that holds a line end", {"smtp": dict(good["smtp"], url="smtp://a\nb")}, "smtp.url must be"),
            ("no sender", {"smtp": {"url": good["smtp"]["url"]}}, "smtp.from must be"),
            ("a sender that is no address", {"smtp": dict(good["smtp"], **{"from": "Billing"})}, "smtp.from must be"),
            ("a user without a password", {"smtp": dict(good["smtp"], password_file="")}, "go together"),
            ("a password's file that isn't there", {"smtp": dict(good["smtp"], password_file="/nowhere")}, "can't be read"),
            ("a password in the file itself", {"smtp": dict(good["smtp"], password="x-secret-x")}, "smtp.password: there is no such key"),
            ("mail settings without a server", {"smtp": {"from": "a@b.example"}}, "smtp.url is missing"),
            ("an operator who is no address", {"operators": ["root"]}, "operators: 'root'"),
            ("a dashboard by http elsewhere", {"dashboard_url": "http://billing.example"}, "dashboard_url must be"),
            ("a dashboard with a path", {"dashboard_url": "https://billing.example/x"}, "dashboard_url must be"),
            ("a key that doesn't exist", {"smpt": {}}, "smpt: there is no such key"),
        ]
        for what, changes, words in wrong:
            with claim("check-config refuses %s, and says which key it is" % what):
                with open(teller.path, "w") as file:
                    json.dump(dict(good, **changes), file)
                done = teller.run("check-config")
                same(done.returncode, 78, "the exit status")
                has(done.stderr, words)
                lacks(done.stdout + done.stderr, "x-secret-x", PASSWORD)
        teller.configure()
        with claim("test-mail sends a mail by TLS and a password, and says who has taken it"):
            done = teller.run("test-mail", "ana@acme.example")
            same(done.returncode, 0, "the exit status: " + done.stderr)
            mail, = sink.taken()
            same((mail.to, mail.has_tls, mail.sender), ("ana@acme.example", True, "billing@seller.example"), "the mail")
        with claim("test-mail says why it failed: a wrong password, an address that is refused, a server that is away, no TLS"):
            wrong_password = here.folder + "/wrong"
            with open(wrong_password, "w") as file:
                file.write("wrong-secret\n")
            teller.configure(password_file=wrong_password)
            done = teller.run("test-mail", "ana@acme.example")
            same(done.returncode, 1, "the exit status")
            has(done.stderr, "can't be used")
            lacks(done.stderr, "wrong-secret")
            teller.configure()
            sink.refusals["gone@acme.example"] = "550 5.1.1 no such user"
            done = teller.run("test-mail", "gone@acme.example")
            same(done.returncode, 1, "the exit status")
            has(done.stderr, "550 5.1.1 no such user")
            sink.stop()
            has(teller.run("test-mail", "ana@acme.example").stderr, "can't be used")
            sink.start(has_tls=False)
            sink.forget()
            done = teller.run("test-mail", "ana@acme.example")
            same((done.returncode, sink.taken()), (1, []), "what was sent without TLS")
        sink.stop()

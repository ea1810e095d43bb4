"""Sign-in with OpenID providers: two real ones in a browser here, and one that misbehaves in hostility."""

import contextlib
import json
import os
import subprocess

import hostility
from claims import has, lacks, must, same
from faults import AWAY
from hostile import Hostile
from idps import CLIENT, Browser, Canaille, Nanoidp, changed, parameters
from signins import CALLBACK, REFUSED, Course, no_session
from world import world


def run(stage):
    """All of it, in one world whose clocks are the real one: a real provider knows no other."""
    with world(stage) as here, contextlib.ExitStack() as stack:
        here.move(seconds=-here.ahead)
        here.orgs()
        real = [kind(here.folder + "/providers", here.url + CALLBACK) for kind in (Nanoidp, Canaille)]
        for each in real:
            stack.callback(each.stop)
        hostile = [stack.enter_context(Hostile(here, name)) for name in ("Mallory", "Honest")]
        check(stage.claim, here, real[0])
        for each in real:
            each.wait()
        configure(here, real + hostile)
        seen, members = set(), []
        for idp, org in zip(real, ("acme", "globex")):
            one = Course(stage.claim, here, idp, org, real)
            one.run()
            members.append(one.ana)
            seen |= one.seen
        seen |= pair(stage.claim, here, members)
        hostility.run(stage.claim, here, hostile)
        with stage.claim("No code, client secret, session id or ID token is in a log or a database, and no state, nonce or verifier in a log"):
            must(len(seen) > 20, "only %d codes and session ids were seen" % len(seen))
            kept = seen.union(*(each.secrets for each in hostile)) | {each.secret for each in real + hostile}
            search(here, kept, set().union(*(each.passing for each in hostile)))


def check(claim, here, idp):
    """What `check-config` says about providers."""
    path, secret = here.folder + "/checked.yaml", here.folder + "/checked.secret"

    def said(**changes):
        """Its exit status, and all that it says."""
        one = dict({"id": idp.id, "name": idp.name, "issuer": idp.issuer, "client_id": CLIENT, "client_secret_file": secret}, **changes)
        with open(path, "w") as file:
            json.dump({"public_url": "https://billing.example.com", "providers": [one] * one.pop("times", 1)}, file)
        done = subprocess.run([here.options.dashboard, "check-config", "--config", path], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    with open(secret, "w") as file:
        file.write(idp.secret + "\n")
    with claim("check-config shows the redirect URI that is registered at the provider, and no secret"):
        status, text = said()
        same(status, 0, "the exit status")
        has(text, "https://billing.example.com" + CALLBACK + idp.id)
        lacks(text, idp.secret)
    wrong = [
        ("an issuer by http elsewhere than on this machine", {"issuer": "http://accounts.example"}, "issuer must be an https URL"),
        ("two providers of one id", {"times": 2}, "there is one of that id already"),
        ("an id that can't stand in an address", {"id": "../sign-in"}, "id must be"),
        ("a secret in the file itself", {"client_secret": "hunter-two"}, "client_secret: there is no such key"),
        ("a secret's file that isn't there", {"client_secret_file": here.folder + "/nothing"}, "can't be read"),
    ]
    for what, changes, words in wrong:
        with claim("check-config refuses %s, and says which key it is" % what):
            status, text = said(**changes)
            same(status, 78, "the exit status")
            has(text, "providers[%d]" % (changes.get("times", 1) - 1), words)
            lacks(text, "hunter-two", idp.secret)


def configure(here, providers):
    """Starts the dashboard again with these providers."""
    with open(here.folder + "/dashboard.yaml", "a") as file:
        file.write("providers:\n")
        for each in providers:
            path = "%s/%s.secret" % (here.folder, each.id)
            with open(path, "w") as secret:
                secret.write(each.secret + "\n")
            file.write("  - {id: %s, name: %s, issuer: '%s', client_id: %s, client_secret_file: %s}\n"
                       % (each.id, each.name, each.issuer, CLIENT, path))
    here.dashboard.stop()
    here.dashboard.kill()
    here.dashboard.start()


def search(here, kept, passing):
    """None of it is in what the dashboard or the daemon wrote. A sign-in that was begun is in the database until it ends."""
    logs = [os.path.join(here.folder, each) for each in os.listdir(here.folder) if each.endswith(".log")]
    files = [os.path.join(folder, name) for top in (here.dashboard.state, here.daemon.state)
             for folder, _, names in os.walk(top) for name in names]
    found = {path: read(path) for path in logs + files if os.path.isfile(path)}
    together = b"".join(found.values())
    must(b"a sign-in at a provider failed" in together and b"Ana of nanoidp" in together, "the search finds nothing at all")
    for path, data in found.items():
        for secret in kept | (passing if path in logs else set()):
            must(secret.encode() not in data, "a secret is in %s: %s…" % (path, secret[:8]))


def read(path):
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def pair(claim, here, members):
    """Two providers at once; all codes and sessions that were seen."""
    one, two = members
    others = first, second = [Browser(here, each.idp, "bob") for each in members]
    with claim("The same subject and e-mail address at two providers are two people: each is in their own org only"):
        for person, own, other in ((one, "acme", "globex"), (two, "globex", "acme")):
            person.leave().sign_in()
            same(person.page.url, "%s/orgs/%s/organization" % (here.url, own), "the page")
            has(person.open("%s/orgs/%s/organization" % (here.url, other)), "isn't yours to see")
    for mine, theirs in ((first, two), (second, one)):
        pair_of = (mine.idp.name, theirs.idp.name)
        with claim("A sign-in that was begun with %s isn't finished by an answer of %s, whatever iss it has" % pair_of):
            answer = parameters(theirs.leave().callback())
            for issuer in (theirs.idp.issuer, mine.idp.issuer, None):
                address = mine.leave().callback()
                with no_session(here, mine):
                    has(mine.open(changed(address, code=answer["code"], iss=issuer)), REFUSED)
        with claim("Nor is it, if that answer comes to the redirect URI of %s" % theirs.idp.name):
            begun = parameters(mine.leave().callback())
            with no_session(here, mine):
                has(mine.open(changed(theirs.callbacks[-1], state=begun["state"])), REFUSED, "begun at another provider")
    with claim("If %s is stopped before the dashboard asks it about a code, a page says that it didn't answer" % second.idp.name):
        address = second.leave().callback()
        second.idp.stop()
        with no_session(here, second):
            has(second.open(address), REFUSED, AWAY)
    return set().union(*(each.end() for each in members + others))

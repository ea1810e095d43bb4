"""Sign-in with OpenID providers: two real ones in a browser here, and one that misbehaves in hostility."""

import contextlib
import os

import hostility
from claims import has, must, same
from faults import AWAY
from hostile import Hostile
from idps import CLIENT, Browser, Canaille, Nanoidp, changed, parameters
from signins import CALLBACK, REFUSED, Course, minute, no_session
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
        for each in real:
            each.wait()
        configure(here, real + hostile)
        codes = set()
        members = []
        for idp, org in zip(real, ("acme", "globex")):
            one = Course(stage.claim, here, idp, org, real)
            one.run()
            members.append(one.browser)
            codes |= one.codes
        pair(stage.claim, here, members)
        hostility.run(stage.claim, here, hostile)
        with stage.claim("No code, no client secret, no state, no nonce and no token is in a log or a database"):
            secrets = [each.secret for each in real + hostile] + sorted(codes) + [word for each in hostile for word in each.secrets]
            must(len(codes) > 10, "only %d codes were seen" % len(codes))
            search(here, secrets)


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


def search(here, secrets):
    """Nothing of it is in a file that the dashboard or the daemon wrote."""
    files = [here.dashboard.log] + [os.path.join(folder, name) for top in (here.dashboard.state, here.daemon.state)
                                    for folder, _, names in os.walk(top) for name in names]
    files += [os.path.join(here.folder, each) for each in os.listdir(here.folder) if each.endswith(".log")]
    found = {}
    for each in set(files):
        if os.path.isfile(each):
            with open(each, "rb") as file:
                found[each] = file.read()
    together = b"".join(found.values())
    must(b"a sign-in at a provider failed" in together and b"Ana of nanoidp" in together, "the search finds nothing at all")
    for path, data in found.items():
        for secret in secrets:
            must(secret.encode() not in data, "a secret is in %s" % path)


def pair(claim, here, members):
    """Two providers at once."""
    one, two = ([Browser(here, each.idp, user) for user in ("ana", "bob")] for each in members)
    with claim("The same subject and e-mail address at two providers are two people: each is in their own org only"):
        minute(here)
        for browsers, own, other in ((one, "acme", "globex"), (two, "globex", "acme")):
            browsers[0].sign_in()
            same(browsers[0].page.url, "%s/orgs/%s/organization" % (here.url, own), "the page")
            has(browsers[0].open("%s/orgs/%s/organization" % (here.url, other)), "isn't yours to see")
    for (_, first), (second, _) in ((one, two), (two, one)):
        with claim("A sign-in that was begun with %s isn't finished by an answer of %s, whatever iss it has" % (first.idp.name, second.idp.name)):
            second.context.clear_cookies()
            theirs = parameters(second.callback())
            for issuer in (second.idp.issuer, first.idp.issuer, None):
                minute(here)
                mine = first.callback()
                with no_session(here, first):
                    has(first.open(changed(mine, code=theirs["code"], iss=issuer)), REFUSED)
        with claim("Nor is it, if that answer comes to the redirect URI of %s" % second.idp.name):
            minute(here)
            mine = parameters(first.callback())
            with no_session(here, first):
                has(first.open(changed(second.callbacks[-1], state=mine["state"])), REFUSED, "begun at another provider")
    last = two[1]
    with claim("If %s is stopped before the dashboard asks it about a code, a page says that it didn't answer" % last.idp.name):
        minute(here)
        address = last.callback()
        last.idp.stop()
        with no_session(here, last):
            has(last.open(address), REFUSED, AWAY)

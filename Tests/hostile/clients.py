#!/usr/bin/env python3
"""Hostile clients against the real daemon, while a well-behaved client's every record has to be answered right.

    python3 Tests/hostile/clients.py --meterd PATH --meterctl PATH [--quick] [--only NAME,...] [--list]

ingest.py attacks the ingest socket, control.py the control socket, exhaustion.py the daemon's descriptors, and words.py looks for
what names can do to terminals, logs, metrics and spreadsheets. Each claim is a line, "ok: ..." or "FAILED: ..."; the exit status
is 1 where one failed.
"""

import sys

import control
import exhaustion
import ingest
import words
from target import Claims, Daemon, Watch, options


def main():
    """All attacks, or those that were asked for."""
    given = options(__doc__)
    chosen = given.only.split(",") if given.only else None
    together = ingest.ATTACKS + control.ATTACKS
    alone = exhaustion.ATTACKS + words.ATTACKS
    if given.list:
        print("\n".join(attack.__name__ for attack in together + alone))
        return 0
    claims = Claims()
    attacks = [attack for attack in together if chosen is None or attack.__name__ in chosen]
    if attacks:
        daemon = Daemon(given).start()
        watch = Watch(daemon, claims)
        daemon.found("victim")
        for attack in attacks:
            attack(daemon, watch, claims, given.quick)
        watch.end()
        daemon.verify(claims, "after %d attacks" % len(attacks))
        log = daemon.log
        claims.check(len(log) < 1 << 20, "the log stays small", "%d bytes" % len(log))
        words.check_text(claims, "the daemon's standard error", log)
        claims.check(daemon.stop() == 0, "it stops as told")
        daemon.remove()
    for attack in alone:
        if chosen is None or attack.__name__ in chosen:
            attack(given, claims)
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the suites in one browser; see run."""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "dashboard"))

from playwright.sync_api import sync_playwright

import faults_of_mail
import mails
import settings
from claims import Claims

SUITES = {"settings": settings, "mails": mails, "faults": faults_of_mail}


class Stage:
    """What a suite has: the programs, the browser, and where claims are counted."""

    def __init__(self, options, browser, claims):
        self.options, self.browser, self.claim = options, browser, claims


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("meterd", "meterctl", "dashboard", "notify"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath, metavar="PATH")
    parser.add_argument("--stripe-python", required=True, type=os.path.abspath, metavar="PATH")
    parser.add_argument("--only", choices=SUITES, action="append")
    parser.add_argument("--pictures", type=os.path.abspath, metavar="DIR")
    parser.add_argument("--keep", action="store_true", help="leaves the folders with ledgers and logs")
    parser.add_argument("--traces", action="store_true", help="shows where in a suite a claim failed")
    return parser.parse_args()


def main():
    """Runs the suites; the exit status."""
    options = arguments()
    claims = Claims(options.traces)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        for name in options.only or SUITES:
            with claims("the suite %s reaches its end" % name):
                SUITES[name].run(Stage(options, browser, claims))
        browser.close()
    return claims.report()


if __name__ == "__main__":
    sys.exit(main())

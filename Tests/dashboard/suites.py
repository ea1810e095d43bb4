#!/usr/bin/env python3
"""Runs the suites in one browser; see run."""

import argparse
import os
import sys

from playwright.sync_api import sync_playwright

import honest
import limits
import money
import pages
import passkeys
import providers
import proxies
import scripts
import security
import walks
from claims import Claims

SUITES = {"walks": walks, "honest": honest, "money": money, "pages": pages, "security": security, "scripts": scripts, "limits": limits,
          "passkeys": passkeys, "providers": providers, "proxies": proxies}


class Stage:
    """What a suite has: the programs, the browser, and where claims are counted."""

    def __init__(self, options, browser, claims):
        self.options, self.browser, self.claim = options, browser, claims


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("meterd", "meterctl", "dashboard"):
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
        # As root, Chromium starts only without its own sandbox, which is Playwright's default.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        print("Chromium %s" % browser.version, flush=True)
        for name in options.only or SUITES:
            with claims("the suite %s reaches its end" % name):
                SUITES[name].run(Stage(options, browser, claims))
        browser.close()
    return claims.report()


if __name__ == "__main__":
    sys.exit(main())

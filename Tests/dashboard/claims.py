"""What a suite says, and how it is counted: a sentence per claim."""

import contextlib
import sys
import time
import traceback


class Wrong(AssertionError):
    """A claim that doesn't hold, with the reason."""


def must(condition, reason):
    """The reason is why the claim doesn't hold."""
    if not condition:
        raise Wrong(reason)


def same(found, expected, what="it"):
    """Both are the same."""
    must(found == expected, "%s is %r, not %r" % (what, found, expected))


def has(text, *parts):
    """All parts stand in the text."""
    for part in parts:
        must(part in text, "%r is missing in %r" % (part, shown(text)))


def lacks(text, *parts):
    """No part stands in the text."""
    for part in parts:
        must(part not in text, "%r is in %r" % (part, shown(text)))


def until(condition, what, seconds=20):
    """Asks again and again until the condition holds; gives what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        must(time.monotonic() < deadline, "%s: not within %s seconds" % (what, seconds))
        time.sleep(0.02)
    return found


def shown(text):
    """A text on one line, cut short."""
    line = " ".join(str(text).split())
    return line if len(line) <= 400 else line[:400] + "…"


class Claims:
    """Prints a line per claim, and counts."""

    def __init__(self, shows_traces=False):
        self.held, self.failed, self.shows_traces = 0, [], shows_traces

    @contextlib.contextmanager
    def __call__(self, sentence):
        """The claim holds if its block ends without an error. The next claims are tried in any case."""
        try:
            yield
        except Exception as error:
            self.failed.append(sentence)
            words = shown(error).split(" Call log:")[0]
            kind = "" if isinstance(error, Wrong) else type(error).__name__ + ": "
            print("FAILED %s: %s%s" % (sentence, kind, words), flush=True)
            if self.shows_traces:
                traceback.print_exc(file=sys.stdout)
        else:
            self.held += 1
            print("ok %s" % sentence, flush=True)

    def report(self):
        """The last line; the exit status."""
        print("%d claims: %d ok, %d failed" % (self.held + len(self.failed), self.held, len(self.failed)), flush=True)
        return 1 if self.failed else 0

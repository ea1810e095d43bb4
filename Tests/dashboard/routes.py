"""Every route of the dashboard, as its source has them, and what each role gets from the GET ones."""

import os
import re

from world import HERE

SOURCE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "Sources/Dashboard/Site/Routes.swift")
ROUTE = re.compile(r'\b(Route|member)\(\s*\.(get|post),\s*"(\w+)",\s*"([^"]*)"')

# A GET route's answers to an owner, an admin and a member; docs/teams.md says who may what. Letters in braces are filled in.
GETS = {
    "home": (303, 303, 303),
    "asset": (200, 200, 200),
    "signIn": (303, 303, 303),
    # No provider is configured; with one, see the suite of providers.
    "beginProvider": (404, 404, 404),
    # Nor is there one to come back from.
    "finishProvider": (404, 404, 404),
    # By policy: an org is founded by an operator.
    "newOrganization": (403, 403, 403),
    "openInvitation": (303, 303, 303),
    "showInvitation": (404, 404, 404),
    "org": (303, 303, 303),
    "organization": (200, 200, 200),
    "member": (200, 200, 403),
    "usage": (200, 200, 200),
    "usageCSV": (200, 200, 200),
    "usageCompare": (200, 200, 200),
    "usageTags": (200, 200, 403),
    "live": (200, 200, 200),
    # Somebody else's record: members see their own.
    "record": (200, 200, 404),
    "billing": (200, 200, 403),
    "invoices": (200, 200, 403),
    "invoice": (200, 200, 403),
    "invoicePDF": (200, 200, 403),
    "payments": (200, 200, 403),
    "payment": (200, 200, 403),
    "history": (200, 200, 403),
    "order": (200, 403, 403),
    "cardEntered": (303, 403, 403),
    "subscription": (200, 200, 403),
    "security": (200, 200, 200),
    "audit": (200, 200, 403),
    "auditCSV": (200, 200, 403),
}

# A POST route's lowest role; nothing for those that aren't of an org.
POSTS = {
    "signOut": None, "foundOrganization": None, "acceptInvitation": None, "passkeySignIn": None,
    "invite": "admin", "resend": "admin", "withdraw": "admin", "setLimits": "admin", "setRole": "admin", "addUser": "admin",
    "removeMember": "admin", "eraseMember": "owner", "setModels": "admin", "setData": "admin", "disputeInvoice": "owner",
    "retryPayment": "owner", "checkPayment": "owner", "cancelPayment": "owner", "beginOrder": "owner", "confirmOrder": "owner",
    "enterCard": "owner", "useCard": "owner", "setTopUp": "owner", "setAlerts": "admin", "setBudget": "admin", "setBillTo": "owner",
    "removeSeats": "owner", "keepSeats": "owner", "cancel": "owner", "resume": "owner", "setProfile": "member",
    "endSession": "member", "endOtherSessions": "member", "addPasskey": "member", "disconnectProvider": "member", "removePasskey": "member", "requireSignIn": "owner", "connectProvider": "member",
}


def routes():
    """(method, name, path) of each."""
    with open(SOURCE) as file:
        found = ROUTE.findall(file.read())
    return [(method, name, ("/orgs/{org}" if kind == "member" else "") + path) for kind, method, name, path in found]


def filled(path, values):
    """A path with its parameters filled in."""
    return re.sub(r"\{(\w+)\}", lambda each: str(values[each.group(1)]), path)


def fits(path, address):
    """Whether an address is one of the path's."""
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), address) is not None

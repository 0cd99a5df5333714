"""Desks with real mail doors and no network: what one sends is bytes for the other to read."""

from itertools import count

from channels.contract import Raw, Receipt
from channels.email import Email, EmailOptions
from channels.email.compose import compose
from router import pipeline
from router.prepared import Terms

#: No two mails here are the same mail.
_numbers = count()


class NoVault:
    def secret(self, name):
        raise KeyError(name)


class Mailroom(Email):
    """The mail door of one desk; what it is told to send lies in ``out``, as bytes."""

    def __init__(self, address, account="support", **options):
        given = {"address": address, "authserv_id": "mx.desk.example", "smtp_per_minute": 0}
        super().__init__(account, EmailOptions(**(given | options)), NoVault())
        self.out = []

    def speak(self, outbound):
        self.out.append(compose(outbound, self.options.address))
        return Receipt()


def receive(router, door, data, **terms):
    """Take one mail in; what became of it."""
    raw = Raw(door.identify(data), data)
    taken = pipeline.receive(router, door, [raw], Terms(**terms))
    return taken[0] if taken else None


def mail(**headers):
    """A mail of these headers; ``body`` is its text."""
    body = headers.pop("body", "Hello") + f"\r\n{next(_numbers)}"
    given = {
        "From": "Lin <lin@mail.example>",
        "To": "help@desk.example",
        "Subject": "transfer",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [
        f"{name}: {one}"
        for name, value in given.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body + "\r\n").encode()

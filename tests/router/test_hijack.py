"""Eighty attempts to get into somebody's ticket: it stays as it is, byte for byte.

Then each guard is taken away by itself, and some attempt gets through: a guard nobody misses would
be none.
"""

import hashlib

import pytest

from channels.contract import Verification
from channels.email import authentication, parse
from router import deliver, desk, joining
from router.core import threads
from router.core.rights import Who
from router.core.threads import Decision, Tokens
from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, mail, receive
from tests.staff import staffed

pytestmark = pytest.mark.one_database

ADMIN = Who(id=1, name="Mei", role="admin")
MEI = "mei@desk.example"
PASS = "mx.desk.example; dmarc=pass header.from=mail.example"
EVES = "mx.desk.example; dmarc=pass header.from=evil.example"
STRANGER = "Eve <eve@evil.example>"
VICTIM = "Lin <lin@mail.example>"


@pytest.fixture
def door():
    return Mailroom("help@desk.example")


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), ADMIN)


class Victim:
    """Lin's ticket with an answer on it, and everything of it that an attacker might have seen."""

    def __init__(self, router, door):
        self.router = router
        self.id_ = "<first@mail.example>"
        taken = receive(
            router,
            door,
            mail(Message_ID=self.id_, Authentication_Results=PASS, body="My transfer is missing"),
        )
        self.ticket, self.number = taken.ticket_id, taken.number
        deliver.sweep(router)
        desk.reply(router, ADMIN, self.ticket, "We are looking into it.", once="a")
        deliver.sweep(router)
        with router.store.reading() as unit:
            rows = unit.rows("SELECT rfc_id FROM outbox ORDER BY id")
        self.ours = [row.rfc_id for row in rows]
        self.token = router.tokens.reply_token(self.ticket)
        self.address = f"help+t.{self.token}@desk.example"

    def state(self):
        """Every byte the desk keeps of the ticket."""
        digest = hashlib.sha256()
        with self.router.store.reading() as unit:
            for table, column in (
                ("ticket", "id"),
                ("message", "ticket_id"),
                ("participant", "ticket_id"),
                ("entry", "ticket_id"),
                ("sla_clock", "ticket_id"),
                ("outbox", "ticket_id"),
                ("ticket_tag", "ticket_id"),
            ):
                rows = unit.rows(f"SELECT * FROM {table} WHERE {column} = :t", t=self.ticket)
                digest.update(repr(sorted(map(repr, rows))).encode())
        return digest.hexdigest()


def _report(victim, recipient, original):
    """A delivery report as servers write it."""
    lines = [
        "From: MAILER-DAEMON@evil.example\r\nTo: help@desk.example\r\nSubject: Undelivered",
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary="b"',
        "\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.",
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; evil.example\r\n",
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\n\r\n--b--\r\n",
    ]
    return "\r\n".join(lines).encode()


FORWARD = (
    "---------- Forwarded message ---------\nFrom: {of}\nDate: Mon, 23 Nov 2026\n"
    "Subject: transfer\nTo: help@desk.example\n\nPlease send it elsewhere."
)


def stolen_token(v):
    for header in ("To", "Cc", "Delivered_To", "X_Original_To", "Envelope_To"):
        yield mail(**{"From": STRANGER, header: v.address})


def forged_token(v):
    flipped = ("b" if v.token[-1] != "b" else "c") + ""
    for token in (
        v.token[:-1] + flipped,
        v.token[1:] + "a",
        "a" * len(v.token),
        v.token[:16] + v.token[:16],
        Tokens(_other_keys()).reply_token(v.ticket),
    ):
        yield mail(From=VICTIM, To=f"help+t.{token}@desk.example")


def _other_keys():
    from router.core.keys import Keyring

    return Keyring.ephemeral()


def quoted_ids(v):
    yield mail(From=STRANGER, In_Reply_To=v.ours[0])
    yield mail(From=STRANGER, References=f"{v.id_} {v.ours[0]}")
    yield mail(From=STRANGER, In_Reply_To=v.id_)
    yield mail(From=STRANGER, References=" ".join(reversed(v.ours)))
    yield mail(From=STRANGER, In_Reply_To=v.ours[1], Authentication_Results=PASS)


def subject_numbers(v):
    for subject in (
        v.number,
        f"Re: [{v.number}] transfer",
        f"Re: {v.number.lower()}",
        f"#{v.number} 回复",
        v.number.replace("-", ""),
    ):
        yield mail(From=VICTIM, Subject=subject)


def spoofed_unverified(v):
    yield mail(From=VICTIM, In_Reply_To=v.ours[0])
    yield mail(From=VICTIM, References=v.id_)
    yield mail(
        From=VICTIM, In_Reply_To=v.ours[1], Authentication_Results="evil.example; dmarc=pass"
    )
    yield mail(
        From=VICTIM,
        In_Reply_To=v.ours[1],
        Authentication_Results=["evil.example; dmarc=none", PASS],
    )
    yield mail(
        From=VICTIM,
        In_Reply_To=v.ours[1],
        Authentication_Results="mx.desk.example; dkim=pass header.d=evil.example",
    )


def spoofed_failed(v):
    failed = "mx.desk.example; dmarc=fail header.from=mail.example"
    for headers in (
        {"To": v.address},
        {"Cc": v.address},
        {"In_Reply_To": v.ours[0]},
        {"To": v.address, "References": v.id_},
        {"Delivered_To": v.address, "Subject": v.number},
    ):
        yield mail(**{"From": VICTIM, "Authentication_Results": failed, **headers})


def two_senders(v):
    for froms in (
        [VICTIM, STRANGER],
        [STRANGER, VICTIM],
        f"{STRANGER}, {VICTIM}",
        [VICTIM, VICTIM],
        f"{VICTIM}, {STRANGER}",
    ):
        yield mail(From=froms, In_Reply_To=v.ours[0], Authentication_Results=PASS)


def senders_in_disguise(v):
    """What a receiver checks is Eve's own domain; what is read must not be Lin's."""
    passed = {"To": v.address, "Authentication_Results": EVES}
    yield mail(From='"lin@mail.example"@evil.example', **passed)
    yield mail(From='"lin@mail.example" @evil.example', **passed)
    yield mail(From="<lin@mail.example> <eve@evil.example>", **passed)
    yield mail(From="<<lin@mail.example>eve@evil.example>", **passed)
    yield mail(From="People: lin@mail.example;, eve@evil.example", **passed)


def stand_ins(v):
    """No sender at all, and another header that names Lin."""
    for name in ("Sender", "Reply_To", "Return_Path"):
        yield mail(**{"From": "", "To": v.address, name: VICTIM, "Authentication_Results": EVES})
    yield mail(From="Eve", To=v.address, Reply_To=VICTIM, Authentication_Results=EVES)
    yield mail(From="Eve", To=v.address, Sender=VICTIM)


def vouched_for_by_themselves(v):
    """The receiver repeats what the sender wrote: a return path, a signer's name."""
    for said in (
        'spf=pass smtp.mailfrom="x; dkim=pass header.d=mail.example"@evil.example; dmarc=none',
        'spf=pass (domain of "x) ; dkim=pass header.d=mail.example ("@evil.example designates it)',
        'dkim=pass header.d=evil.example header.i="a header.d=mail.example"@evil.example',
        "dkim=pass header.d=evil.example header.b=x header.d=mail.example",
        'spf=pass (of x\\); dkim=pass header.d=mail.example) smtp.mailfrom="x',
    ):
        told = f"mx.desk.example; {said}"
        yield mail(From=VICTIM, In_Reply_To=v.ours[0], Authentication_Results=told)


def look_alikes(v):
    for sender in (
        "Lin <1in@mail.example>",
        "Lin <lin@rnail.example>",
        '"lin@mail.example" <eve@evil.example>',
        "Lin <lin@mail.example.evil.example>",
        "Lin <l\u0456n@mail.example>",
    ):
        yield mail(From=sender, To=v.address, In_Reply_To=v.ours[0]).replace(b"\xd1\x96", b"i2")


def other_senders(v):
    for name in ("Sender", "Reply_To", "Return_Path", "X_Sender", "Resent_From"):
        yield mail(**{"From": STRANGER, "To": v.address, name: VICTIM})


def forged_reports(v):
    yield _report(v, "eve@evil.example", v.ours[1])
    yield _report(v, "lin@mail.example", "<1.guessed@desk.example>")
    yield _report(v, "lin@mail.example", v.id_)
    yield _report(v, "help@desk.example", v.ours[1])
    yield _report(v, "lin@mail.example.evil.example", v.ours[1])


def forged_returns(v):
    """What comes back to the address a mail of ours left from, or by its envelope's id."""
    own = v.ours[1].strip("<>").removeprefix("o.").partition("@")[0]
    back, said = f"help+b.{own}@desk.example", "550 no such user"
    yield mail(
        From="MAILER-DAEMON@evil.example",
        Delivered_To=back,
        Subject="failure notice",
        body=f"<eve@evil.example>: {said}",
    )
    yield mail(
        From="MAILER-DAEMON@evil.example",
        To=f"help+b.{'0a' * 16}@desk.example",
        Subject="failure notice",
        body=f"<lin@mail.example>: {said}",
    )
    yield mail(From=STRANGER, To=back)
    yield mail(From=VICTIM, To=back)
    report = _report(v, "eve@evil.example", "<1.guessed@desk.example>")
    told = f"dns; evil.example\r\nOriginal-Envelope-Id: o.{own}@desk.example\r\n".encode()
    yield report.replace(b"dns; evil.example\r\n", told)


def agents_by_mail(v):
    passed_on = {"Subject": "Fwd: transfer", "body": FORWARD.format(of=VICTIM)}
    yield mail(From=f"Mei <{MEI}>", To=v.address, body="#close")
    yield mail(From=f"Mei <{MEI}>", In_Reply_To=v.ours[0], body="assign me")
    yield mail(From=f"Mei <{MEI}>", To=v.address, **passed_on)
    yield mail(From=STRANGER, To=v.address, **passed_on)
    yield mail(
        From=f"Mei <{MEI}>",
        To=v.address,
        In_Reply_To=v.ours[0],
        Authentication_Results="mx.desk.example; dmarc=pass header.from=desk.example",
        **passed_on,
    )


def subscribed(v):
    for headers in (
        {"Cc": STRANGER},
        {"Cc": f"{STRANGER}, {v.address}"},
        {"Bcc": STRANGER},
        {"Reply_To": STRANGER},
        {"To": f"{v.address}, {STRANGER}"},
    ):
        yield mail(**{"From": "Eve <eve@evil.example>", "To": v.address, **headers})


ATTEMPTS = [
    *(stolen_token, forged_token, quoted_ids, subject_numbers, spoofed_unverified),
    *(spoofed_failed, two_senders, look_alikes, other_senders, forged_reports),
    *(agents_by_mail, subscribed, forged_returns, senders_in_disguise, stand_ins),
    vouched_for_by_themselves,
]


@pytest.fixture
def victim(router, door):
    return Victim(router, door)


def _broken_in(router, door, victim, attempts):
    """How many of these changed the ticket."""
    changed = 0
    for data in attempts(victim):
        before = victim.state()
        assert receive(router, door, data) is not None
        deliver.sweep(router)
        changed += victim.state() != before
    return changed


@pytest.mark.parametrize("attempts", ATTEMPTS, ids=lambda one: one.__name__)
def test_nobody_gets_into_somebodys_ticket(router, door, victim, attempts):
    assert len(list(attempts(victim))) == 5
    assert _broken_in(router, door, victim, attempts) == 0


def test_lin_herself_gets_in(router, door, victim):
    before = victim.state()
    receive(router, door, mail(From=VICTIM, To=victim.address))
    receive(
        router, door, mail(From=VICTIM, In_Reply_To=victim.ours[1], Authentication_Results=PASS)
    )
    assert victim.state() != before
    with router.store.reading() as unit:
        row = unit.row("SELECT messages FROM ticket WHERE id = :t", t=victim.ticket)
    assert row.messages == 4


# ---------------------------------------------------------------- one guard taken away


def _everybody_takes_part(monkeypatch):
    real = threads.decide

    def decided(candidates, **known):
        everywhere = {one.ticket_id for one in candidates}
        return real(candidates, **{**known, "sender_is_participant": everywhere})

    monkeypatch.setattr(joining, "decided", decided)


def _no_check_of_the_mac(monkeypatch):
    def opened(self, purpose, token, size):
        import base64

        return base64.b32decode(token, casefold=True)[:size]

    monkeypatch.setattr(Tokens, "_open", opened)


def _failed_is_as_good_as_any(monkeypatch):
    monkeypatch.setattr(threads, "_believed", lambda one, trust: True)


def _unverified_is_as_good_as_any(monkeypatch):
    monkeypatch.setattr(threads, "_believed", lambda one, trust: trust != "failed")


def _any_servers_word(monkeypatch):
    real = authentication._said

    def said(headers, domain, authserv_id):
        for written in headers.all("authentication-results"):
            if "dmarc=pass" in written:
                return Verification.VERIFIED
        return real(headers, domain, authserv_id)

    monkeypatch.setattr(authentication, "_said", said)


def _any_domains_signature(monkeypatch):
    monkeypatch.setattr(authentication, "_aligned", lambda method, about, domain: True)


def _any_report(monkeypatch):
    def returned(batch, message):
        bounce = message.inbound.bounce
        return batch.returned.get(bounce.original_message_id) if bounce else None

    monkeypatch.setattr(joining, "returned", returned)
    monkeypatch.setattr("router.returning.returned", returned)


def _numbers_in_subjects(monkeypatch):
    real = joining.decide

    def decide(router, batch, message, person):
        with router.store.reading() as unit:
            for row in unit.rows("SELECT id, number FROM ticket"):
                if row.number.lower() in message.subject.lower():
                    from router.store.batch import load

                    batch.tickets |= load(unit, [row.id])
                    return Decision("append", row.id, "number")
        return real(router, batch, message, person)

    monkeypatch.setattr(joining, "decide", decide)


def _any_sender_of_several(monkeypatch):
    _anything_that_names_a_sender(monkeypatch)
    real = authentication.verify

    def verify(headers, sender, authserv_id, signed_by=()):
        headers.values["from"] = headers.values["from"][:1]
        return real(headers, sender, authserv_id, signed_by)

    monkeypatch.setattr(authentication, "verify", verify)


def _anything_that_names_a_sender(monkeypatch):
    real = parse._senders  # the guard itself
    monkeypatch.setattr(parse, "_senders", lambda found: (real(found)[0], True))


def _whatever_a_receiver_repeats(monkeypatch):
    monkeypatch.setattr(authentication, "_bare", lambda text: text)


@pytest.mark.parametrize(
    ("guard", "attempts"),
    [
        (_everybody_takes_part, stolen_token),
        (_everybody_takes_part, look_alikes),
        (_no_check_of_the_mac, forged_token),
        (_failed_is_as_good_as_any, spoofed_failed),
        (_unverified_is_as_good_as_any, spoofed_unverified),
        (_any_servers_word, spoofed_unverified),
        (_any_domains_signature, spoofed_unverified),
        (_any_report, forged_reports),
        (_any_report, forged_returns),
        (_numbers_in_subjects, subject_numbers),
        (_any_sender_of_several, two_senders),
        (_anything_that_names_a_sender, senders_in_disguise),
        (_anything_that_names_a_sender, stand_ins),
        (_whatever_a_receiver_repeats, vouched_for_by_themselves),
    ],
)
def test_without_this_guard_somebody_gets_in(router, door, victim, monkeypatch, guard, attempts):
    guard(monkeypatch)
    assert _broken_in(router, door, victim, attempts) > 0

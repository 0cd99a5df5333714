"""Secrets planted through every door there is; then every byte the desk keeps or says is searched.

Each place gets secrets of its own, so a hit names the leak. What is sealed is looked at twice: as
it lies on the disk, and attachments once more as they are handed out.
"""

import io
import json
import logging
import random
import uuid
from datetime import timedelta
from email.message import EmailMessage
from html import escape
from pathlib import Path

import pytest

from channels import registry
from channels.contract import Raw
from router import deliver, desk, log, pipeline
from router.core.rights import Who
from router.prepared import Terms
from router.settings import LogSettings
from router.store import people, search
from tests import planted
from tests.channels.test_conformance import Lent
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of
from tests.tables import tables_of
from tests.web.conftest import Browser

#: A list whose words none of our own texts have.
LIST = "czech"
PLACES = (
    *("subject", "body", "quote", "html", "sender", "name of a file", "text file", "csv file"),
    *("mail in a mail", "form body", "form subject", "form name", "form field", "program"),
    *("reply", "note", "parked", "log"),
)


class Plants:
    """The secrets of one place: how they are told, and what must be found nowhere afterwards."""

    def __init__(self, place):
        source = random.Random(f"canary {place}")
        self.words = planted.phrase(LIST, source)
        self.han = planted.phrase("chinese_simplified", source)
        self.card = planted.card("4", 16, source)
        self.id_card = planted.id_card(source)
        self.key = source.randbytes(32).hex()
        self.wif = planted.base58(b"\x80" + source.randbytes(32))
        self.code = str(source.randrange(100_000, 999_999))
        self.password = f"Canary#{source.randrange(10**6, 10**7)}"

    @property
    def short(self):
        """Two that fit into a name or a subject."""
        return f"{' '.join(self.words)} card {self.card}"

    @property
    def text(self):
        lines = (
            f"phrase: {' '.join(self.words)}",
            f"助记词：{' '.join(self.han)}",
            f"my card number {' '.join(self.card[at : at + 4] for at in range(0, 16, 4))}",
            f"身份证号{self.id_card}",
            f"private key: {self.key}",
            f"and {self.wif} too",
            f"验证码 {self.code}",
            f"my password is {self.password}",
        )
        return "\n".join(lines)

    @property
    def needles(self):
        """What would tell the secret, in pieces: half a phrase is a leak too."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return (
            *(" ".join(pair) for pair in pairs),
            *(word for word in self.words if len(word) > 6),
            " ".join(self.han[:3]),
            "".join(self.han[:3]),
            self.card[:12],
            f"{self.card[:4]} {self.card[4:8]} {self.card[8:12]}",
            self.id_card,
            self.key,
            self.key[:32],
            self.wif,
            self.code,
            self.password,
        )


PLANTS = {place: Plants(place) for place in PLACES}


def _mail(sender, subject, body, name="Ann", html="", files=()):
    mail = EmailMessage()
    mail["From"] = f'"{name}" <{sender}>'
    mail["To"] = "support@desk.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid.uuid4()}@mail.example>"
    mail.set_content(body)
    if html:
        mail.add_alternative(html, subtype="html")
    for file, kind, data in files:
        if kind == "mail":
            inner = EmailMessage()
            inner["Subject"] = "forwarded"
            inner.set_content(data, cte="base64")
            mail.add_attachment(inner.as_bytes(), "application", "octet-stream", filename=file)
        else:
            mail.add_attachment(data, subtype=kind, filename=file)
    return mail.as_bytes()


class MailDoor(FakeDoor):
    """Reads mail as the real door does, keeps a ledger of what is sent; some mail it cannot read,
    and its complaint quotes all of it."""

    def parse(self, raw):
        if b"X-Unreadable" in raw.data:
            raise ValueError(raw.data.decode())
        kind = registry.channel("email")
        real = kind("support", kind.Options(address="support@desk.example"), Lent({}))
        return real.parse(raw)


def _mails():
    p = PLANTS
    html = "".join(f"<p>{escape(line)}</p>" for line in p["html"].text.split("\n"))
    csv = "n,word\n" + "\n".join(f"{n},{word}" for n, word in enumerate(p["csv file"].words, 1))
    yield _mail("a@mail.example", p["subject"].short, "see the subject")
    yield _mail("b@mail.example", "body", p["body"].text)
    quote = "\n".join(f"> {line}" for line in p["quote"].text.split("\n"))
    yield _mail("c@mail.example", "Re: quote", f"any news?\n\nOn Monday Bo wrote:\n{quote}\n")
    yield _mail("d@mail.example", "html", "see below", html=f"<html><body>{html}</body></html>")
    yield _mail("e@mail.example", "sender", "my name says it", name=p["sender"].short)
    yield _mail(
        "f@mail.example",
        "files",
        "see the files",
        files=[
            (f"{p['name of a file'].short}.txt", "plain", "nothing in it"),
            ("notes.txt", "plain", p["text file"].text),
            ("words.csv", "csv", csv),
            ("old.eml", "mail", p["mail in a mail"].text),
        ],
    )
    yield (
        b"X-Unreadable: "
        + p["parked"].short.encode()
        + b"\r\n"
        + _mail("g@mail.example", "parked", p["parked"].text)
    )


@pytest.fixture
def said():
    """Everything the desk logs, as it would be written."""
    written, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers, root.level
    log.begin(LogSettings(level="debug", json_lines=True), written)
    yield written
    root.handlers = before
    root.setLevel(level)


@pytest.fixture
def door():
    return MailDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def agent(router):
    """A signed-in browser, and who it is."""
    app = app_of(router)
    app.testing = True

    def work(unit):
        number = people.create_agent(unit, "mei@desk.example", "Mei", "admin", [])
        return number, people.open_session(unit, number, hours=1)

    number, secret = router.store.write(work)
    yield Browser(app, secret), Who(id=number, name="Mei", role="admin")
    app.extensions["hub"].close()


def _plant(router, door, agent, frozen):
    """Every secret through its door, and on to wherever the desk takes it."""
    raws = [Raw(door.identify(data), data) for data in _mails()]
    taken = pipeline.receive(router, door, raws, Terms())
    browser, who = agent
    p = PLANTS
    stamp = router.tokens.form_stamp(frozen.now())
    frozen.advance(timedelta(seconds=60))
    form = {
        "idempotency_key": str(uuid.uuid4()),
        "form_ts": stamp,
        "subject": p["form subject"].short,
        "body": p["form body"].text,
        "name": p["form name"].short,
        "device": p["form field"].short,
        "transaction_ref": p["form field"].wif,
        "email": "h@mail.example",
    }
    assert browser.client.post("/contact", data=form).status_code == 202
    program = {
        "idempotency_key": str(uuid.uuid4()),
        "subject": p["program"].short,
        "body": p["program"].text,
        "device": p["program"].short,
        "contact": {"email": "i@mail.example", "name": p["program"].short},
    }
    assert browser.client.post("/api/v1/intake/webform", json=program).status_code == 202
    ticket = taken[0]
    for verb, place in ((desk.reply, "reply"), (desk.note, "note")):
        verb(router, who, ticket.ticket_id, p[place].text, once=place)
    logging.getLogger("router.somewhere").warning("the far side said: %s", p["log"].text)
    try:
        int(p["log"].text)
    except ValueError:
        logging.getLogger("router.somewhere").exception("it failed")
    frozen.advance(timedelta(hours=1))
    deliver.sweep(router)
    return taken


def _everything(router, door, browser, said, tmp_path):
    """All that is kept or said, by the place where it lies, as bytes."""
    with router.store.reading() as unit:
        tables = tables_of(router.store)
        for table in (one for one in tables if one != "search"):  # asked word by word below
            rows = unit.rows(f'SELECT * FROM "{table}"')
            yield f"table {table}", b"\n".join(_bytes(value) for row in rows for value in row)
        for row in unit.rows(
            "SELECT f.token, b.key_id, b.wrapped_key, b.blob FROM attachment f "
            "JOIN attachment_body b ON b.attachment_id = f.id"
        ):
            data = router.keys.unseal(row.key_id, row.wrapped_key, row.blob, row.token.encode())
            yield "an attachment as it is handed out", data
        numbers = [row.number for row in unit.rows("SELECT number FROM ticket")]
        messages = [row.id for row in unit.rows("SELECT id FROM message WHERE html <> ''")]
    for file in sorted(Path(tmp_path).rglob("*")):
        if file.is_file():
            yield f"file {file.name}", file.read_bytes()
    yield "the log", said.getvalue().encode()
    yield "what was sent", "\n".join(f"{one.subject}\n{one.text}" for one in door.sent).encode()
    pages = [
        *("/", "/?view=all", "/outbox", "/parked", "/health"),
        *(f"/ticket/{number}" for number in numbers),
        *(f"/message/{number}/html" for number in messages),
    ]
    for page in pages:
        yield f"page {page}", browser.get(page).data


def _bytes(value):
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return str(value).encode("utf-8", "surrogatepass")


def test_no_planted_secret_is_found_anywhere(router, door, agent, frozen, said, tmp_path):
    taken = _plant(router, door, agent, frozen)
    assert [one.outcome for one in taken] == ["new"] * 6 + ["parked"]
    needles = [
        (place, needle, {needle.encode(), json.dumps(needle)[1:-1].encode()})
        for place, plants in PLANTS.items()
        for needle in plants.needles
    ]
    hits, looked = [], 0
    for where, data in _everything(router, door, agent[0], said, tmp_path):
        looked += len(data)
        hits += [
            (place, needle, where)
            for place, needle, spelt in needles
            if any(one in data for one in spelt)
        ]
    assert hits == []
    assert looked > 50_000


def test_what_was_planted_was_really_there(router, door, agent, frozen):
    """The search above would be empty words if the doors had dropped what they were given."""
    _plant(router, door, agent, frozen)
    with router.store.reading() as unit:
        kept = {(row.part, row.kind) for row in unit.rows("SELECT part, kind FROM masked_secret")}
        masked = unit.rows("SELECT text, rest FROM message WHERE masked <> ''")
        copies = unit.rows("SELECT params FROM entry WHERE code = 'masked_copy'")
    everything = {
        *("seed_phrase", "card", "id_card", "private_key", "one_time_code", "password"),
    }
    for part in ("text", "rest", "file"):
        assert {kind for where, kind in kept if where == part} == everything, part
    for part in ("subject", "name", "field"):
        assert {"seed_phrase", "card"} <= {kind for where, kind in kept if where == part}, part
    assert len(masked) >= 10
    assert len(copies) == 1


def test_no_word_of_a_planted_phrase_finds_a_ticket(router, door, agent, frozen):
    _plant(router, door, agent, frozen)
    with router.store.reading() as unit:
        found = {
            word
            for plants in PLANTS.values()
            for word in (*plants.words, "".join(plants.han[:2]), plants.card, plants.code)
            if search.find(unit, word, teams=None).found
        }
    assert found == set()


def test_a_parked_mail_lies_sealed_and_only_its_key_opens_it(router, door, agent, frozen):
    """Its bytes are kept for a replay; they are the one place where a secret waits, sealed."""
    _plant(router, door, agent, frozen)
    with router.store.reading() as unit:
        (row,) = unit.rows("SELECT * FROM journal WHERE state = 'parked'")
    assert not any(needle.encode() in bytes(row.raw) for needle in PLANTS["parked"].needles)
    assert not any(needle in row.trace for needle in PLANTS["parked"].needles)
    assert "Traceback" in row.trace

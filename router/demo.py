"""Made-up tickets in Chinese and English, so that an empty desk can be looked at and tried.

They go through the same pipeline as real ones, with a clock that is moved back to when each is
said to have arrived, so ages, promises and service hours are those of a real day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from importlib import resources
from typing import Any

from channels import webform
from channels.contract import Raw
from router import desk, pipeline, reports
from router.assemble import FORM, Router
from router.core.clock import FrozenClock
from router.core.ids import Ids
from router.core.rights import Who
from router.errors import Conflict
from router.prepared import Terms
from router.store import made_up, people
from router.store.database import Store
from router.store.unit import Unit

_PEOPLE = (
    ("mei@desk.example", "林美", "agent", ("support", "security")),
    ("tom@desk.example", "Tom Becker", "agent", ("support", "security")),
    ("hua@desk.example", "王华", "lead", ("support", "security")),
)
_LATER = timedelta(minutes=25)


def check(router: Router) -> None:
    """Raise Conflict where real people may be: made-up tickets belong to a desk without any."""
    on = [f"{kind}.{account}" for kind, account in router.doors]
    if on:
        raise Conflict(f"{on[0]} is on: made-up tickets belong to a desk without channels")
    with router.store.reading() as unit:
        if made_up.others(unit):
            message = "this desk has tickets that are not made up; try the demo in another folder"
            raise Conflict(message)


def fill(router: Router) -> int:
    """Load the demo; how many tickets were added. A second call adds none."""
    story = tomllib.loads(resources.files("router").joinpath("demo.toml").read_text("utf-8"))
    now = router.clock.now()
    agents = router.store.write(_people)
    count = 0
    touched = []
    for number, told in enumerate(story["ticket"]):
        at = now - timedelta(hours=told["ago"])
        past, clock = _back(router, at)
        try:
            taken = _arrive(past, told, number, at)
            if taken is not None and taken.outcome == "new":
                count += 1
                clock.set(min(at + _LATER, now))
                touched.append(taken.ticket_id)
                _act(past, agents[number % len(agents)], taken.ticket_id, told, number)
        finally:
            past.store.close()
    reports.count(router, touched)  # their ids are of days that were counted already
    return count


def _people(unit: Unit) -> list[Who]:
    teams = people.team_ids(unit)
    made = []
    for email, name, role, keys in _PEOPLE:
        known = people.find_agent(unit, email)
        agent_id = known.id if known else people.create_agent(unit, email, name, role, keys)
        unit.flush()
        mine = frozenset(teams[key] for key in keys)
        made.append(Who(id=agent_id, name=name, role=role, teams=mine, locale="zh"))
    return made


def _back(router: Router, at: datetime) -> tuple[Router, FrozenClock]:
    """The same desk at an earlier hour, and the hand of its clock."""
    clock = FrozenClock(at)
    ids = Ids(clock)
    store = Store(router.settings.database_url, clock=clock, ids=ids)
    return replace(router, clock=clock, ids=ids, store=store), clock


def _arrive(
    router: Router, told: Mapping[str, Any], number: int, at: datetime
) -> pipeline.Taken | None:
    name, address = parseaddr(told["from"])
    if told["channel"] == FORM[0]:
        fields = {
            "idempotency_key": f"demo-{number}",
            "locale": "zh-CN" if not told["text"].isascii() else "en",
            "category_hint": told.get("hint", ""),
            "subject": told["subject"],
            "body": told["text"],
            "name": name,
            "email": address,
            "device": "Pixel 9",
            "app_version": "8.4.1",
        }
        source = f"2001:db8:{number:x}::1"
        data = webform.document(fields, [], received_at=at)
        return _received(router, FORM[0], number, data, source)
    return _received(router, "email", number, _mail(told, name, address, number, at))


def _received(
    router: Router, kind: str, number: int, data: bytes, source: str = ""
) -> pipeline.Taken | None:
    door = router.doors.reader(kind, made_up.ACCOUNT)
    # Its date is another one each time, so its own bytes would not tell that it was here.
    raw = Raw(f"demo-{number}", data, router.clock.now())
    taken = pipeline.receive(router, door, [raw], Terms(source=source))
    return taken[0] if taken else None


def _mail(told: Mapping[str, Any], name: str, address: str, number: int, at: datetime) -> bytes:
    local, _, domain = address.partition("@")
    mail = EmailMessage()
    mail["From"] = Address(name, local, domain)
    mail["To"] = "support@desk.example"
    mail["Subject"] = told["subject"]
    mail["Message-ID"] = f"<demo-{number}@{domain}>"
    mail["Date"] = format_datetime(at)
    mail.set_content(told["text"])
    return mail.as_bytes()


def _act(router: Router, who: Who, ticket_id: int, told: Mapping[str, Any], number: int) -> None:
    if "note" in told:
        desk.assign(router, who, ticket_id, who.id)
        desk.note(router, who, ticket_id, told["note"], once=f"demo-note-{number}")
    if "reply" in told:
        once = f"demo-reply-{number}"
        desk.reply(router, who, ticket_id, told["reply"], once=once, close=told.get("close", False))

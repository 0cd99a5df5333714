"""What every shape of a report comes down to: a fact about a call, numbers in one spelling."""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from channels.contract import BadRequest, Call, Telling

#: What providers say for "we do not know who called"; never a key of anything.
_HIDDEN = frozenset(
    {"anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "asterisk"}
)
#: Twilio writes these where a number is hidden: the words above on a telephone's keys.
_HIDDEN_DIGITS = frozenset({"266696687", "86282452253", "7378742833", "2562533", "8656696"})
#: What a key of the menu may be about, and the countries that numbers may be of.
GROUPS = ("login", "transfer", "records", "security", "other")
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
_LONGEST, _LONGEST_ID, _LONGEST_WORD = 10_000, 100, 200
_MOMENTS = ("started_at", "answered_at", "ended_at")


@dataclass(frozen=True, slots=True)
class Habits:
    """How this line is to be read: the country of plain numbers, the keys of its menu, the zone of
    times in its files."""

    region: str = "CN"
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about a call; ``key`` is the same whenever it is told again."""

    key: str
    call: Call | None = None
    code: str = "call"
    at: datetime | None = None
    telling: Telling | None = None


def number(given: str, region: str) -> str:
    """A number in E.164; as its digits when it is none, and empty when it is hidden."""
    plain = given.strip()
    bare = "".join(one for one in plain if one.isascii() and one.isdigit())
    if not bare or plain.lower() in _HIDDEN or bare in _HIDDEN_DIGITS:
        return ""
    try:
        parsed = phonenumbers.parse(plain[:40], region)
    except phonenumbers.NumberParseException:
        return bare[:20]
    if not phonenumbers.is_possible_number(parsed):
        return bare[:20]
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_zone(name: str) -> bool:
    """Whether a zone of that name is known."""
    try:
        return bool(name) and ZoneInfo(name).key == name
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


def hint(choice: str, choices: Mapping[str, str]) -> str:
    """What a choice in the voice menu is about, or empty."""
    for part in (choice, *choice.replace("/", "-").split("-")):
        known = choices.get(part, part).strip().lower()
        if known in GROUPS:
            return known
    return ""


def word(given: Mapping[str, Any], name: str, longest: int = _LONGEST_WORD) -> str:
    """A field that is text, or empty."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode().strip()[:longest]


def text(given: Mapping[str, Any], name: str) -> str:
    """A field that people read."""
    return word(given, name, _LONGEST)


def call_id(given: Mapping[str, Any], name: str) -> str:
    """The provider's id; raises BadRequest where there is none."""
    found = word(given, name, _LONGEST)
    if not found or len(found) > _LONGEST_ID or not found.isprintable():
        raise BadRequest("a report without the id of its call")
    return found


def moment(written_as: str) -> datetime | None:
    """A moment in ISO 8601 or as mails write it; None where it is none."""
    if not written_as:
        return None
    try:
        found = datetime.fromisoformat(written_as)
    except ValueError:
        try:
            found = parsedate_to_datetime(written_as)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def digest(data: object) -> str:
    """A short word for a fact that has no id of its own."""
    plain = json.dumps(data, ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- a message about a call


def message_id(account: str, of_call: str) -> str:
    """The id that messages about one call have in common."""
    plain = base64.b32encode(hashlib.sha256(f"{account}\0{of_call}".encode()).digest()[:15])
    return f"call:{plain.decode().lower()}"


def written(telling: Telling) -> bytes:
    """A message about a call as bytes, in one spelling."""
    call = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(telling.call).items()
    }
    told = {"call": call, **{n: getattr(telling, n) for n in ("number", "text", "answers")}}
    return json.dumps({"telling": told}, ensure_ascii=False, sort_keys=True).encode(
        "utf-8", "replace"
    )


def fact(given: Mapping[str, Any], habits: Habits) -> Fact:
    """Read back what :func:`written` wrote; raises BadRequest for anything else."""
    del habits
    told = given["telling"]
    if not isinstance(told, dict) or not isinstance(told.get("call"), dict):
        raise BadRequest("not a message about a call")
    values = told["call"]
    known: dict[str, Any] = {}
    for field in dataclasses.fields(Call):
        value = values.get(field.name)
        if field.name in _MOMENTS:
            known[field.name] = moment(value) if isinstance(value, str) else None
        elif isinstance(value, type(field.default) if field.name != "id" else str):
            known[field.name] = value
    call = Call(**{**known, "id": call_id(values, "id")})
    count = told.get("number")
    telling = Telling(
        call,
        count if isinstance(count, int) else 0,
        text(told, "text"),
        word(told, "answers"),
    )
    return Fact(f"{call.id}:told:{telling.number}", call, telling=telling)


def fields(call: Call) -> dict[str, str]:
    """What an agent wants to know of a call at a glance."""
    rang = _seconds(call.started_at, call.answered_at or call.ended_at)
    talked = _seconds(call.answered_at, call.ended_at)
    said = {
        "call": call.outcome,
        "direction": "" if call.inbound else "out",
        "line": call.line,
        "choice": call.choice,
        "queue": call.queue,
        "rang": rang,
        "talked": talked,
        "agent": call.agent,
        "wrap_up": call.wrap_up,
    }
    return {name: value for name, value in said.items() if value}


def _seconds(begin: datetime | None, end: datetime | None) -> str:
    if begin is None or end is None or end < begin:
        return ""
    return f"{int((end - begin).total_seconds())} s"

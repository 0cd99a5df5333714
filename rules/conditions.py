"""``when`` of a rule: what must be true of a message besides its words.

Conditions are read here, told what is wrong with them, and held against the facts. What is not
known of a message (a mail read from a file has no sender we could know) never holds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import PurePath

from rules.amounts import CURRENCIES, Amount
from rules.contract import Facts, When

#: The kinds of files a rule may ask for, and how each is told by its name.
ENDINGS = {
    "image": "jpg jpeg png gif heic webp bmp tif tiff svg",
    "audio": "mp3 m4a amr wav ogg opus aac silk",
    "video": "mp4 mov avi mkv webm 3gp",
    "pdf": "pdf",
    "document": "doc docx odt rtf txt md pages",
    "sheet": "xls xlsx ods csv numbers",
    "archive": "zip rar 7z gz tar",
    "program": "exe apk msi bat cmd js vbs scr jar dmg ipa ps1 com lnk",
    "mail": "eml msg",
}
#: Every kind; what is none of the others is ``other``.
ATTACHMENTS = (*ENDINGS, "other")
_KIND_OF = {ending: kind for kind, endings in ENDINGS.items() for ending in endings.split()}
_LANGUAGES = ("zh", "zh-Hant", "en")
_CHOICES = {"hours": ("inside", "outside"), "sender": ("known", "unknown")}
_TAG = re.compile(r"\w[\w:.-]{0,39}")
_KEYS = tuple(field.name for field in fields(When))
#: Why a rule does not find what its words do stand in, where no words could tell: all but amounts.
BEYOND_WORDS = frozenset(f"when: {key}" for key in _KEYS if key != "amount_over")


def kind_of(name: str, mime: str) -> str:
    """What kind of file this is. The name decides before the type: both are the sender's word, and
    a program is called by its name."""
    ending = PurePath(name).suffix.lower().lstrip(".")
    if ending in _KIND_OF:
        return _KIND_OF[ending]
    group, _, detail = mime.lower().partition("/")
    if group in ("image", "audio", "video"):
        return group
    if detail.split(";")[0] == "rfc822":
        return "mail"
    return _KIND_OF.get(detail.split(";")[0], "document" if group == "text" else "other")


def tag_word(given: str) -> str:
    """A tag as it is kept; nothing for what cannot be one. A rule's tags are read as those that
    people put on are."""
    word = given.strip().lower().replace(" ", "-")
    return word if _TAG.fullmatch(word) else ""


# ---------------------------------------------------------------- reading


def read_when(value: object, faults: list[str]) -> When | None:
    """The conditions of one rule; what is wrong is added to ``faults``."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value:
        faults.append('when is not readable; write when = { channel = "chat", hours = "outside" }')
        return None
    for key in sorted(value.keys() - set(_KEYS)):
        nearest = difflib.get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(_KEYS)}"
        faults.append(f"when does not know {key!r}; {hint}")
    return When(
        channel=_several(value, "channel", (), faults),
        language=_several(value, "language", _LANGUAGES, faults),
        hours=_one(value, "hours", faults),
        sender=_one(value, "sender", faults),
        repeat_minutes=_minutes(value, faults),
        amount_over=_amounts(value, faults),
        attachment=_several(value, "attachment", ATTACHMENTS, faults),
        tagged=_tags(value, faults),
    )


def _several(
    value: Mapping[str, object], key: str, known: Sequence[str], faults: list[str]
) -> tuple[str, ...]:
    given = value.get(key, [])
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        faults.append(f'when.{key} must be a word or a list of words: {key} = ["…"]')
        return ()
    faults.extend(
        f"when.{key} knows no {one!r}; write one of {', '.join(known)}"
        for one in listed
        if known and one not in known
    )
    return tuple(sorted(set(listed)))


def _tags(value: Mapping[str, object], faults: list[str]) -> tuple[str, ...]:
    listed = _several(value, "tagged", (), faults)
    if value.get("tagged") == []:  # would hold for every message
        faults.append('when.tagged must be a word or a list of words: tagged = ["…"]')
    faults.extend(f"when.tagged: no tag can be {one!r}" for one in listed if not tag_word(one))
    return tuple(sorted({word for one in listed if (word := tag_word(one))}))


def _one(value: Mapping[str, object], key: str, faults: list[str]) -> str:
    given = value.get(key, "")
    if given in ("", *_CHOICES[key]) and (given or key not in value):
        return str(given)
    faults.append(f"when.{key} must be one of {', '.join(_CHOICES[key])}")
    return ""


def _minutes(value: Mapping[str, object], faults: list[str]) -> int:
    given = value.get("repeat_minutes", 0)
    if "repeat_minutes" not in value:
        return 0
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    faults.append("when.repeat_minutes must be a whole number of minutes: repeat_minutes = 60")
    return 0


def _amounts(value: Mapping[str, object], faults: list[str]) -> tuple[tuple[str, float], ...]:
    given = value.get("amount_over", {})
    listed = given if isinstance(given, Mapping) else {"": given}
    found = []
    for currency, least in listed.items():
        if currency and currency not in CURRENCIES:
            known = ", ".join(sorted(CURRENCIES))
            faults.append(f"when.amount_over knows no currency {currency!r}; known are {known}")
        elif not isinstance(least, int | float) or isinstance(least, bool) or not 0 <= least < 1e15:
            faults.append(
                "when.amount_over must be a number, or numbers by currency: "
                "amount_over = { CNY = 50000, USD = 7000 }"
            )
        else:
            found.append((currency, float(least)))
    return tuple(sorted(found))


# ---------------------------------------------------------------- holding


def asked(whens: Iterable[When | None]) -> frozenset[str]:
    """Which conditions any rule asks for, so that nothing is looked up in vain."""
    return frozenset(key for when in whens if when for key in _KEYS if getattr(when, key))


def unmet(when: When, facts: Facts, amounts: Callable[[], Sequence[Amount]]) -> str:
    """The name of the first condition that does not hold, or nothing."""
    holds = {
        "channel": lambda: facts.channel in when.channel,
        "language": lambda: any(_speaks(facts.language, one) for one in when.language),
        "hours": lambda: facts.hours == when.hours,
        "sender": lambda: facts.sender == when.sender,
        "repeat_minutes": lambda: (
            facts.minutes_since is not None and facts.minutes_since <= when.repeat_minutes
        ),
        "amount_over": lambda: any(
            one.value > least and currency in ("", one.currency)
            for one in amounts()
            for currency, least in when.amount_over
        ),
        "attachment": lambda: not set(facts.attachments).isdisjoint(when.attachment),
        "tagged": lambda: not set(facts.tags.words).isdisjoint(when.tagged),
    }
    return next((key for key in _KEYS if getattr(when, key) and not holds[key]()), "")


def because(when: When | None, facts: Facts) -> str:
    """The tags that made conditions hold, after what bears them; nothing when none were asked."""
    if when is None or not when.tagged:
        return ""
    borne = sorted(set(facts.tags.words) & set(when.tagged))
    return f"{facts.tags.borne_by}: {' '.join(borne)}"


def _speaks(spoken: str, wanted: str) -> bool:
    return spoken == wanted or spoken.startswith(f"{wanted}-")

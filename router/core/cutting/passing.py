"""A mail that was passed on: who wrote it, what they wrote, and what was remarked above it.

Mail programs put the first mail's headers, in the words of their own language, above its text.
Whatever is not surely such a block is none: then the mail stays with whoever sent it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(r"\s*(?:fw|fwd|wg|tr|转发|轉寄|轉發|转寄)\s*[:\uff1a]\s*", re.IGNORECASE)
_FROM = re.compile(
    r"^[>\s*]*(?:from|发件人|寄件者|寄件人|發件人)\**\s*[:\uff1a]\**\s*(.*\S)\s*$", re.IGNORECASE
)
_OTHER = re.compile(
    r"^[>\s*]*(?:from|sent|date|to|cc|subject|reply-to|发件人|寄件者|寄件人|發件人|发送时间|发送日期"
    r"|時間|时间|日期|收件人|收件者|抄送|副本|主题|主旨|主題)\**\s*[:\uff1a]",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^[>\s*]*(?:subject|主题|主旨|主題)\**\s*[:\uff1a]\**\s*(.*)$", re.IGNORECASE
)
_ADDRESS = re.compile(r"[^\s<>\"'()\[\],;:@\uff1a]+@[^\s<>\"'()\[\],;:@]+\.[^\s<>\"'()\[\],;:@]+")
_RULE = re.compile(
    r"^[>\s]*(?:[-_=*\u2014]{3,}.*|begin forwarded message\s*:?|_+)\s*$", re.IGNORECASE
)
_QUOTE = re.compile(r"^> ?")
#: Lines of one header block, and lines of a mail that are looked at.
_BLOCK, _LOOKED = 12, 400
_LONGEST = 998


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What a forward holds. ``remark`` stood above it, ``text`` is the first mail's own."""

    address: str
    name: str
    subject: str
    text: str
    remark: str


def is_marked(subject: str) -> bool:
    """Whether the subject says that something is passed on."""
    return _MARK.match(subject) is not None


def unmarked(subject: str) -> str:
    """The subject without those marks."""
    while found := _MARK.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def read(text: str) -> PassedOn | None:
    """The first forwarded mail in a text; None when no header block names an address."""
    lines = text.splitlines()
    for place, line in enumerate(lines[:_LOOKED]):
        found = _FROM.match(line[:_LONGEST])
        if found is None or (written := _ADDRESS.search(found[1])) is None:
            continue
        end = _end_of_block(lines, place)
        if end - place < 2:
            continue
        subject = _first(_SUBJECT, lines[place:end])
        body = lines[end:]
        if all(not one.strip() or one.startswith(">") for one in body):
            body = [_QUOTE.sub("", one) for one in body]
        above = [one for one in lines[:place] if not _RULE.match(one)]
        name = found[1][: written.start()].strip(" <(\"'[*:")
        return PassedOn(
            address=written[0],
            name=name,
            subject=subject,
            text="\n".join(body).strip(),
            remark="\n".join(above).strip(),
        )
    return None


def _end_of_block(lines: list[str], place: int) -> int:
    """The line after the last header of the block that begins at ``place``."""
    end = place + 1
    for step in range(place + 1, min(place + _BLOCK, len(lines))):
        if _OTHER.match(lines[step][:_LONGEST]):
            end = step + 1
        elif not lines[step].strip(" >*"):
            break
    return end


def _first(pattern: re.Pattern[str], lines: list[str]) -> str:
    found = next((one for line in lines if (one := pattern.match(line[:_LONGEST]))), None)
    return found[1].strip() if found else ""

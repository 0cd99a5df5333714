"""The words of a message that rules saw, marked where they stand.

Whatever a requester wrote is escaped piece by piece before a mark is put around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup, escape

from router.store.pages import FindingView, MessageView
from router.web.telling import category


def marked(text: str, findings: Iterable[FindingView], part: str = "text") -> Markup:
    """The text with the rules' words marked; everything in it is escaped."""
    told = Markup()
    at = 0
    for start, end, seen in _stretches(text, [one for one in findings if one.part == part]):
        told += escape(text[at:start])
        told += Markup('<mark class="{}" title="{}">{}</mark>').format(
            "alarm" if any(one.category.startswith("security.") for one in seen) else "seen",
            " · ".join(dict.fromkeys(f"{category(one.category)} ({one.rule})" for one in seen)),
            text[start:end],
        )
        at = end
    return told + escape(text[at:])


def _stretches(
    text: str, findings: Sequence[FindingView]
) -> Iterator[tuple[int, int, list[FindingView]]]:
    """Places to mark, from left to right, overlapping ones as one."""
    start = end = -1
    seen: list[FindingView] = []
    for one in sorted(findings, key=lambda one: (one.start, one.end)):
        if not 0 <= one.start < one.end <= len(text):
            continue
        low, high = _whole(text, one)
        if seen and low < end:
            end = max(end, high)
            seen.append(one)
            continue
        if seen:
            yield start, end, seen
        start, end, seen = low, high, [one]
    if seen:
        yield start, end, seen


def _whole(text: str, one: FindingView) -> tuple[int, int]:
    """Where the words of a finding begin and end: a rule that saw the stem of a Latin word saw the
    word, as people read it."""
    low, high = one.start, one.end
    if not 0 <= low < high <= len(text):
        return low, high
    while low and _latin(text[low - 1]) and _latin(text[low]):
        low -= 1
    while high < len(text) and _latin(text[high - 1]) and _latin(text[high]):
        high += 1
    return low, high


def _latin(one: str) -> bool:
    return one.isascii() and one.isalpha()


def words_of(message: MessageView, finding: FindingView) -> str:
    """The words of the message that a rule saw."""
    text = message.subject if finding.part == "subject" else message.text
    low, high = _whole(text, finding)
    return text[low:high]

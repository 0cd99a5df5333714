"""What somebody wrote now, apart from the history and the signature around it.

Mail programs mark their quotes in a few dozen ways; each is known by its shape and the words the
program prints, never by a customer's words. The rule: greeting and text stay; signature, phone
footer and disclaimer go; answers written between quoted lines stay and the quoted lines go; a
forward stays whole; when in doubt nothing is cut. History needs a mail that answers one: in any
other, what looks like a quote was put there by hand, and is what its writer wants read.

One pass looks for words that stand in every mark; only their lines are looked at closely
(``quote_marks`` knows the shapes). A mail without any costs that pass alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from itertools import accumulate, islice
from typing import NamedTuple

from router.core.cutting import disclaimers, footers, initials, printed_headers, sign_offs
from router.core.cutting import quote_marks as marks

_MOST_LINES = 20_000
_LONGEST_INTRODUCTION = 4  # lines
_LONGEST_BLOCK = 100  # lines, blank ones too
_GREETING = re.compile(
    r"\s*(?:.{0,30}[:：,，]|(?:dear|hi|hello|hey|good|hallo|guten|sehr|bonjour|hola|ol[aá]|ciao|buon"
    r"|salve|beste|geachte|здравствуйте|добрый|привет|您好|你好|尊敬|各位|亲爱|親愛|大家)[^.。?？]{0,30})\s*\Z",
    re.IGNORECASE,
)
#: What programs write before the subject of an answer.
_ANSWERING = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|ref|res|odp|ynt|atb|rif|bls|\u03b1\u03c0|\u03c3\u03c7\u03b5\u03c4|\u05d4\u05e9\u05d1|\u0631\u062f|\u043e\u0442\u0432"
    r"|回复|回覆|回應|回信|答复|答覆|返信|\ud68c\uc2e0|\ub2f5\uc7a5)\s*(?:[\[(]\d{1,3}[\])]|\^\d{1,3})?\s*[:：]",
    re.IGNORECASE,
)


class Split(NamedTuple):
    """``reply`` is what was written now; ``rest`` everything else, in its order."""

    reply: str
    rest: str


def answers(subject: str, thread_ids: Collection[str] = ()) -> bool:
    """Whether a message answers another: it names one, or its subject begins as answers do."""
    return bool(thread_ids) or _ANSWERING.match(subject) is not None


def split_reply(text: str, subject: str = "", thread_ids: Collection[str] = ()) -> Split:
    """Cut the signature off, and the history of an answer. The whole text when cutting would leave
    nothing, unless a program marked all that is left line by line, or marked where it begins in a
    message that names the one it answers (``thread_ids``): then nothing was written.

    Some programs mark a forward in the subject alone.
    """
    hinted = [] if subject and marks.is_forwarding(subject) else marks.hints(text)
    if not hinted:
        return Split(text, "")
    lines = text.replace("\r\n", "\n").split("\n") if "\r" in text else text.split("\n")
    if len(lines) > _MOST_LINES:
        return Split(text, "")
    quoted = [_is_quoted(line) for line in lines] if ">" in text else [False] * len(lines)
    near = _lines_of(hinted, lines, quoted)
    cut = None if _forwarded(lines, quoted) else _history(lines, near, quoted)
    answer = answers(subject, thread_ids)
    if cut is not None and not answer:
        cut = _unanswering(cut, quoted)
    if cut is None:
        return Split(text, "")
    old = list(cut)
    _signatures(lines, near, cut)
    if not any(cut):
        return Split(text, "")
    reply = "\n".join([line for line, gone in zip(lines, cut, strict=True) if not gone]).strip()
    if not reply:
        headed = bool(thread_ids) and sum(old) > sum(quoted)
        nothing = answer and (headed or _quotes_alone(lines, quoted, old))
        return Split("", text) if nothing else Split(text, "")
    rest = "\n".join([line for line, gone in zip(lines, cut, strict=True) if gone])
    return Split(reply, rest.strip("\n"))


def _is_quoted(line: str) -> bool:
    """Whether a quote mark comes first that does not close the address in an introduction."""
    bare = line.lstrip()
    return bare[:1] in (">", "\uff1e") and not marks.is_end_of_introduction(bare)


def _quotes_alone(lines: list[str], quoted: list[bool], old: list[bool]) -> bool:
    """Whether the history is an introduction and what it introduces, marked line by line."""
    if not any(quoted):
        return False
    bare = [line.lstrip("> \uff1e") if gone else "" for line, gone in zip(lines, old, strict=True)]
    first = next((at for at, line in enumerate(bare) if line), 0)
    for place in range(first, min(first + _LONGEST_INTRODUCTION, len(lines))):
        span = marks.introduction(bare, place, quoted)
        if span and span[0] <= first:
            below = zip(bare[span[1] :], quoted[span[1] :], strict=True)
            return all(marked or not line for line, marked in below)
    return False


def _lines_of(
    hinted: list[tuple[int, str]], lines: list[str], quoted: list[bool]
) -> list[tuple[int, str]]:
    """The lines on which the hints stand, each once for each kind, without quoted ones."""
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    near = dict.fromkeys((bisect_right(starts, at) - 1, kind) for at, kind in hinted)
    return [(place, kind) for place, kind in near if place < len(lines) and not quoted[place]]


def _history(
    lines: list[str], near: list[tuple[int, str]], quoted: list[bool]
) -> list[bool] | None:
    """Which lines are history; None when the whole is a forward. Lines that are found to be quoted
    by a mark of their own are added to ``quoted``."""
    cut = list(quoted)
    certain = sum(cut) > 1  # a single line may begin with ">" for other reasons
    marked = initials.Marked(lines)
    end = -1
    for place, kind in near:
        if place <= end or quoted[place]:
            continue
        if kind in (marks.FORWARD, marks.RULE) and marks.is_forward(lines[place]):
            return None
        span = _mark(lines, place, kind, quoted)
        if span is None or (kind == marks.WROTE and not _is_sure(lines, quoted, span)):
            continue
        certain = True
        first, end = span[0], printed_headers.past(lines, span[1])
        begins = _begins(lines, end)
        if kind == marks.WROTE and not quoted[begins]:
            for at in marked.alike(begins):
                cut[at] = quoted[at] = True
        if not quoted[begins]:
            cut[first:] = [True] * (len(lines) - first)
            break
        cut[first:end] = [True] * (end - first)
        end -= 1
    return cut if certain else [False] * len(lines)


def _unanswering(cut: list[bool], quoted: list[bool]) -> list[bool] | None:
    """No history: lines with quote marks stay, and a mail that somebody pasted stays whole."""
    pasted = sum(cut) > sum(quoted)
    return None if pasted else [False] * len(cut)


def _mark(lines: list[str], place: int, kind: str, quoted: list[bool]) -> tuple[int, int] | None:
    """From where to where a mark of this kind stands around the line; None if it does not."""
    if kind == marks.WROTE:
        return marks.introduction(lines, place, quoted)
    if kind == marks.HEADER:
        return printed_headers.around(lines, place)
    if kind in (marks.RULE, marks.FORWARD):
        return marks.separator(lines, place)
    return None


def _begins(lines: list[str], place: int) -> int:
    """The first line from here on in which something stands, if it is near; else this one."""
    last = len(lines) - 1
    near = range(place, min(place + 4, len(lines)))
    return next((at for at in near if lines[at].strip()), min(place, last))


def _is_sure(lines: list[str], quoted: list[bool], span: tuple[int, int]) -> bool:
    """People tell what somebody wrote to them, and when; a program gives an address too, or marks
    each line that it quotes, or has signed with its own line right above."""
    begins = _begins(lines, span[1])
    marked = quoted[begins] or initials.is_marked(lines[begins])
    return marked or marks.names_address(lines[span[0] : span[1]]) or _is_signed(lines, span[0])


def _is_signed(lines: list[str], place: int) -> bool:
    above = next((line for line in reversed(lines[max(place - 4, 0) : place]) if line.strip()), "")
    return marks.is_custom(above) or footers.is_footer(above, alone=True)


def _forwarded(lines: list[str], quoted: list[bool]) -> bool:
    """Whether the first quoted line begins a forward; below "… wrote:" it is a reply to one."""
    first = quoted.index(True) if True in quoted else -1
    if first < 0 or not marks.is_forward(lines[first].lstrip("> \uff1e")):
        return False
    above = next((at for at in range(first - 1, -1, -1) if lines[at].strip()), None)
    return above is None or marks.introduction(lines, above, quoted) is None


def _signatures(lines: list[str], near: list[tuple[int, str]], cut: list[bool]) -> None:
    """Cut what stands under the text of every stretch that was kept."""
    for place in _of(marks.DISCLAIMER, near, cut):
        end = _stretch(cut, place)
        if _is_disclaimer(lines, place, end):
            _take(lines, cut, place, end)
        elif (first := _notice(lines, place, end)) >= 0:
            _take(lines, cut, first, end)
    for place in reversed(_of(marks.FOOTER, near, cut)):
        if _footer(lines, place, cut):
            break
    rules = _of(marks.RULE, near, cut)
    drawn = Counter(lines[place] for place in rules)
    for place in reversed(rules):
        end = _stretch(cut, place)
        if not cut[place] and end - place <= _LONGEST_BLOCK:
            end = place + _card(lines, place, end, many=drawn[lines[place]] > 1)
            cut[place:end] = [True] * (end - place)


def _of(kind: str, near: list[tuple[int, str]], cut: list[bool]) -> list[int]:
    return [place for place, one in near if one == kind and not cut[place]]


def _take(lines: list[str], cut: list[bool], first: int, end: int) -> None:
    """Cut these lines and a line that is drawn above them."""
    above = first - 1
    while above > 0 and not lines[above].strip():
        above -= 1
    if above > 0 and not cut[above] and sign_offs.is_rule(lines[above]):
        first = above
    cut[first:end] = [True] * (end - first)


def _card(lines: list[str], place: int, end: int, *, many: bool) -> int:
    """How many lines from a delimiter on are a card. Dashes that come again part a list, and below
    a greeting alone stands the letter."""
    if not sign_offs.is_rule(lines[place]):
        return 0
    above = (line for line in islice(lines, place) if line.strip())
    written = list(islice(above, 2))
    if not any(line.strip() for line in lines[place + 1 : end]):
        return end - place if lines[place] == "-- " or end < len(lines) else 0
    if _greets(written) or (lines[place] != "-- " and (many or not written)):
        return 0
    return sign_offs.length(lines[place:end])


def _greets(written: list[str]) -> bool:
    return len(written) == 1 and _GREETING.match(written[0]) is not None


def _is_disclaimer(lines: list[str], place: int, end: int) -> bool:
    """Whether a paragraph begins here below something else, and it and all below it are one."""
    alone = place > 0 and not lines[place - 1].strip(" \t_-=*—")
    return alone and disclaimers.is_disclaimer(lines[place:end])


def _notice(lines: list[str], place: int, end: int) -> int:
    """Where what a scanner of mail adds begins, if nothing else follows it; else -1."""
    first = place
    while first > 1 and lines[first - 1].strip() and not _written(lines[first - 1]):
        first -= 1
    alone = first > 0 and not _written(lines[first - 1])
    return first if alone and disclaimers.is_notice(lines[first:end]) else -1


def _written(line: str) -> bool:
    """Whether more than a link or a drawn line stands in a line."""
    return bool(disclaimers.without_links(line).strip(" \t_-=*—<>"))


def _footer(lines: list[str], place: int, cut: list[bool]) -> bool:
    """Cut a program's own line, if nothing that was written follows it."""
    end = _stretch(cut, place)
    if any(line.strip() for line in lines[place + 1 : end]):
        return False
    custom = marks.is_custom(lines[place])
    alone = place == 0 or cut[place - 1] or not lines[place - 1].strip(" \t_-=*—~")
    if not custom and not footers.is_footer(lines[place], alone=alone):
        return False
    _take(lines, cut, marks.card(lines, place) if custom else place, end)
    return True


def _stretch(cut: list[bool], place: int) -> int:
    """The end of the kept lines in which this one stands."""
    try:
        return cut.index(True, place)
    except ValueError:
        return len(cut)

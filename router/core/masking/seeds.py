"""Seed phrases of wallets: the word lists of BIP-39, as people really paste them.

Numbered, one a line, with commas, quoted in a reply, told word by word, a word misspelt, a word
missing. No list holds the small words of its language (the, of, to, и), so twelve neighbours from
one list are hardly ever prose. The checksum never decides: a misspelt phrase is a stolen wallet
too. Chinese, whose list is the commonest characters, has a module of its own (seeds_han).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from router.core.glances import Glanced
from router.core.masking import seed_layouts, seed_pieces, seeds_han
from router.core.masking.secret import Secret
from router.core.masking.seed_words import SPELT, TALK, TOKEN, lists
from router.core.masking.slips import SMALL, nearly_listed

KIND = seeds_han.KIND
_WHOLE, _LEAST = (
    seed_pieces.WHOLE,
    seed_pieces.ALONE,
)  # words of the shortest phrase; neighbours that are enough after a cue
_LONGEST_RUN, _OVERLAP = 96, 30  # words
_LENGTHS = frozenset((12, 15, 18, 21, 24))
_CLINGING = 4
#: Words in a row that every run with enough words has: 11 of 12 hold 6, and told ones, 8 with two
#: strangers among them, 3.
_TOGETHER = (6, 3)

#: What the first look searches for; the texts that hold one are read whole.
CUES = (
    *(
        "seed",
        "mnemonic",
        "phrase",
        "words",
        "word is",
        "word   ",
        " br ",
        "li  li",
    ),  # "word 1:", digits are blanks here
    *("记词", "記詞", "恢复词", "恢复短", "恢復詞", "恢復短", "种子", "種子", "备份词", "備份詞"),
    *("第一个", "第一個", "第 个", "第 個"),
    *("密语", "密語", "个词", "個詞", "个单词", "個單詞", "个字", "個字"),
)
_CUE = Glanced(
    r"seed|mnemonic|recovery (?:phrase|words?)|secret (?:phrase|words?)|backup (?:phrase|words?)"
    r"|(?:12|15|18|21|24|twelve|twenty-?four)[ -]words?"
    r"|[助注]记词|助記詞|恢复[词短]|恢復[詞短]|种子|種子|备份词|備份詞|密语|密語",
)
_BREAK = re.compile(r"[0-9]{4}|(?![和与與及跟])[\u3400-\u9fff]")  # no number of a word; Chinese
_COUNTED = re.compile(r"[ 0-9]+")
_FARTHEST = 24  # characters between two words: "\n> 12) " and a label fit
_JOINING = frozenset(("and", "und", "et", "y", "e", "и", "ve"))
#: Words of the list that announce a phrase rather than begin it.
_OPENING = frozenset(("seed", "phrase", "word", "secret", "wallet", "key"))
_GLUED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{36,220}(?![A-Za-z0-9])")
_LONGEST_WORD = 8  # of the English list
_FLOOD = 200  # phrases in one message: no person's, and every later run of list words goes whole


class _Word(NamedTuple):
    """A word of a text, and a bit for each list it stands in."""

    start: int
    end: int
    known: int
    spelling: str


def find(text: str) -> Iterator[Secret]:
    """Every seed phrase, in any list. Words are lower case here, or not; it does not matter."""
    told = _CUE.search(text) is not None
    text = seed_layouts.bare(text, told=told)
    for part in PARTS.values():
        yield from part(text, told)


def _spelt(text: str, told: bool) -> Iterator[Secret]:  # noqa: FBT001  # one shape for all parts
    """Phrases of words: runs of neighbours among which at most one in twelve is in no list."""
    if not _maybe(text, told=told):
        return
    table = lists()
    run: list[_Word] = []
    judged = _Judging(text, told)
    for token in TOKEN.finditer(text):
        spelling = token[0].lower()
        if run and spelling in _JOINING and run[-1].end + 1 == token.start():
            continue  # "…, yellow and wave"
        written = spelling.encode("utf-8", "surrogatepass")
        known = table.words.get(written, 0) or (1 if told and written in table.short else 0)
        if run and _far(text, run[-1].end, token.start()):
            yield from judged(run)
            run = []
        elif not known and _strangers(run) > told:
            yield from judged(run)
            run = _later(run)
        if known or run:
            run.append(_Word(token.start(), token.end(), known, spelling))
        if len(run) > _LONGEST_RUN:  # no phrase is so long, but one may stand at its end
            yield from judged(run)
            run = run[-_OVERLAP:]
    yield from judged(run)


class _Judging:
    """Judges one run after the other; in a flood of phrases nobody looks closely any more."""

    def __init__(self, text: str, told: bool) -> None:  # noqa: FBT001  # one shape for all parts
        self._text, self._told, self._found = text, told, 0

    def __call__(self, run: list[_Word]) -> Iterator[Secret]:
        if self._found >= _FLOOD:
            yield from _whole(run, told=self._told)
            return
        for secret in _judged(self._text, run, told=self._told):
            self._found += 1
            yield secret


def _whole(run: list[_Word], *, told: bool) -> Iterator[Secret]:
    """The run from its first word of any list to its last, when there are enough of them."""
    known = [one for one in run if one.known]
    if len(known) >= (_LEAST if told else _WHOLE - 1):
        spelt = tuple(one.spelling for one in known)
        yield Secret(known[0].start, known[-1].end, KIND, words=spelt)


def _maybe(text: str, *, told: bool) -> bool:
    """Whether so many words of lists stand together as the least phrase has between strangers."""
    table = lists()
    written = [
        spelling.encode("utf-8", "surrogatepass")
        for token in TOKEN.findall(text)
        if (spelling := token.lower()) not in _JOINING
    ]
    if told:
        known = bytes([one in table.words or one in table.short for one in written])
    else:
        known = bytes(map(table.words.__contains__, written))
    return b"\x01" * _TOGETHER[told] in known


def _far(text: str, end: int, start: int) -> bool:
    """Whether too much stands between two words; blanks do not count twice."""
    gap = text[end:start]
    if gap == " ":
        return False
    if len(gap) > _FARTHEST and len(seed_layouts.narrowed(gap)) > _FARTHEST:
        return True
    return _BREAK.search(gap) is not None


def _strangers(run: list[_Word]) -> int:
    """How many of the last eleven words are in no list; a phrase may hold one, a told one two."""
    return sum(not one.known for one in run[1 - _WHOLE :])


def _later(run: list[_Word]) -> list[_Word]:
    """The words after the first stranger among the last eleven: a phrase may begin there."""
    last = run[1 - _WHOLE :]
    first = next(place for place, one in enumerate(last) if not one.known)
    return last[first + 1 :]


def _judged(text: str, run: list[_Word], *, told: bool) -> Iterator[Secret]:
    """The run between its first and last word of one list, if there are enough of that list."""
    enough = _LEAST if told else _WHOLE - 1
    if len(run) < enough:
        return
    same = Counter(one.known for one in run).items()
    counts = [sum(n for known, n in same if known >> place & 1) for place in range(len(SPELT))]
    most = max(counts)
    if most < enough:
        return
    place = counts.index(most)
    for strangers in (1, 0):
        phrase = _unbroken(run, place, strangers)
        own = [one for one in phrase if one.known >> place & 1]
        part = strangers == 0 and len(own) >= enough and not _is_talk(own)
        if len(own) >= _WHOLE - 1 or part:
            words = _with_slips(text, _in_one_style(text, phrase), place)
            spelt = tuple(one.spelling for one in words)
            yield Secret(words[0].start, words[-1].end, KIND, words=spelt)
            yield from _judged(text, [one for one in run if one.end <= words[0].start], told=told)
            yield from _judged(text, [one for one in run if one.start >= words[-1].end], told=told)
            return


def _unbroken(run: list[_Word], place: int, strangers: int) -> list[_Word]:
    """The longest stretch from one word of the list to another with so many strangers between
    them; a slip of the finger is no stranger."""
    found = [
        at
        for at, one in enumerate(run)
        if not one.known >> place & 1 and not nearly_listed(one.spelling, SPELT[place])
    ]
    borders = [-1, *found, len(run)]
    spans = zip(borders, borders[1 + strangers :], strict=False)
    first, last = max(spans, key=lambda span: span[1] - span[0], default=(-1, len(run)))
    phrase = _trimmed(run[first + 1 : last], place)
    return _without_talk(phrase, place) if strangers else phrase


def _without_talk(phrase: list[_Word], place: int) -> list[_Word]:
    """A phrase of a whole length without the words of talk that cling to it: "… and card"."""
    whole = len(phrase) in _LENGTHS
    for at, one in enumerate(phrase):
        if one.known >> place & 1 or nearly_listed(one.spelling, SPELT[place]):
            continue
        if whole and one.spelling not in SMALL:
            continue  # a misspelt word of its own
        before, after = _opened(phrase[:at]), _opened(phrase[at + 1 :])
        if len(before) in _LENGTHS and len(phrase) - at <= _CLINGING:
            return before
        if len(after) in _LENGTHS and at < _CLINGING:
            return after
    return _opened(phrase)


def _opened(phrase: list[_Word]) -> list[_Word]:
    """A phrase without the word that announces it, when it is whole without."""
    for skipped in (1, 2):
        announced = all(one.spelling in _OPENING for one in phrase[:skipped])
        if announced and len(phrase) not in _LENGTHS and len(phrase) - skipped in _LENGTHS:
            return phrase[skipped:]
    return phrase


def _trimmed(words: list[_Word], place: int) -> list[_Word]:
    own = [at for at, one in enumerate(words) if one.known >> place & 1]
    return words[own[0] : own[-1] + 1] if own else []


def _is_talk(words: list[_Word]) -> bool:
    """Whether somebody speaks of a phrase, in words that its list happens to have."""
    return sum(one.spelling in TALK for one in words) > 1


# ---------------------------------------------------------------- a slip in the first or last word


def _with_slips(text: str, phrase: list[_Word], place: int) -> list[_Word]:
    """The phrase with its neighbours, where they stand like its words and are nearly of its list:
    the misspelt first or last word of a phrase must go too."""
    usual = Counter(_styles(text, phrase)).most_common(1)[0][0]
    before, after = (
        _neighbour_before(text, phrase[0].start),
        TOKEN.search(text, phrase[-1].end),
    )
    if before and _fits(before, text[before.end() : phrase[0].start], usual, place):
        phrase = [_as_word(before), *phrase]
    if after and _fits(after, text[phrase[-1].end : after.start()], usual, place):
        phrase = [*phrase, _as_word(after)]
    return phrase


def _in_one_style(text: str, phrase: list[_Word]) -> list[_Word]:
    """The phrase without words that stand apart from it in another way: on the line above."""
    if len(phrase) in _LENGTHS:
        return phrase
    styles = _styles(text, phrase)
    usual = Counter(styles).most_common(1)[0][0]
    breaks = [0, *(at + 1 for at, one in enumerate(styles) if one != usual), len(phrase)]
    pieces = (_opened(phrase[first:last]) for first, last in pairwise(breaks))
    return next((piece for piece in pieces if len(piece) in _LENGTHS), phrase)


def _styles(text: str, phrase: list[_Word]) -> list[str]:
    return [_style(text[one.end : two.start]) for one, two in pairwise(phrase)]


def _as_word(token: re.Match[str]) -> _Word:
    return _Word(token.start(), token.end(), 0, token[0].lower())


def _neighbour_before(text: str, start: int) -> re.Match[str] | None:
    last = None
    for last in TOKEN.finditer(text, max(0, start - 48), start):  # noqa: B007  # the last one
        pass
    return last


def _style(gap: str) -> str:
    """How words are kept apart: numbers count all the same."""
    return gap if gap == " " else _COUNTED.sub(" ", gap)


def _fits(token: re.Match[str], gap: str, usual: str, place: int) -> bool:
    if token[0].lower() in _OPENING:
        return False
    return _style(gap) == usual and nearly_listed(token[0].lower(), SPELT[place])


# ---------------------------------------------------------------- written without gaps


def _glued(text: str, told: bool) -> Iterator[Secret]:  # noqa: ARG001, FBT001  # as above
    """English phrases without blanks: a long word that is twelve words of the list."""
    for match in _GLUED.finditer(text):
        words = _taken_apart(match[0].lower())
        if len(words) >= _WHOLE:
            yield Secret(match.start(), match.end(), KIND, words=words)


def _taken_apart(solid: str) -> tuple[str, ...]:
    """The words of the list that it consists of; none when letters are left over."""
    words = lists().words
    come_from: dict[int, int] = {0: 0}
    for end in range(3, len(solid) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end - 2):
            if start in come_from and words.get(solid[start:end].encode(), 0) & 1:
                come_from[end] = start
                break
    parts: list[str] = []
    end = len(solid)
    while end and end in come_from:
        parts.append(solid[come_from[end] : end])
        end = come_from[end]
    return tuple(reversed(parts)) if not end else ()


#: Every way a phrase is looked for, by name; each can be proven by taking it away.
PARTS: dict[str, Callable[[str, bool], Iterator[Secret]]] = {
    "words": _spelt,
    "pieces": seed_pieces.find,
    "glued words": _glued,
    "characters": seeds_han.apart,
    "joined characters": seeds_han.joined,
}

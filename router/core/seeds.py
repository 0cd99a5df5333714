"""Seed phrases of wallets: the word lists of BIP-39, as people really paste them.

Numbered, one a line, with commas, quoted in a reply, a word misspelt, a word missing. No list holds
the small words of its language (the, of, to, и), so twelve neighbours from one list are hardly ever
prose. Chinese is the exception: its list is the 2,048 commonest characters, so there they must
stand apart, or the text must say that a phrase follows. The checksum never decides alone: a
misspelt phrase is a stolen wallet too.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from mnemonic import Mnemonic

from router.core.secret import Secret

KIND = "seed_phrase"
_SPELT = (
    *("english", "french", "spanish", "italian", "portuguese"),
    *("czech", "turkish", "russian", "japanese", "korean"),
)
_HAN = ("chinese_simplified", "chinese_traditional")
_WHOLE, _LEAST = 12, 8  # words of the shortest phrase; neighbours that are enough after a cue

#: What the first look searches for; the texts that hold one are read whole.
CUES = (
    "seed",
    "mnemonic",
    "phrase",
    "words",
    "记词",
    "記詞",
    "恢复词",
    "恢复短",
    "恢復詞",
    "恢復短",
    "种子",
    "種子",
    "备份词",
    "備份詞",
    "密语",
    "密語",
)
_CUE = re.compile(
    r"seed|mnemonic|recovery (?:phrase|words?)|secret (?:phrase|words?)|backup (?:phrase|words?)"
    r"|(?:12|15|18|21|24|twelve|twenty-?four)[ -]words?"
    r"|[助注]记词|助記詞|恢复[词短]|恢復[詞短]|种子|種子|备份词|備份詞|密语|密語",
    re.IGNORECASE,
)
_MARKS = "\u0300-\u036f\u3099\u309a"
_TOKEN = re.compile(rf"[^\W\d_\u3400-\u9fff][^\W\d_\u3400-\u9fff{_MARKS}]*(?:[{_MARKS}]\w*)*")
_FARTHEST = 16  # characters between two words: "\n> 12) " and a label fit
_HAN_GAP = r"[\s\d,，、.。;；:：|/()（）\-_>]{1,8}"
_HAN_APART = re.compile(
    rf"(?<![\u3400-\u9fff])[\u4e00-\u9fff](?:{_HAN_GAP}[\u4e00-\u9fff](?![\u3400-\u9fff])){{10,}}"
)
_HAN_CLOSE = re.compile(
    r"(?:[助注]记词|助記詞|恢复[词短]语?|恢復[詞短]語?|种子|種子|seed(?: phrase)?|mnemonic)"
    r"(?P<link>[^\u3400-\u9fff\n]{0,8}(?:就?[是为為]|如下)?[^\u3400-\u9fff]{0,4})"
    r"(?P<phrase>[\u4e00-\u9fff]{12,24})(?![\u3400-\u9fff])",
    re.IGNORECASE,
)
_PROSE = frozenset("的是了吗嗎我你您他们們不没沒在有请請这這那什么麼怎被把呢吧啊")


class _Lists(NamedTuple):
    """Every word, by how it is written in UTF-8, with a bit for each list it stands in."""

    words: dict[bytes, int]
    short: frozenset[bytes]
    han: tuple[dict[str, int], ...]


@cache
def _lists() -> _Lists:
    words: dict[bytes, int] = {}
    short: set[bytes] = set()
    for place, language in enumerate(_SPELT):
        for word in Mnemonic(language).wordlist:
            for spelling in _spellings(word):
                words[spelling] = words.get(spelling, 0) | 1 << place
            if word.isascii() and language == "english":
                short.add(word[:4].encode())
    han = tuple(
        {word: place for place, word in enumerate(Mnemonic(name).wordlist)} for name in _HAN
    )
    for place, table in enumerate(han, len(_SPELT)):
        for word in table:
            words[word.encode()] = words.get(word.encode(), 0) | 1 << place
    return _Lists(words, frozenset(short - words.keys()), han)


def _spellings(word: str) -> set[bytes]:
    """Composed and decomposed; and as capitals come back from Turkish ones."""
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFKD")}
    return {form.encode() for form in forms | {form.replace("\u0131", "i") for form in forms}}


def listed(words: list[bytes]) -> bytes:
    """For each word of a text 1 if some list has it: so that a run of them is easy to see."""
    return bytes(map(_lists().words.__contains__, words))


def find(text: str) -> Iterator[Secret]:
    """Every seed phrase, in any list. Words are lower case here, or not; it does not matter."""
    told = _CUE.search(text) is not None
    yield from _spelt(text, told=told)
    if not text.isascii():
        yield from _apart(text, told=told)
        if told:
            yield from _close(text)


def _spelt(text: str, *, told: bool) -> Iterator[Secret]:
    """Phrases of words: runs of neighbours among which at most one in twelve is in no list."""
    lists = _lists()
    run: list[tuple[int, int, int]] = []
    for token in _TOKEN.finditer(text):
        spelling = token[0].lower().encode()
        known = lists.words.get(spelling, 0) or (1 if told and spelling in lists.short else 0)
        if run and token.start() - run[-1][1] > _FARTHEST:
            yield from _judged(run, told=told)
            run = []
        elif not known and _strangers(run) > told:
            yield from _judged(run, told=told)
            run = _later(run)
        if known or run:
            run.append((token.start(), token.end(), known))
    yield from _judged(run, told=told)


def _strangers(run: list[tuple[int, int, int]]) -> int:
    """How many of the last eleven words are in no list; a phrase may hold one, a told one two."""
    return sum(not known for _, _, known in run[1 - _WHOLE :])


def _later(run: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The words after the first stranger among the last eleven: a phrase may begin there."""
    last = run[1 - _WHOLE :]
    first = next(place for place, (_, _, known) in enumerate(last) if not known)
    return last[first + 1 :]


def _judged(run: list[tuple[int, int, int]], *, told: bool) -> Iterator[Secret]:
    """The run between its first and last word of one list, if there are enough of that list."""
    enough = _LEAST if told else _WHOLE - 1
    if len(run) < enough:
        return
    counts = [sum(known >> place & 1 for _, _, known in run) for place in range(len(_SPELT))]
    most = max(counts)
    if most < enough:
        return
    own = [one for one in run if one[2] >> counts.index(most) & 1]
    between = sum(own[0][0] <= start <= own[-1][0] for start, _, _ in run)
    if most >= between * 0.8:
        yield Secret(own[0][0], own[-1][1], KIND)


def _apart(text: str, *, told: bool) -> Iterator[Secret]:
    """Chinese phrases whose characters stand apart."""
    han = _lists().han
    for match in _HAN_APART.finditer(text):
        characters = [one for one in match[0] if "\u4e00" <= one <= "\u9fff"]
        known = max(sum(one in table for one in characters) for table in han)
        if len(characters) - known <= 1 + told and known >= (10 if told else _WHOLE - 1):
            yield Secret(match.start(), match.end(), KIND)


def _close(text: str) -> Iterator[Secret]:
    """Chinese phrases written together, right after words that announce them."""
    for match in _HAN_CLOSE.finditer(text):
        phrase = match["phrase"]
        if len(phrase) % 3:
            continue
        fenced = not match["link"].isspace() and match["link"] != ""
        plain = sum(one in _PROSE for one in phrase) <= 1
        if any(
            all(one in table for one in phrase) and (_checked(phrase, table) or (fenced and plain))
            for table in _lists().han
        ):
            yield Secret(match.start("phrase"), match.end("phrase"), KIND)


def _checked(phrase: str, table: dict[str, int]) -> bool:
    """Whether the phrase's last bits are the checksum of its others."""
    bits = "".join(f"{table[one]:011b}" for one in phrase)
    body = len(bits) * 32 // 33
    digest = hashlib.sha256(int(bits[:body], 2).to_bytes(body // 8, "big")).digest()
    return f"{digest[0]:08b}".startswith(bits[body:])

"""How a support lead writes terms, and the plain strings they stand for.

``lost my (phone|mobile)`` stands for two strings, ``@phone`` for every word of the word list of
that name, ``a|b`` for either, ``transfer*`` for every word that begins so, ``*phone`` for every
word that ends so. A Latin term stands only where a word begins and ends; a Chinese one anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from rules.text import fold

#: More strings than this from one term is a mistake, not a rule.
MOST = 4000

_TERM = re.compile(r"[(|@]")
#: Word lists may hold one another so many deep.
DEEPEST = 20
_PIECE = re.compile(r"\(([^()]*)\)|@([\w-]+)")


class TermFault(ValueError):
    """A term that cannot be read; the text says what to write instead."""


class Lexicon:
    """The word lists of all rule files, and what terms stand for in their light.

    The strings are folded and keep their ``*`` at either end: see :func:`bare`.
    """

    def __init__(
        self, lists: Mapping[str, Iterable[str]], known: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        """``known`` are terms whose strings were worked out before, from these very lists."""
        self.lists = {name: tuple(sorted(set(words))) for name, words in sorted(lists.items())}
        self._listed: dict[str, tuple[str, ...]] = {}
        self._within: set[str] = set()
        #: What each term that was asked for stands for.
        self.known: dict[str, frozenset[str]] = dict(known or {})

    def expand(self, terms: Iterable[str]) -> frozenset[str]:
        """Every string that ``terms`` stand for. Raises :class:`TermFault`."""
        found = [self._one(term) for term in terms]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def _one(self, term: str) -> frozenset[str]:
        """What one term stands for; worked out once for the check and for the automaton."""
        known = self.known.get(term)
        if known is None:
            known = self.known[term] = frozenset(self._strings(term))
        return known

    def _strings(self, term: str) -> Iterator[str]:
        for choice in _alternatives(fold(term).text):
            strings = list(map("".join, product(*self._choices(choice, term))))
            # One look at all of them; most need nothing more.
            whole = f" {' | '.join(strings)} "
            if "  " in whole or "\n" in whole:
                strings = [" ".join(string.split()) for string in strings]
            if ("*" in whole or "" in strings) and not all(map(bare, strings)):
                raise TermFault(f"the term {term!r} is empty; write a word or remove it")
            yield from strings
            if "'" in whole:
                yield from (string.replace("'", "") for string in strings if "'" in string)

    def _choices(self, choice: str, term: str) -> list[tuple[str, ...]]:
        choices: list[tuple[str, ...]] = []
        last, size = 0, 1
        for piece in _PIECE.finditer(choice):
            words = self._words(piece)
            size *= len(words)
            choices += [(choice[last : piece.start()],), words]
            last = piece.end()
        choices.append((choice[last:],))
        if size > MOST:
            raise TermFault(f"the term {term!r} stands for more than {MOST} strings; split it")
        if any(bracket in plain for (plain, *_) in choices[::2] for bracket in "()"):
            raise TermFault(f"the brackets of {term!r} do not pair; write (this|that), not nested")
        return choices

    def _words(self, piece: re.Match[str]) -> tuple[str, ...]:
        parts = [f"@{piece[2]}"] if piece[1] is None else piece[1].split("|")
        words: list[str] = []
        for part in parts:
            if not part.startswith("@"):
                words.append(part)
            else:
                words.extend(self._list(part[1:]))
        return tuple(words)

    def _list(self, name: str) -> tuple[str, ...]:
        """The strings of a word list; its entries may be terms themselves."""
        if name in self._listed:
            return self._listed[name]
        if name not in self.lists:
            known = ", ".join(self.lists) or "none"
            raise TermFault(f"there is no word list @{name}; known are {known}")
        if name in self._within:
            raise TermFault(f"the word list @{name} holds itself; take @{name} out of it")
        if len(self._within) >= DEEPEST:
            raise TermFault(
                f"word lists hold one another more than {DEEPEST} deep; write the words of @{name} "
                "where they are used"
            )
        self._within.add(name)
        try:
            strings = dict.fromkeys(
                string
                for word in self.lists[name]
                for string in (self._strings(word) if _TERM.search(word) else (fold(word).text,))
            )
        finally:
            self._within.discard(name)
        self._listed[name] = tuple(strings)
        return self._listed[name]


def bare(string: str) -> str:
    """``string`` without the ``*`` that say where the word may go on."""
    return string.strip("*")


def _alternatives(term: str) -> list[str]:
    """``term`` cut at each ``|`` that stands outside brackets."""
    parts, depth, last = [], 0, 0
    for at, char in enumerate(term):
        depth += (char == "(") - (char == ")")
        if char == "|" and not depth:
            parts.append(term[last:at])
            last = at + 1
    parts.append(term[last:])
    return parts

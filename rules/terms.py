"""How a support lead writes terms, and the plain strings they stand for.

``lost my (phone|mobile)`` stands for two strings, ``@phone`` for every word of the word list of
that name, ``a|b`` for either, ``transfer*`` for every word that begins so, ``*phone`` for every
word that ends so. A Latin term stands only where a word begins and ends; a Chinese one anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import product

from rules.text import fold

#: More strings than this from one term is a mistake, not a rule.
MOST = 4000

_PIECE = re.compile(r"\(([^()]*)\)|@([\w-]+)")


class TermFault(ValueError):
    """A term that cannot be read; the text says what to write instead."""


class Lexicon:
    """The word lists of all rule files, and what terms stand for in their light.

    The strings are folded and keep their ``*`` at either end: see :func:`bare`.
    """

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self.lists = {name: tuple(sorted(set(words))) for name, words in sorted(lists.items())}
        self._folded = {
            name: tuple(fold(word).text for word in words) for name, words in self.lists.items()
        }
        self._known: dict[str, frozenset[str]] = {}

    def expand(self, terms: Iterable[str]) -> frozenset[str]:
        """Every string that ``terms`` stand for. Raises :class:`TermFault`."""
        found = [self._one(term) for term in terms]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def _one(self, term: str) -> frozenset[str]:
        """What one term stands for; worked out once for the check and for the automaton."""
        known = self._known.get(term)
        if known is None:
            known = self._known[term] = frozenset(self._strings(term))
        return known

    def _strings(self, term: str) -> Iterable[str]:
        for choice in _alternatives(fold(term).text):
            choices = self._choices(choice, term)
            for chosen in product(*choices):
                string = "".join(chosen)
                if "  " in string or string != string.strip():
                    string = " ".join(string.split())
                if not bare(string):
                    raise TermFault(f"the term {term!r} is empty; write a word or remove it")
                yield string
                if "'" in string:
                    yield string.replace("'", "")

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
            elif part[1:] in self._folded:
                words.extend(self._folded[part[1:]])
            else:
                known = ", ".join(self.lists) or "none"
                raise TermFault(f"there is no word list {part}; known are {known}")
        return tuple(words)


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

"""Who is named in a note: ``@`` and a colleague's name, longest names first."""

from __future__ import annotations

from collections.abc import Mapping


def named(text: str, people: Mapping[int, str]) -> list[int]:
    """The ids of those named with an @, in the order of their ids. A name that is the beginning of
    a longer one is not found in it, and an address is no mention."""
    rest = text.casefold()
    found = []
    for agent_id, name in sorted(people.items(), key=lambda one: -len(one[1])):
        word = f"@{name.strip().casefold()}"
        if word == "@":
            continue
        place = _place(rest, word)
        if place >= 0:
            found.append(agent_id)
            rest = rest.replace(word, "\n")
    return sorted(found)


def _place(text: str, word: str) -> int:
    """Where the word stands by itself, or -1."""
    at = text.find(word)
    while at >= 0:
        before = text[at - 1 : at]
        after = text[at + len(word) : at + len(word) + 1]
        alone = not (after.isascii() and (after.isalnum() or after in "._-@") and after)
        if not (before.isascii() and before.isalnum()) and alone:
            return at
        at = text.find(word, at + 1)
    return -1

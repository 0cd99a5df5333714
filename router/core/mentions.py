"""Who is named in a note: ``@`` and a colleague's name, longest names first."""

from __future__ import annotations

from collections.abc import Mapping


def named(text: str, people: Mapping[int, str]) -> list[int]:
    """The ids of those named with an @, in the order of their ids: of a name that several have all
    of them. A name that is the beginning of a longer one is not found in it, and an address is no
    mention."""
    called: dict[str, list[int]] = {}
    for agent_id, name in people.items():
        called.setdefault(name.strip().casefold(), []).append(agent_id)
    rest = text.casefold()
    found: list[int] = []
    for name in sorted(filter(None, called), key=len, reverse=True):
        if _place(rest, f"@{name}") >= 0:
            found += called[name]
            rest = rest.replace(f"@{name}", "\n")
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

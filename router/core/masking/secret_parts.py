"""The secrets of one message, gathered part by part while it is masked.

What is gathered is no secret any more: kind, part, length, and a print under the desk's key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from router.core.masking import redact, secret_files
from router.core.masking.redact import Kept

#: What a field is about says what its digits are: there they stand without a word around them.
_ABOUT = {"transaction_ref": "transaction id "}


class MaskedPart(NamedTuple):
    """All that is kept of one secret. ``part``: text, rest, subject, name, field or file."""

    kind: str
    part: str
    length: int
    fingerprint: str


class Secrets:
    """Takes secrets out of the parts of one message; ``parts`` and ``files`` tell what it took,
    ``unread`` which files were not looked through, or not to their end."""

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        """``fingerprint`` makes the print under the desk's key."""
        self._fingerprint = fingerprint
        self.parts: list[MaskedPart] = []
        self.files: list[str] = []
        self.unread: list[str] = []
        self.budget = secret_files.Budget()

    def _keep(self, kept: Iterable[Kept], part: str) -> None:
        self.parts += [MaskedPart(one.kind, part, one.length, one.fingerprint) for one in kept]

    def out_of(self, text: str, part: str) -> str:
        """The text without its secrets."""
        masked, kept = redact.examine(text, self._fingerprint)
        self._keep(kept, part)
        return masked.text

    def found_in_text(self, kept: Iterable[Kept], masked: str, reply: str) -> None:
        """Take note of what was found in a body, of which the reply is what was written now."""
        start = masked.find(reply)
        for one in kept:
            now = start < 0 or start <= one.at < start + len(reply)
            self._keep((one,), "text" if now else "rest")

    def out_of_field(self, name: str, value: str) -> str:
        """A field of a form; what it is called counts as a word before it."""
        about = _ABOUT.get(name, "")
        return self.out_of(about + value, "field").removeprefix(about)

    def out_of_file(self, name: str, mime: str, data: bytes) -> tuple[str, str, bytes]:
        """A file's name, kind and bytes as they are kept."""
        name = self.out_of(name, "file")
        self.budget.short = False
        copy = secret_files.masked_copy(name, mime, data, self._fingerprint, self.budget)
        if self.budget.short:
            self.unread.append(name)
        if copy is None:
            return name, mime, data
        self._keep(copy.kept, "file")
        self.files.append(copy.name)
        return copy.name, copy.mime, copy.data

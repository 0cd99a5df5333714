"""Messages of a ticket, each said once for everybody who looks, until it says something else.

Every change makes all who have the ticket open ask for it anew, and of its messages one is new at
most. How long ago a message was is told at each look, and so is what depends on the address of the
page (pictures from afar, splitting): their places are between the parts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from router.core import filenames
from router.store.pages import MessageView
from router.web import marking, rulewords, telling
from router.web.kept import Kept
from router.web.speech import label

_MOST = 2000
#: Between the parts as the template says them. No message can hold a word nobody knows.
_CUT = Markup(f"<{secrets.token_hex(16)}>")  # noqa: S704  # figures
#: A message with all that its parts depend on: its ticket's subject, whether it leads to the mail
#: as it came, and whether to the outbox.
_Asked = tuple[MessageView, str, bool, bool]


@dataclass(frozen=True, slots=True)
class Parts:
    """A message as the ticket shows it: up to its moment; its words; the files it came with and why
    it was tagged so; the fields of the form that splits it off; what became of it."""

    head: str
    words: str
    why: str
    fields: str
    end: str

    def told(self, when: str, as_sent: str, split: tuple[str, str] | None) -> Markup:
        """All of it; ``when`` is how long ago it was, ``as_sent`` the mail as it looked, ``split``
        what stands around the fields of the form."""
        form = f"{split[0]}{self.fields}{split[1]}" if split and self.fields else ""
        said = f"{self.head}{when}{self.words}{as_sent}{self.why}{form}{self.end}"
        return Markup(said)  # noqa: S704  # what a requester wrote is escaped within


class Conversation:
    """What messages say in each language; may be shared by threads."""

    def __init__(self) -> None:
        known = {
            "label": label,
            "category": telling.category,
            "marked": marking.marked,
            "words_of": marking.words_of,
            "fact": telling.fact,
            "size": telling.size,
            "may_harm": filenames.may_harm,
            "masked_names": telling.masked_names,
            "masked_part": telling.masked_part,
            "plain": rulewords.plain,
            "rule_named": rulewords.rule_named,
            "nearly": rulewords.nearly,
            "because": rulewords.because,
            "others_scored": rulewords.others_scored,
        }
        self._kept: Kept[_Asked, Parts] = Kept("ticket/message.html", known, _MOST)

    def parts(
        self, messages: Sequence[MessageView], subject: str, *, shows_source: bool, decides: bool
    ) -> dict[int, Parts]:
        """The parts of each message of a ticket with this subject, by its id; ``shows_source``
        leads to the mail as it came, ``decides`` to the outbox."""
        asked = [(one, subject, shows_source, decides) for one in messages]
        found = self._kept.pieces(asked, _made)
        return {one.id: parts for one, parts in zip(messages, found, strict=True)}


def _made(words: Any, asked: Sequence[_Asked]) -> Iterator[Parts]:
    said = [one.strip("\n") for one in str(words.told(asked, _CUT)).split(_CUT)]
    for number in range(len(asked)):
        yield Parts(*said[5 * number : 5 * number + 5])

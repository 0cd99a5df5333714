"""What is kept and logged of a failure: where it happened, and little of what it says.

The words of an exception may quote what it choked on, and a mail is often encoded, so that no
masking would know a phrase in it. So of each exception only its first line is told, cut short, and
masked like everything else.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

from router.core.masking import redact
from router.core.masking.secret import HIDDEN

_LONGEST, _READ = 200, 4000
_AGAIN = "\nWhile this was dealt with, or because of it:\n\n"
#: Solid as only encoded bytes are.
_ENCODED = re.compile(r"[A-Za-z0-9+/_\-]{72,}={0,2}|(?:=[0-9A-F]{2}){8,}")


def told(fault: BaseException) -> str:
    """The traceback of a failure and of those that led to it, oldest first, without secrets."""
    return redact.mask(_AGAIN.join(reversed(list(_steps(fault))))).text


def _steps(fault: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    one: BaseException | None = fault
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        frames = "".join(traceback.format_tb(one.__traceback__))
        yield f"Traceback (most recent call last):\n{frames}{type(one).__name__}: {said(one)}\n"
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def said(fault: BaseException) -> str:
    """What a failure says, without secrets. Masked before it is cut: half a card is no card to a
    mask, and still half a card."""
    first = str(fault).partition("\n")[0][:_READ]
    return _ENCODED.sub(HIDDEN, redact.mask(first).text)[:_LONGEST]

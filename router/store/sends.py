"""What became of the newest sends, for whoever asks whether the desk can send at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.store.unit import Unit

#: The newest sends that are looked at, and for how long one is of interest, in microseconds.
_LAST, _OF_INTEREST = 20, 86_400_000_000
#: Fewer failures than this are those of a few addresses.
_FEW = 5
_CODE = re.compile(r"\d{3}(?: \d\.\d{1,3}\.\d{1,3})?\b")


@dataclass(frozen=True, slots=True)
class Recent:
    """``failed`` of the last ``of`` sends failed for good; ``code`` is what most were told, such as
    ``550 5.7.1``, and never anybody's words."""

    failed: int = 0
    of: int = 0
    code: str = ""

    @property
    def ill(self) -> bool:
        """Whether so many failed that it is hardly the addresses."""
        return self.failed >= _FEW and 2 * self.failed >= self.of

    def __str__(self) -> str:
        """``18 of the last 20 sends failed: 550 5.7.1``"""
        said = f"{self.failed} of the last {self.of} sends failed"
        return f"{said}: {self.code}" if self.code else said


def recent(unit: Unit) -> Recent:
    """How the newest sends of the last day went."""
    rows = [
        row
        for state in ("sent", "failed")
        for row in unit.rows(
            "SELECT state, reason, tried_at FROM outbox WHERE state = :state "
            "ORDER BY id DESC LIMIT :n",
            state=state,
            n=_LAST,
        )
        if (row.tried_at or 0) > unit.now_us - _OF_INTEREST
    ]
    newest = sorted(rows, key=lambda row: int(row.tried_at), reverse=True)[:_LAST]
    codes = [
        found[0] if (found := _CODE.match(row.reason)) else ""
        for row in newest
        if row.state == "failed"
    ]
    return Recent(len(codes), len(newest), max(codes, key=codes.count, default=""))

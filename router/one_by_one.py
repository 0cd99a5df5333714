"""Rows that are worked on one by one, each for as long as its far side takes.

Many claimed at once share a lease that began with the first: where each takes seconds, the last
outlast it, and another worker does them a second time while this one is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from router.assemble import Router
from router.store.unit import Unit


def claimed(
    router: Router, claim: Callable[[Unit], Sequence[Any]], *, at_most: int
) -> Iterator[Any]:
    """Claim a row when the one before is done with, until none is due or so many were had.

    ``claim`` takes one row; its lease need cover the work on that row only.
    """
    for _ in range(at_most):
        rows = router.store.write(claim)
        if not rows:
            return
        yield from rows

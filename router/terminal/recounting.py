"""``router recount`` and ``router whatif`` at the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from router import reports
from router.assemble import Router, assemble
from router.core.cells import Cell
from router.settings import Settings
from router.terminal import filling


@contextmanager
def opened(settings: Settings) -> Iterator[Router]:
    """The desk, for as long as a report is made."""
    router = assemble(settings)
    try:
        yield router
    finally:
        router.close()


def recount(router: Router, *, rebuild: bool) -> list[Cell]:
    """The figures that differ from a recount; after counting everything anew when asked to."""
    if rebuild:
        with filling.progress_bar("counting tickets") as told:
            for done in reports.rebuild(router):
                told(done, done)
    return reports.differing(router)

"""What the commands do to fill a desk: the made-up day, seeded tickets, old mail; with a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from router import demo as story
from router import importing, seeding
from router.assemble import Router
from router.core.clock import monotonic
from router.polling import Tally
from router.starting import console


def demo(router: Router, tickets: int) -> None:
    """Load the made-up day, or seed so many tickets with a progress bar."""
    if not tickets:
        console.print(f"{story.fill(router)} made-up tickets were added")
        return
    with _progress() as progress:
        task = progress.add_task("seeding", total=tickets)
        for done in seeding.seed(router, tickets):
            progress.update(task, completed=done)
    console.print(f"{tickets} made-up tickets were added")


def import_mail(router: Router, path: Path, account: str) -> None:
    """Import old mail with progress; what is committed stays, whatever happens."""
    door = router.doors.reader("email", account)
    found = importing.sources(path)
    tally = Tally()
    wall, cpu = monotonic(), process_time()
    with _progress() as progress:
        task = progress.add_task("importing", total=sum(importing.size(one) for one in found))
        for tally in importing.take(router, door, found):
            progress.update(task, completed=tally.fetched)
    wall, cpu = monotonic() - wall, process_time() - cpu
    console.print(
        f"{tally.fetched} mails read: {tally.new} new tickets, {tally.joined} joined one, "
        f"{tally.seen} were here before, {tally.parked} parked"
    )
    rate = tally.fetched / wall if wall else 0
    console.print(f"{rate:.0f} mails/s, {wall:.1f} s, {cpu:.1f} CPU seconds")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


@contextmanager
def progress_bar(word: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; what is given takes (done, of how many)."""
    with _progress() as progress:
        task = progress.add_task(word, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

"""What the commands do to fill a desk: the made-up day, seeded tickets, old mail; with a bar."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from time import process_time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from router import backfilling, importing, seeding
from router import demo as story
from router.assemble import Router
from router.core.clock import monotonic
from router.polling import Tally
from router.terminal import starting

#: How far old mail stands back behind other work of the machine, as `nice` counts.
_BEHIND = 10

console = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def behind_others() -> Iterator[None]:
    """Whoever else works on this machine goes first: old mail can wait, a call cannot."""
    if not hasattr(os, "nice"):
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.nice(_BEHIND)
    try:
        yield
    finally:
        with suppress(PermissionError):  # only an administrator may go forward again
            os.setpriority(os.PRIO_PROCESS, 0, before)


def demo(router: Router, tickets: int | None) -> None:
    """Load the made-up day, or seed so many tickets with a progress bar. Raises Conflict on a desk
    that is in use."""
    starting.begin_demo(router)
    if tickets is None:
        console.print(f"{story.fill(router)} made-up tickets were added")
        return
    with _progress() as progress:
        task = progress.add_task("seeding", total=tickets)
        for done in seeding.seed(router, tickets):
            progress.update(task, completed=done)
    console.print(f"{tickets} made-up tickets were added")


def import_mail(router: Router, path: Path, account: str) -> bool:
    """Import old mail with progress; what is committed stays, whatever happens. Whether all of it
    could be read."""
    door = router.doors.reader("email", account)
    left = importing.LeftOut()
    found = importing.sources(path, left)
    tally = Tally()
    wall, cpu = monotonic(), process_time()
    with _progress() as progress:
        task = progress.add_task("importing", total=sum(importing.size(one) for one in found))
        for tally in importing.take(router, door, found, left):
            progress.update(task, completed=tally.fetched)
    wall, cpu = monotonic() - wall, process_time() - cpu
    console.print(
        f"{tally.fetched} mails read: {tally.new} new tickets, {tally.joined} joined one, "
        f"{tally.seen} were here before, {tally.parked} parked"
    )
    rate = tally.fetched / wall if wall else 0
    console.print(f"{rate:.0f} mails/s, {wall:.1f} s, {cpu:.1f} CPU seconds")
    _tell_left_out(left)
    return not left.unreadable


def _tell_left_out(left: importing.LeftOut) -> None:
    if left.others:
        count = len(left.others)
        console.print(f"{count} files were left out as no mail, such as {left.others[0]}")
    if left.unreadable:
        console.print(f"{len(left.unreadable)} could not be read:")
        for one in left.unreadable:
            console.print(f"  {one}", markup=False)


def backfill(
    router: Router, account: str, since: date | None, *, again: bool, dry_run: bool
) -> None:
    """Take in what a mailbox held before, with rate and time left; or say what that would be."""
    door = router.doors.open("email", account)
    if dry_run:
        outlook = backfilling.dry_run(router, door, since, again=again)
        console.print(
            f"{outlook.total} mails; of {outlook.looked_at} looked at {outlook.known} are here "
            f"already and {outlook.unreadable} cannot be read. All would take about "
            f"{_span(outlook.seconds)}. Nothing was written."
        )
        return
    done = backfilling.Progress()
    begun = monotonic()
    columns = (TextColumn("{task.fields[rate]:.0f}/s"), TextColumn("{task.fields[left]}"))
    with _progress(*columns) as bar:
        task = bar.add_task("taking in", total=None, rate=0.0, left="")
        for done in backfilling.take(router, door, since, again=again):
            rate = done.tally.fetched / max(monotonic() - begun, 0.001)
            left = "" if done.seconds is None else f"{_span(done.seconds)} left"
            bar.update(task, completed=done.tally.fetched, total=done.total, rate=rate, left=left)
    tally = done.tally
    console.print(
        f"{tally.fetched} mails read: {tally.new} new tickets, {tally.joined} joined one, "
        f"{tally.seen} were here before, {tally.parked} parked; nobody was acknowledged"
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _progress(*more: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *more,
        console=console,
    )


@contextmanager
def progress_bar(word: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; what is given takes (done, of how many)."""
    with _progress() as progress:
        task = progress.add_task(word, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

"""Two sets of rules side by side over many messages, in processes of their own when there are many.

The processes are started afresh and compile the rules themselves, so that nothing of a serving
process (its threads, its database) is carried over, and its pages stay quick meanwhile.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from router.core.clock import from_us
from router.core.promises.hours import Calendar
from router.store.judged import Stored
from rules.conditions import kind_of
from rules.contract import Facts, Tags, Verdict
from rules.engine import Ruleset, compile_files
from rules.load import Book, read

#: From so many messages on it pays to start processes, which takes seconds.
MANY = 30_000
_MOST_PROCESSES = 4
_PAGE = 250

_MINUTE = 60_000_000

#: A stored message with what is known of it, and with both verdicts.
Known = tuple[Stored, Facts]
Judged = tuple[Stored, Verdict, Verdict]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rules come from: folders, and texts by file name."""

    folders: tuple[Path, ...]
    texts: Mapping[str, str] = field(default_factory=dict)

    def book(self) -> Book:
        """The rules, read. Raises RulesFault with every fault."""
        return read(self.folders, self.texts)

    def rules(self) -> Ruleset:
        """The rules, ready to judge. Raises RulesFault with every fault."""
        return compile_files(self.folders, self.texts)


def facts_of(message: Stored, hours: Calendar) -> Facts:
    """What is known of a stored message, as far as it is kept; what its sender ticked is not."""
    since = None if message.before_at is None else message.arrived_at - message.before_at
    return Facts(
        text=message.text,
        subject=message.subject,
        channel=message.channel,
        language=message.language,
        automatic=message.automatic,
        hours="inside" if hours.is_open(from_us(message.arrived_at)) else "outside",
        sender="known" if message.known else "unknown",
        minutes_since=None if since is None else since / _MINUTE,
        attachments=tuple(sorted({kind_of(*file) for file in message.files})),
        tags=Tags(message.tags, message.borne_by),
    )


def one_by_one(known: Iterable[Known], old: Ruleset, new: Ruleset) -> Iterator[Judged]:
    """Judge here."""
    for message, facts in known:
        yield message, old.judge(facts), new.judge(facts)


def side_by_side(known: Iterable[Known], old: Source, new: Source) -> Iterator[Judged]:
    """Judge in as many processes as there are processors; the order stays."""
    count = min(os.cpu_count() or 1, _MOST_PROCESSES)
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_ready, initargs=(old, new)
    ) as pool:
        pages = _pages(known)
        waiting = deque(
            (page, pool.submit(_judge, [facts for _, facts in page]))
            for page in islice(pages, 2 * count)
        )
        while waiting:
            page, future = waiting.popleft()
            verdicts = future.result()
            if following := next(pages, None):
                facts = [one for _, one in following]
                waiting.append((following, pool.submit(_judge, facts)))
            for (message, _), (before, after) in zip(page, verdicts, strict=True):
                yield message, before, after


def _pages(known: Iterable[Known]) -> Iterator[list[Known]]:
    source = iter(known)
    while page := list(islice(source, _PAGE)):
        yield page


# ---------------------------------------------------------------- in such a process

_RULESETS: list[Ruleset] = []


def _ready(old: Source, new: Source) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told to stop, and stops us
    _RULESETS[:] = [one.rules() for one in (old, new)]


def _judge(facts: list[Facts]) -> list[tuple[Verdict, Verdict]]:
    old, new = _RULESETS
    return [(old.judge(one), new.judge(one)) for one in facts]

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

from router.store.judged import Stored
from rules.contract import Facts, Verdict
from rules.engine import Ruleset, compile_book
from rules.load import Book, read

#: From so many messages on it pays to start processes, which takes seconds.
MANY = 30_000
_MOST_PROCESSES = 4
_PAGE = 250

Judged = tuple[Stored, Verdict, Verdict]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rules come from: folders, and texts by file name."""

    folders: tuple[Path, ...]
    texts: Mapping[str, str] = field(default_factory=dict)

    def book(self) -> Book:
        """The rules, read. Raises RulesFault with every fault."""
        return read(self.folders, self.texts)


def facts_of(message: Stored) -> Facts:
    """What is known of a stored message, as far as it is kept."""
    return Facts(
        text=message.text,
        subject=message.subject,
        channel=message.channel,
        language=message.language,
        automatic=message.automatic,
    )


def one_by_one(messages: Iterable[Stored], old: Ruleset, new: Ruleset) -> Iterator[Judged]:
    """Judge here."""
    for message in messages:
        facts = facts_of(message)
        yield message, old.judge(facts), new.judge(facts)


def side_by_side(messages: Iterable[Stored], old: Source, new: Source) -> Iterator[Judged]:
    """Judge in as many processes as there are processors; the order stays."""
    count = min(os.cpu_count() or 1, _MOST_PROCESSES)
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_ready, initargs=(old, new)
    ) as pool:
        pages = _pages(messages)
        waiting = deque(
            (page, pool.submit(_judge, list(map(facts_of, page))))
            for page in islice(pages, 2 * count)
        )
        while waiting:
            page, future = waiting.popleft()
            verdicts = future.result()
            if following := next(pages, None):
                waiting.append((following, pool.submit(_judge, list(map(facts_of, following)))))
            for message, (before, after) in zip(page, verdicts, strict=True):
                yield message, before, after


def _pages(messages: Iterable[Stored]) -> Iterator[list[Stored]]:
    source = iter(messages)
    while page := list(islice(source, _PAGE)):
        yield page


# ---------------------------------------------------------------- in such a process

_RULESETS: list[Ruleset] = []


def _ready(old: Source, new: Source) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told to stop, and stops us
    _RULESETS[:] = [compile_book(one.book()) for one in (old, new)]


def _judge(facts: list[Facts]) -> list[tuple[Verdict, Verdict]]:
    old, new = _RULESETS
    return [(old.judge(one), new.judge(one)) for one in facts]

"""Taking old mail in from files: .eml, mbox, Maildir, or a folder of any of them.

The same pipeline as a mailbox, without acknowledging anybody. A second run, or one after an
interruption, adds nothing twice: the journal knows every mail by its bytes.
"""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from channels.contract import Channel, Raw
from router import pipeline
from router.assemble import Router
from router.errors import NotFound
from router.polling import Tally
from router.prepared import Terms

#: A line that an mbox marks, lest it look like the head of the next mail.
_MARKED = re.compile(rb"^>(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """One file, mailbox or Maildir, and how many mails it holds."""

    path: Path
    shape: str


def sources(path: Path) -> list[Source]:
    """What can be imported at this path; raises NotFound when there is nothing."""
    if not path.exists():
        raise NotFound(f"there is no {path}")
    if path.is_file():
        return [Source(path, "mbox" if _is_mbox(path) else "eml")]
    if (path / "cur").is_dir() and (path / "new").is_dir():
        return [Source(path, "maildir")]
    found = [
        Source(one, "mbox" if _is_mbox(one) else "eml")
        for one in sorted(path.rglob("*"))
        if one.is_file() and one.suffix.lower() in (".eml", ".mbox", ".mbx", ".msg", "")
    ]
    if not found:
        raise NotFound(f"{path} holds no mail: no .eml, no mbox, no Maildir")
    return found


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def size(source: Source) -> int:
    """How many mails a source holds; counting a large mbox reads it once."""
    if source.shape == "eml":
        return 1
    if source.shape == "maildir":
        return sum(len(list((source.path / folder).iterdir())) for folder in ("cur", "new"))
    with source.path.open("rb") as file:
        return sum(line.startswith(b"From ") for line in file)


def mails(source: Source) -> Iterator[bytes]:
    """The raw bytes of each mail of a source."""
    if source.shape == "eml":
        yield source.path.read_bytes()
    elif source.shape == "mbox":
        with closing(mailbox.mbox(source.path, create=False)) as box:
            for key in box.iterkeys():
                yield _MARKED.sub(rb"\1", box.get_bytes(key))
    else:
        for folder in ("cur", "new"):
            for one in sorted((source.path / folder).iterdir()):
                yield one.read_bytes()


def take(router: Router, door: Channel, found: Sequence[Source]) -> Iterator[Tally]:
    """Import everything, yielding the tally after each batch that is safely committed."""
    tally = Tally()
    terms = Terms(old=True, bulk=True)
    waiting = (raw for source in found for raw in mails(source))
    while batch := list(islice(waiting, router.settings.intake.batch)):
        raws = {raw.remote_id: raw for raw in (Raw(door.identify(one), one) for one in batch)}
        taken = pipeline.receive(router, door, list(raws.values()), terms)
        tally.fetched += len(batch)
        tally.add(taken)
        tally.seen = tally.fetched - tally.new - tally.joined - tally.parked
        yield tally

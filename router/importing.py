"""Taking old mail in from files: .eml, mbox, Maildir, or a folder with any of them below it.

The same pipeline as a mailbox, without acknowledging anybody. A second run, or one after an
interruption, adds nothing twice: the journal knows every mail by its bytes.
"""

from __future__ import annotations

import mailbox
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
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
#: Files that may be mail by their names; "" is what mail programs call an mbox.
_SUFFIXES = (".eml", ".mbox", ".mbx", ".msg", "")
#: A file whose name does not say that it is a mail begins as one.
_HEAD, _HEADER = 200, re.compile(rb"[!-9;-~]{2,60}:[ \t]")
#: The folders that make a Maildir; the server's own files lie beside them.
_PARTS = ("cur", "new", "tmp")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, mailbox or Maildir, and how many mails it holds."""

    path: Path
    shape: str


@dataclass(slots=True)
class LeftOut:
    """What is not taken in: ``unreadable`` says of each place why, ``others`` are files of which
    neither name nor place says that they are mail."""

    unreadable: list[str] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    def fault(self, fault: OSError, path: Path | None = None) -> None:
        """Take note of what cannot be read, once."""
        said = f"{path or fault.filename}: {fault.strerror}"
        if said not in self.unreadable:
            self.unreadable.append(said)


def sources(path: Path, left: LeftOut | None = None) -> list[Source]:
    """What can be imported at this path, with all folders below it; what cannot is put into
    ``left``. Raises NotFound when there is nothing."""
    left = LeftOut() if left is None else left
    if not path.exists():
        raise NotFound(f"there is no {path}")
    if path.is_file():
        found = list(_of_file(path, left))
    else:
        found = [one for folder in _folders(path, left) for one in _of_folder(*folder, left)]
    if not found:
        told = "".join(f"\n  {one}" for one in left.unreadable)
        raise NotFound(f"{path} holds no mail: no .eml, no mbox, no Maildir that can be read{told}")
    return found


def _folders(path: Path, left: LeftOut) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder with the names of its folders and files, in their order."""
    for name, folders, files in os.walk(path, onerror=left.fault):
        folders.sort()
        yield Path(name), folders, sorted(files)


def _of_folder(
    folder: Path, folders: list[str], files: list[str], left: LeftOut
) -> Iterator[Source]:
    ours = {"cur", "new"} <= set(folders)
    if ours:
        yield Source(folder, "maildir")
        folders[:] = [one for one in folders if one not in _PARTS]  # the walk goes past them
    for name in files:
        path = folder / name
        if not ours and path.suffix.lower() in _SUFFIXES and (path.is_file() or path.is_symlink()):
            yield from _of_file(path, left)
        else:
            left.others.append(path)


def _of_file(path: Path, left: LeftOut) -> Iterator[Source]:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as fault:
        left.fault(fault, path)
        return
    if head.startswith(b"From "):
        yield Source(path, "mbox")
    elif path.suffix.lower() == ".eml" or _HEADER.match(head):
        yield Source(path, "eml")
    else:
        left.others.append(path)


def size(source: Source) -> int:
    """How many mails a source holds, as far as it can be read; counting a large mbox reads it
    once."""
    if source.shape == "eml":
        return 1
    if source.shape == "maildir":
        return len(list(_in_maildir(source.path, LeftOut())))
    with suppress(OSError), source.path.open("rb") as file:
        return sum(line.startswith(b"From ") for line in file)
    return 0


def mails(source: Source, left: LeftOut) -> Iterator[bytes]:
    """The raw bytes of each mail of a source; what cannot be read is put into ``left``."""
    if source.shape == "mbox":
        try:
            with closing(mailbox.mbox(source.path, create=False)) as box:
                for key in box.iterkeys():
                    yield _MARKED.sub(rb"\1", box.get_bytes(key))
        except OSError as fault:
            left.fault(fault, source.path)
        return
    single = source.shape == "eml"
    for path in (source.path,) if single else _in_maildir(source.path, left):
        try:
            data = path.read_bytes()
        except OSError as fault:
            left.fault(fault, path)
        else:
            yield data


def _in_maildir(path: Path, left: LeftOut) -> Iterator[Path]:
    for folder in ("cur", "new"):
        try:
            yield from sorted((path / folder).iterdir())
        except OSError as fault:
            left.fault(fault, path / folder)


def take(
    router: Router, door: Channel, found: Sequence[Source], left: LeftOut | None = None
) -> Iterator[Tally]:
    """Import everything that can be read, yielding the tally after each batch that is safely
    committed."""
    tally, left = Tally(), LeftOut() if left is None else left
    terms = Terms(old=True, bulk=True)
    waiting = (raw for source in found for raw in mails(source, left))
    while batch := list(islice(waiting, router.settings.intake.batch)):
        raws = {raw.remote_id: raw for raw in (Raw(door.identify(one), one) for one in batch)}
        taken = pipeline.receive(router, door, list(raws.values()), terms)
        tally.fetched += len(batch)
        tally.add(taken)
        tally.seen = tally.fetched - tally.new - tally.joined - tally.parked
        yield tally

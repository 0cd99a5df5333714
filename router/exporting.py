"""All that is kept of a person, as one file to hand out: what was said, with its files.

It is written piece by piece while it is read, so nothing of it ever lies anywhere. Secrets were
masked before they were kept and stay so; sealed raw copies are not part of it.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, cast

from router.assemble import Router
from router.core.clock import from_us
from router.errors import NotFound, RouterError
from router.store import timeline
from router.store.pages import person as pages_person
from router.store.pages.person import Person
from router.store.unit import Unit

#: What parts a path, here or on another system.
_PATH = re.compile(r"[/\\:\x00-\x1f]")
#: The name of the list of everything, inside.
LIST = "person.json"


class _Sink:
    """Where the archive is written to: takes bytes and gives them away at once."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, data: Any, /) -> int:
        """Take some."""
        self._held.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        held, self._held = self._held, []
        return b"".join(held)


def begin(router: Router, requester_id: int, *, agent_id: int) -> Person:
    """Write down that somebody takes a person's data out; raises NotFound."""

    def work(unit: Any) -> Person:
        found = pages_person.person(unit, requester_id)
        if found is None or found.erased:
            raise NotFound("there is no such person")
        timeline.audit(unit, f"agent:{agent_id}", "requester.exported", f"requester:{requester_id}")
        return found

    return router.store.write(work)


def packed(router: Router, person: Person, *, notes: bool) -> Iterator[bytes]:
    """The archive in pieces; with ``notes`` what colleagues noted is in it too."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        told: list[dict[str, Any]] = []
        with router.store.reading() as unit:
            rows = [(row, True) for row in pages_person.tickets(unit, person.id)]
            rows += [(row, False) for row in pages_person.of_others(unit, person)]
        for row, own in rows:
            with router.store.reading() as unit:
                said = pages_person.said(unit, person, row.id, own=own, notes=notes)
                names: dict[int, list[str]] = {}
                for file in pages_person.files(unit, [one.id for one in said]):
                    name, data = _opened(router, row.number, len(archive.filelist), file)
                    names.setdefault(file.message_id, []).append(name)
                    archive.writestr(name, data)
                    yield sink.taken()
                told.append(_ticket(row, said, names) | _beside(unit, person, row.id, own=own))
        everything = {"name": person.name, "handles": _handles(person), "tickets": told}
        archive.writestr(LIST, json.dumps(everything, ensure_ascii=False, indent=2))
        yield sink.taken()
    yield sink.taken()


def _beside(unit: Unit, person: Person, ticket_id: int, *, own: bool) -> dict[str, Any]:
    """What else is kept with a ticket."""
    sent = pages_person.acknowledged(unit, person, ticket_id)
    return {
        "sent_by_the_desk": [_columns(one) for one in sent],
        "calls": [_columns(one) for one in pages_person.calls(unit, ticket_id)] if own else [],
        "ratings": [_columns(one) for one in pages_person.ratings(unit, ticket_id)] if own else [],
    }


def _opened(router: Router, number: str, place: int, file: Any) -> tuple[str, bytes]:
    """A file's name in the archive and its bytes; one whose seal is broken says so."""
    name = f"files/{number}/{place + 1:04}-{_PATH.sub('_', file.name)}"
    try:
        return name, router.keys.unseal(
            file.key_id, file.wrapped_key, file.blob, file.token.encode()
        )
    except RouterError as fault:
        return f"{name}.missing.txt", str(fault).encode()


def _handles(person: Person) -> list[dict[str, Any]]:
    return [
        {"channel": one.kind, "handle": one.value, "name": one.name, "proven": bool(one.verified)}
        for one in person.handles
    ]


def _ticket(row: Any, said: Sequence[Any], names: dict[int, list[str]]) -> dict[str, Any]:
    return {
        **_columns(row),
        "messages": [
            _columns(one)
            | {
                "fields": json.loads(one.fields) if one.fields else {},
                "masked": one.masked.split(),
                "files": names.get(one.id, []),
            }
            for one in said
        ],
    }


def _columns(row: Any) -> dict[str, Any]:
    """A row as people read it: without our ids, its moments written out."""
    return {
        name: from_us(value).isoformat()
        if value and (name == "at" or name.endswith("_at"))
        else value
        for name, value in row.as_dict().items()
        if name != "id"
    }

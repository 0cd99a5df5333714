"""``router forget``: erase a person from the terminal, seen to the end."""

from __future__ import annotations

from collections.abc import Callable

from router import retention
from router.assemble import Router
from router.core.calls import covered
from router.errors import NotFound
from router.store import erasures
from router.store.pages import person as pages_person
from router.store.pages.person import Person
from router.terminal import filling

#: What has to be typed.
WORD = "erase"


#: What people at the terminal are told instead of our codes.
_SAID = {
    "several_people": "several people have this handle; give the number of one of their tickets",
    "nobody_known": "many people share this handle, nobody could know who they were",
}


def find(router: Router, words: str) -> Person:
    """Whom a ticket's number or a handle means; raises NotFound, also when it is not one person."""
    with router.store.reading() as unit:
        ids = pages_person.find(unit, words)
        if len(ids) > 1:
            raise NotFound(_SAID["several_people"])
        found = pages_person.person(unit, ids[0]) if ids else None
    if found is None:
        raise NotFound("no ticket of that number and nobody with that handle is here")
    if not found.known:
        raise NotFound(_SAID["nobody_known"])
    return found


def told(person: Person, say: Callable[[str], object]) -> None:
    """What will go and what stays."""
    handles = ", ".join(covered(one.kind, one.value) for one in person.handles)
    say(f"somebody known as {handles or '–'}{' (erased)' if person.erased else ''}")
    for name, n in person.counts.items():
        say(f"  {name}: {n}")
    say("what they wrote and were written goes, with files, calls, drafts and the search index;")
    say("ticket numbers, categories, moments, figures and the audit log stay, without any words")


def erase(router: Router, person: Person) -> bool:
    """Erase them and see it through, with a bar; False when somebody else works on it now or a
    reader keeps the last bytes, so that a worker goes on."""
    with router.store.reading() as unit:
        row = erasures.of_person(unit, person.id)
    row_id = row.id if row is not None else retention.ask(router, person.id, agent_id=None)
    last = len(retention.STEPS)
    with filling.progress_bar("erasing") as bar:
        worked = True
        while worked and not retention.is_done(router, row_id):
            worked = False
            for job in retention.go_on(router, row_id):
                worked = True
                place = retention.STEPS.index(job.step) if job.step in retention.STEPS else last
                bar(place, last)
        bar(last, last)
    return retention.is_done(router, row_id)

"""What is done for somebody who is erased, step by step."""

from __future__ import annotations

from router.store import erasable

WALK = "walk:"
#: Everything that is done for a person, in this order: their words are looked for in the texts of
#: others while they are still known.
STEPS = (
    *("quotes", "tickets", "elsewhere", "sent"),
    *(f"{WALK}{table}" for table in erasable.WALKED),
    *("journal", "places", "index", "wash"),
)

#: Where what is old enough begins; it joins the others at the index.
OLD, TICKETS, INDEX, WASH = "old", "tickets", "index", "wash"

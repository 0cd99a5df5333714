"""A ticket goes to a colleague or a team, with words for whoever takes it over."""

from __future__ import annotations

from router.assemble import Router
from router.core.rights import Who
from router.desk.acting import Deed, do
from router.desk.changing import assign_in_hand, hand_over
from router.store import mentions, timeline
from router.store.batch import Draft
from router.store.unit import Unit
from router.writing import body_of, keep


def assign(
    router: Router, who: Who, ticket_id: int, assignee_id: int | None, words: str = ""
) -> None:
    """Give the ticket to an agent, or to nobody. The words become a note that names them."""
    body = body_of(router, words) if words.strip() else None

    def work(unit: Unit, draft: Draft) -> None:
        assign_in_hand(unit, draft, who, assignee_id)
        if body is None:
            return
        written = keep(unit, draft, who, body, "note", router)
        timeline.note(unit, draft.id, "noted", agent_id=who.id)
        if assignee_id is not None and assignee_id != who.id:
            mentions.name(unit, written, assignee_id, draft.id)

    do(router, Deed(who, "assign", ticket_id), work)


def move_team(router: Router, who: Who, ticket_id: int, team_id: int, words: str = "") -> None:
    """Hand the ticket to another team; its assignee is let go. The words become a note."""
    body = body_of(router, words) if words.strip() else None

    def work(unit: Unit, draft: Draft) -> None:
        hand_over(router, unit, draft, who, team_id)
        if body is not None:
            keep(unit, draft, who, body, "note", router)
            timeline.note(unit, draft.id, "noted", agent_id=who.id)

    do(router, Deed(who, "move_team", ticket_id, verb="team"), work)

"""Whose a ticket is, what it is about, whether it is open, asleep or closed."""

from __future__ import annotations

from datetime import datetime

from router.assemble import Router
from router.core import lifecycle
from router.core.clock import to_us
from router.core.masking import redact
from router.core.rights import Who
from router.desk.acting import act
from router.desk.gating import refuse_unchecked
from router.errors import Conflict, Invalid
from router.store import chats, feedback, holding, merging, playbooks, snoozes, tickets, timeline
from router.store.batch import Draft, load, write
from router.store.promises import clocks
from router.store.unit import Unit
from rules import conditions
from rules.contract import Urgency

#: How an agent may have made sure who a requester is.
VOUCHED = ("called_back", "in_app", "document")

_FURTHEST = 366 * 86_400_000_000


def assign_in_hand(unit: Unit, draft: Draft, who: Who, assignee_id: int | None) -> None:
    """Give a ticket in hand to an agent, or to nobody."""
    if draft.assignee_id == assignee_id:
        return
    name = None if assignee_id is None else tickets.agent_name(unit, assignee_id)
    if assignee_id is not None and name is None:
        raise Invalid("assignee", "unknown_agent")
    draft.assignee_id = assignee_id
    if assignee_id is None:
        timeline.note(unit, draft.id, "unassigned", agent_id=who.id)
        return
    timeline.note(unit, draft.id, "assigned", agent_id=who.id, agent=name, id=assignee_id)
    if assignee_id == who.id:
        chats.joined(unit, draft.id, assignee_id)


def hand_over(router: Router, unit: Unit, draft: Draft, who: Who, team_id: int) -> None:
    """Hand a ticket in hand to another team; its assignee is let go."""
    key = tickets.team_key(unit, team_id)
    if key is None:
        raise Invalid("team", "unknown_team")
    if team_id == draft.team_id:
        return
    was = tickets.team_key(unit, draft.team_id)
    draft.team_id, draft.assignee_id = team_id, None
    clocks.retarget(unit, draft, router.policies)
    timeline.note(unit, draft.id, "team", agent_id=who.id, team=key, was=was)


def tag(router: Router, who: Who, ticket_id: int, tag: str) -> None:
    """Put a tag on the ticket."""
    word = tag_word(tag)
    act(router, who, "tag", ticket_id, lambda unit, draft: tag_in_hand(unit, draft, who, word))


def tag_word(given: str) -> str:
    """A tag as it is kept; raises Invalid for what cannot be one, and for one that is a secret."""
    word = conditions.tag_word(given)
    if not word or redact.holds_secret(given):
        raise Invalid("tag", "bad_tag")
    return word


def tag_in_hand(unit: Unit, draft: Draft, who: Who, word: str) -> None:
    """The same for a ticket in hand."""
    if tickets.tag(unit, draft.id, word):
        timeline.note(unit, draft.id, "tagged", agent_id=who.id, tag=word)


def untag(router: Router, who: Who, ticket_id: int, tag: str) -> None:
    """Take a tag off the ticket."""

    def work(unit: Unit, draft: Draft) -> None:
        untag_in_hand(unit, draft, who, tag)

    act(router, who, "tag", ticket_id, work, verb="untag")


def untag_in_hand(unit: Unit, draft: Draft, who: Who, word: str) -> None:
    """The same for a ticket in hand."""
    if tickets.untag(unit, draft.id, word):
        timeline.note(unit, draft.id, "untagged", agent_id=who.id, tag=word)


def set_category(router: Router, who: Who, ticket_id: int, category: str) -> None:
    """Correct what the ticket is about; a person's word may also take a ticket out of security."""

    def work(unit: Unit, draft: Draft) -> None:
        categorise(router, unit, draft, who, category)

    act(router, who, "categorise", ticket_id, work, verb="category")


def categorise(router: Router, unit: Unit, draft: Draft, who: Who, category: str) -> None:
    """The same for a ticket in hand."""
    if category not in router.rules.categories:
        raise Invalid("category", "unknown_category")
    if category == draft.category:
        return
    old, draft.category = draft.category, category
    draft.security = category.startswith("security.")
    clocks.retarget(unit, draft, router.policies)
    if draft.security:
        playbooks.wait(unit, draft.id)
    feedback.keep(unit, draft.id, who.id, "category", old, category)
    timeline.note(unit, draft.id, "category", agent_id=who.id, old=old, new=category)


def vouch(router: Router, who: Who, ticket_id: int, how: str) -> None:
    """An agent made sure by other means who the requester of this ticket is, and says how."""
    if how not in VOUCHED:
        raise Invalid("how", "unknown_how")

    def work(unit: Unit, draft: Draft) -> None:
        draft.verification = "vouched"
        timeline.note(unit, draft.id, "vouched", agent_id=who.id, how=how)

    act(router, who, "vouch", ticket_id, work)


def set_urgency(router: Router, who: Who, ticket_id: int, urgency: str) -> None:
    """Correct how soon a person must see it; open promises are counted anew."""

    def work(unit: Unit, draft: Draft) -> None:
        urge(router, unit, draft, who, urgency)

    act(router, who, "categorise", ticket_id, work, verb="urgency")


def urge(router: Router, unit: Unit, draft: Draft, who: Who, urgency: str) -> None:
    """The same for a ticket in hand."""
    if urgency not in set(Urgency):
        raise Invalid("urgency", "unknown_urgency")
    if urgency == draft.urgency:
        return
    old, draft.urgency = draft.urgency, urgency
    clocks.retarget(unit, draft, router.policies)
    feedback.keep(unit, draft.id, who.id, "urgency", old, urgency)
    timeline.note(unit, draft.id, "urgency", agent_id=who.id, old=old, new=urgency)


# ---------------------------------------------------------------- open and closed


def close(router: Router, who: Who, ticket_id: int) -> None:
    """The matter is settled: every promise on it is met."""

    def work(unit: Unit, draft: Draft) -> None:
        close_in_hand(router, unit, draft, who)

    act(router, who, "close", ticket_id, work)


def close_in_hand(router: Router, unit: Unit, draft: Draft, who: Who) -> None:
    """The same for a ticket in hand; raises Conflict while its identity gate is open."""
    refuse_unchecked(router, unit, draft)
    draft.state = lifecycle.after(draft.state, "close")
    draft.closed_at = unit.now_us
    draft.parked = False
    clocks.meet(unit, draft, (*clocks.ANSWERS, "resolution"))
    timeline.note(unit, draft.id, "closed", agent_id=who.id)
    chats.closed(unit, draft.id)


def reopen(router: Router, who: Who, ticket_id: int) -> None:
    """The matter is not settled after all, or it is no spam."""

    def work(unit: Unit, draft: Draft) -> None:
        reopen_in_hand(router, unit, draft, who)

    act(router, who, "reopen", ticket_id, work)


def reopen_in_hand(router: Router, unit: Unit, draft: Draft, who: Who) -> None:
    """The same for a ticket in hand."""
    if merging.into(unit, (draft.id,)):
        raise Conflict("merged_away")
    draft.state = lifecycle.after(draft.state, "reopen")
    draft.closed_at, draft.spam = None, False
    tickets.untag(unit, draft.id, tickets.SPAM)
    clocks.message_arrived(unit, draft, router.policies)
    timeline.note(unit, draft.id, "reopened", agent_id=who.id)
    holding.hand_back(unit, [draft])


def snooze(router: Router, who: Who, ticket_id: int, until: datetime) -> None:
    """Let the ticket sleep until a moment, a new message or somebody's hand wakes it. No promise
    stands still for it."""

    def work(unit: Unit, draft: Draft) -> None:
        snooze_in_hand(unit, draft, who, to_us(until))

    act(router, who, "snooze", ticket_id, work)


def snooze_in_hand(unit: Unit, draft: Draft, who: Who, until_us: int) -> None:
    """The same for a ticket in hand."""
    if not unit.now_us < until_us <= unit.now_us + _FURTHEST:
        raise Invalid("until", "bad_moment")
    draft.state = lifecycle.after(draft.state, "snooze")
    snoozes.put(unit, draft.id, who.id, until_us)
    timeline.note(unit, draft.id, "snoozed", agent_id=who.id, due=until_us)


def wake(router: Router) -> int:
    """Wake every ticket whose time has come; how many. One that somebody or something woke before
    is left as it is."""

    def job(unit: Unit) -> int:
        drafts = load(unit, snoozes.take(unit))
        for draft in drafts.values():
            if draft.state == "snoozed":
                draft.state = lifecycle.after(draft.state, "wake")
                draft.updated_at = unit.now_us
                timeline.note(unit, draft.id, "woke")
        write(unit, drafts.values())
        return len(drafts)

    return router.store.write(job)

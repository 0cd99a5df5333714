"""What a batch of messages looks up, and what it writes.

A batch asks the database once for everything its messages may touch: which were seen before, whose
handles are known, which tickets they may belong to. Messages of one batch see each other through
these maps. Tickets live here as :class:`Draft` while the batch is worked on and are written once,
at the end, however many messages changed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from router.core.lifecycle import STANDING, rank, shelf
from router.store import counters, incidents, merging, outbox, search
from router.store.blocking import IS_BLOCKED
from router.store.budgets import Ledger
from router.store.counters import Counted
from router.store.shapes import Identity, Participant, Requester, SlaClock, Ticket
from router.store.unit import Unit

#: The category of messages with too little evidence; listed right below security.
UNSORTED = "other.unsorted"
#: The room of :meth:`Unit.alone` in which messages are taken in.
_INTAKE = 1


@dataclass(slots=True)
class Person:
    """A handle we know or have just met."""

    id: int
    requester_id: int
    kind: str
    value: str
    verified: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Draft:
    """A ticket in hand: the columns a message or an agent may change, and what it was before."""

    id: int
    number: str
    subject: str
    requester_id: int
    identity_id: int
    channel: str
    account: str
    team_id: int
    category: str
    urgency: str
    opened_at: int
    updated_at: int
    state: str = "new"
    conversation: str = ""
    assignee_id: int | None = None
    security: bool = False
    parked: bool = False
    spam: bool = False
    language: str = ""
    verification: str = ""
    imitates: str = ""
    due_at: int | None = None
    closed_at: int | None = None
    messages: int = 0
    snippet: str = ""
    version: int = 0
    erased_at: int | None = None
    #: Not columns: whether it must be inserted, its place in the counts, its open clocks.
    new: bool = False
    before: Counted | None = None
    clocks: list[Clockface] = field(default_factory=list)

    def counted(self) -> Counted:
        """What of it decides the views it is in."""
        return Counted(
            team_id=self.team_id,
            assignee_id=self.assignee_id,
            standing=STANDING[self.state],
            security=self.security,
            unsorted=self.category == UNSORTED,
            parked=self.parked,
            snoozed=self.state == "snoozed",
        )

    def columns(self) -> dict[str, Any]:
        """The row as it shall be stored, with what follows from the rest computed."""
        row = dict(zip(_COLUMNS, _columns_of(self), strict=True))
        unmet = [clock.due_at for clock in self.clocks if clock.due_at is not None]
        row["due_at"] = min(unmet, default=None)
        row["standing"] = STANDING[self.state]
        if row["standing"] == STANDING["closed"]:
            row["rank"] = shelf(self.closed_at or self.updated_at)
        else:
            unsorted = self.category == UNSORTED
            row["rank"] = rank(self.security, self.urgency, unsorted, row["due_at"])
        return row


@dataclass(slots=True)
class Clockface:
    """One promise on a ticket that has not been met; ``due_at`` is None while it is paused."""

    id: int
    kind: str
    minutes: int
    started_at: int
    due_at: int | None
    left_us: int | None = None
    policy: str = ""
    calendar: str = ""
    paused_at: int | None = None
    breached_at: int | None = None
    act_at: int | None = None
    pauses: str = ""
    warned: int = 0
    new: bool = False


_COLUMNS = tuple(one.name for one in fields(Draft) if one.name not in ("new", "before", "clocks"))
_columns_of = attrgetter(*_COLUMNS)
_READ = f"SELECT {', '.join(_COLUMNS)} FROM ticket WHERE id IN :ids"  # noqa: S608  # ours
#: In the order of their ids, so that no two who hold several wait for each other.
_HELD = f"{_READ} ORDER BY id FOR UPDATE"
_UPDATE = (
    "UPDATE ticket SET "  # noqa: S608  # column names of ours
    + ", ".join(
        f"{name} = :{name}"
        for name in (*_COLUMNS, "standing", "rank")
        if name not in ("id", "number", "opened_at", "requester_id", "identity_id", "version")
    )
    + ", version = version + 1 WHERE id = :id"
)


@dataclass(slots=True)
class Wanted:
    """What the messages of a batch may touch, collected before the transaction begins."""

    seen: set[tuple[str, str, str]] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    handles: set[tuple[str, str]] = field(default_factory=set)
    rfc_ids: set[str] = field(default_factory=set)
    ticket_ids: set[int] = field(default_factory=set)
    conversations: set[tuple[str, str, str]] = field(default_factory=set)
    budgets: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)

    def words(self) -> set[str]:
        """What two batches must not take in at the same time: an item, whatever account it came
        to, and what somebody says in one conversation."""
        items = {f"{kind}:{remote_id}" for kind, _, remote_id in self.seen}
        return items | {":".join(("talk", *one)) for one in self.conversations}


class Batch:
    """One transaction's view of what its messages touch."""

    def __init__(self, unit: Unit, wanted: Wanted) -> None:
        """Look everything up: a fixed number of queries, however many messages.

        Where others write at the same time, whoever takes in the same message or one of the same
        conversation waits here, so that each sees what the other made of it.
        """
        self.unit = unit
        unit.alone(_INTAKE, wanted.words())
        self.seen = _seen(unit, wanted)
        self.twins = {
            (kind, rid): row for (kind, _, rid), row in self.seen.items() if row.ticket_id
        }
        self.people = _people(unit, wanted.handles)
        self.mail_of = _tickets_of_mail(unit, wanted.rfc_ids)
        self.conversation_of = _tickets_of_conversations(unit, wanted.conversations)
        asked = wanted.ticket_ids.union(self.conversation_of.values(), *self.mail_of.values())
        gone = merging.into(unit, list(asked))
        drafts = load(unit, asked.union(gone.values()))
        #: Where merged tickets went; asked again once all are held, for they may go meanwhile.
        self.merged = merging.into(unit, list(asked)) if unit.races else gone
        drafts |= load(unit, set(self.merged.values()) - drafts.keys())
        self.tickets = {key: draft for key, draft in drafts.items() if draft.erased_at is None}
        self.taking_part = _participants(unit, self.tickets)
        self.participants = {(ticket, one) for ticket, one, _ in self.taking_part}
        self.returned = {one: outbox.sent_as(unit, one) for one in wanted.returned}
        self.ledger = Ledger(unit, wanted.budgets)
        self.banners = incidents.banners(unit)
        self.teams = {row.key: row.id for row in unit.rows("SELECT key, id FROM team")}
        self.tripped = False
        #: What a service works out once for all tickets of the batch that are alike.
        self.worked_out: dict[object, Any] = {}
        self.touched: dict[int, Draft] = {}
        self.index: list[tuple[int, str]] = []
        unit.first = self._begin

    def _begin(self) -> None:
        """What is said of a ticket that was opened must not be written before it."""
        write(self.unit, [draft for draft in self.touched.values() if draft.new])

    def person(self, kind: str, value: str, *, name: str, language: str) -> Person:
        """The handle's row, made together with a requester when we meet it for the first time."""
        known = self.people.get((kind, value))
        if known is not None:
            return known
        unit = self.unit
        met = Person(id=unit.new_id(), requester_id=unit.new_id(), kind=kind, value=value)
        unit.put(
            Requester, id=met.requester_id, name=name, language=language, created_at=unit.now_us
        )
        unit.put(
            Identity,
            id=met.id,
            requester_id=met.requester_id,
            kind=kind,
            value=value,
            name=name,
            created_at=unit.now_us,
        )
        self.people[kind, value] = met
        return met

    def open(self, draft: Draft) -> Draft:
        """Take a new ticket in; its opener becomes its first participant."""
        draft.new = True
        self.tickets[draft.id] = self.touched[draft.id] = draft
        self.join(draft, draft.identity_id)
        return draft

    def join(self, draft: Draft, identity_id: int) -> None:
        """Make somebody a participant."""
        if (draft.id, identity_id) not in self.participants:
            self.participants.add((draft.id, identity_id))
            self.unit.put(Participant, ticket_id=draft.id, identity_id=identity_id)

    def touch(self, draft: Draft) -> Draft:
        """Say that this ticket changes and must be written at the end."""
        draft.updated_at = self.unit.now_us
        self.touched[draft.id] = draft
        return draft

    def save(self) -> None:
        """Write tickets, clocks, counts, budgets and the search index."""
        write(self.unit, self.touched.values())
        self.ledger.save()
        self.unit.flush()
        search.add(self.unit, self.index)
        self.index, self.touched = [], {}


def load(unit: Unit, ids: Iterable[int]) -> dict[int, Draft]:
    """Tickets as drafts, with their unmet clocks; ids that do not exist are left out.

    In a transaction that writes they are held against everybody else until the commit: a draft is
    written whole, and must not bring back what somebody changed meanwhile.
    """
    wanted = list(ids)
    if not wanted:
        return {}
    drafts: dict[int, Draft] = {}
    for row in unit.rows(_HELD if unit.races else _READ, ids=wanted):
        values = row.as_dict()
        for flag in ("security", "parked", "spam"):
            values[flag] = bool(values[flag])
        draft = Draft(**values)
        draft.before = draft.counted()
        drafts[draft.id] = draft
    for row in unit.rows(
        "SELECT id, ticket_id, kind, minutes, started_at, due_at, left_us, policy, calendar, "
        "paused_at, breached_at, act_at, pauses, warned FROM sla_clock "
        "WHERE ticket_id IN :ids AND met_at IS NULL ORDER BY id",
        ids=wanted,
    ):
        values = row.as_dict()
        drafts[values.pop("ticket_id")].clocks.append(Clockface(**values))
    return drafts


def write(unit: Unit, drafts: Iterable[Draft]) -> None:
    """Insert or update tickets and their new clocks, and move the counts."""
    moves = []
    updates = []
    for draft in drafts:
        after = draft.counted()
        moves.append((draft.before, after))
        if draft.new:
            unit.put(Ticket, **draft.columns())
        else:
            updates.append(draft.columns())
        for clock in draft.clocks:
            if clock.new:
                _start(unit, draft.id, clock)
        draft.new, draft.before = False, after
    unit.flush()
    unit.run_many(_UPDATE, updates)
    counters.append(unit, counters.move(moves))


def _start(unit: Unit, ticket_id: int, clock: Clockface) -> None:
    clock.new = False
    unit.put(
        SlaClock,
        id=clock.id,
        ticket_id=ticket_id,
        kind=clock.kind,
        policy=clock.policy,
        calendar=clock.calendar,
        minutes=clock.minutes,
        started_at=clock.started_at,
        due_at=clock.due_at,
        act_at=clock.due_at if clock.act_at is None else clock.act_at,
        paused_at=clock.paused_at,
        left_us=clock.left_us,
        pauses=clock.pauses,
        warned=clock.warned,
    )


def _seen(unit: Unit, asked: Wanted) -> dict[tuple[str, str, str], Any]:
    """Journal rows of items that were handed over before, by whatever account."""
    if not (wanted := asked.seen):
        return {}
    return {
        (row.kind, row.account, row.remote_id): row
        for row in unit.rows(
            "SELECT id, kind, account, remote_id, state, attempts, message_id, ticket_id "
            "FROM journal WHERE kind IN :kinds AND account IN :accounts AND remote_id IN :ids",
            kinds=list({kind for kind, _, _ in wanted}),
            accounts=list({account for _, account, _ in wanted} | asked.accounts),
            ids=list({remote_id for _, _, remote_id in wanted}),
        )
    }


def _people(unit: Unit, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Person]:
    if not wanted:
        return {}
    return {
        (row.kind, row.value): Person(
            row.id, row.requester_id, row.kind, row.value, row.verified, bool(row.blocked)
        )
        for row in unit.rows(
            "SELECT i.id, i.requester_id, i.kind, i.value, i.verified, "  # noqa: S608  # ours
            f"{IS_BLOCKED.format(id='i.id')} AS blocked FROM identity i "
            "WHERE i.kind IN :kinds AND i.value IN :handles",
            kinds=list({kind for kind, _ in wanted}),
            handles=list({value for _, value in wanted}),
        )
    }


def _tickets_of_mail(unit: Unit, rfc_ids: set[str]) -> dict[str, set[int]]:
    """Tickets by the Message-IDs of mails we sent or filed before.

    A Message-ID is whatever its sender wrote, so several tickets may hold the same one.
    """
    if not rfc_ids:
        return {}
    rows: Sequence[Any] = unit.rows(
        "SELECT rfc_id, ticket_id FROM message WHERE rfc_id IN :ids UNION ALL "
        "SELECT rfc_id, ticket_id FROM outbox WHERE rfc_id IN :ids",
        ids=list(rfc_ids),
    )
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.rfc_id, set()).add(row.ticket_id)
    return found


def _tickets_of_conversations(
    unit: Unit, wanted: set[tuple[str, str, str]]
) -> dict[tuple[str, str, str], int]:
    """The newest ticket of each conversation that a platform keeps for a person."""
    found = {}
    for channel, account, conversation in wanted:
        ticket_id = unit.value(
            "SELECT id FROM ticket WHERE channel = :channel AND account = :account "
            "AND conversation = :conversation AND conversation <> '' ORDER BY id DESC LIMIT 1",
            channel=channel,
            account=account,
            conversation=conversation,
        )
        if ticket_id is not None:
            found[channel, account, conversation] = ticket_id
    return found


def _participants(unit: Unit, tickets: dict[int, Draft]) -> set[tuple[int, int, str]]:
    """Who takes part in these tickets: ticket, identity and its handle."""
    if not tickets:
        return set()
    return {
        (row.ticket_id, row.identity_id, row.value)
        for row in unit.rows(
            "SELECT p.ticket_id, p.identity_id, i.value FROM participant p "
            "JOIN identity i ON i.id = p.identity_id WHERE p.ticket_id IN :ids",
            ids=list(tickets),
        )
    }

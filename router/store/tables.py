"""Every table of the desk.

Moments are whole microseconds since 1970 UTC (``router.core.clock``), so both databases keep and
compare them alike. Ids are time-ordered 63-bit numbers minted before the insert
(``router.core.ids``), so rows of one message can be written together. What a person reads is kept
as a code and parameters, never as prose.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


def _id() -> Any:
    return Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})


def _ref(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        sa_type=BigInteger,
        foreign_key=f"{target}.id",
        nullable=nullable,
        index=index,
    )


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=BigInteger, nullable=nullable)


def _big(default: int = 0) -> Any:
    return Field(default=default, sa_type=BigInteger)


def _text() -> Any:
    return Field(default="", sa_type=Text)


def _bytes(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=LargeBinary, nullable=nullable)


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index over some rows. PostgreSQL's migration says the same; saying it here as well would
    load that dialect into every process."""
    return Index(name, *columns, sqlite_where=text(where))


# ---------------------------------------------------------------- people of the desk


class Team(SQLModel, table=True):
    """A group of agents who share a queue."""

    id: int = _id()
    key: str = Field(unique=True)
    name_zh: str
    name_en: str


class Agent(SQLModel, table=True):
    """Somebody who works here. ``role`` is agent, lead, manager or admin."""

    id: int = _id()
    email: str = Field(unique=True)
    name: str
    role: str
    password_hash: str = ""
    active: bool = True
    locale: str = ""
    created_at: int = _moment()


class AgentTeam(SQLModel, table=True):
    """Which teams' tickets an agent may see."""

    __tablename__ = "agent_team"
    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    team_id: int = Field(sa_type=BigInteger, foreign_key="team.id", primary_key=True)


class Session(SQLModel, table=True):
    """One signed-in browser; only the hash of its secret is kept, so it can be revoked."""

    secret_hash: str = Field(primary_key=True)
    agent_id: int = _ref("agent", index=True)
    csrf: str
    created_at: int = _moment()
    seen_at: int = _moment()
    expires_at: int = _moment()
    revoked_at: int | None = _moment(nullable=True)


class OneTimeToken(SQLModel, table=True):
    """A link that works once: sign-in, invitation. Only its hash is kept."""

    __tablename__ = "one_time_token"
    token_hash: str = Field(primary_key=True)
    purpose: str
    agent_id: int = _ref("agent")
    expires_at: int = _moment()
    used_at: int | None = _moment(nullable=True)


# ---------------------------------------------------------------- people who write


class Requester(SQLModel, table=True):
    """Somebody who wrote to us, whatever the channel."""

    id: int = _id()
    name: str = ""
    language: str = ""
    created_at: int = _moment()


class Identity(SQLModel, table=True):
    """One handle of a requester in one identity space (an address, an openid, a number)."""

    __table_args__ = (UniqueConstraint("kind", "value"),)
    id: int = _id()
    requester_id: int = _ref("requester", index=True)
    kind: str
    value: str
    name: str = ""
    verified: bool = False
    created_at: int = _moment()


# ---------------------------------------------------------------- tickets


class Ticket(SQLModel, table=True):
    """One matter of one requester.

    ``standing`` is 0 while a person may have to act (new, open), 1 while it waits or sleeps, 2
    when closed. ``rank`` is the list's own order inside a standing: security first, then urgency,
    then the moment the next promise is broken. ``security`` outlives every later decision but a
    person's.
    """

    __table_args__ = (
        Index("ix_ticket_list", "standing", "rank", "id"),
        Index("ix_ticket_team_list", "team_id", "standing", "rank", "id"),
        Index("ix_ticket_assignee_list", "assignee_id", "standing", "rank", "id"),
        Index("ix_ticket_newest", "updated_at", "id"),
        Index("ix_ticket_security_list", "security", "standing", "rank", "id"),
        _partial(
            "ix_ticket_conversation",
            "conversation",
            where="conversation <> ''",
        ),
    )
    id: int = _id()
    number: str = Field(unique=True)
    subject: str = _text()
    requester_id: int = _ref("requester", index=True)
    identity_id: int = _ref("identity")
    channel: str
    account: str
    conversation: str = ""
    team_id: int = _ref("team")
    assignee_id: int | None = _ref("agent", nullable=True)
    state: str
    standing: int = 0
    category: str
    urgency: str
    security: bool = False
    parked: bool = False
    spam: bool = False
    language: str = ""
    verification: str = ""
    rank: int = _big()
    due_at: int | None = _moment(nullable=True)
    opened_at: int = _moment()
    updated_at: int = _moment()
    closed_at: int | None = _moment(nullable=True)
    messages: int = 0
    snippet: str = ""
    version: int = 0


class Participant(SQLModel, table=True):
    """An identity that may add to a ticket. Nobody becomes one by being in Cc."""

    ticket_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    identity_id: int = Field(sa_type=BigInteger, foreign_key="identity.id", primary_key=True)


class Link(SQLModel, table=True):
    """Two tickets that belong together, and why (``follow_up``, ``quoted_by_stranger`` …)."""

    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    other_id: int = _ref("ticket", index=True)
    kind: str
    at: int = _moment()


class TicketTag(SQLModel, table=True):
    """A tag on a ticket."""

    __tablename__ = "ticket_tag"
    ticket_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    tag: str = Field(primary_key=True, index=True)


class Message(SQLModel, table=True):
    """What somebody wrote: in, out or a note. Text is masked before it comes here.

    ``text`` is what was written now, ``rest`` the quoted history and signature under it.
    ``seen_at`` orders a conversation (platform time when plausible, else arrival). ``rfc_id`` is
    the Message-ID of a mail, theirs or ours. ``fields`` and ``masked`` are JSON.
    """

    __table_args__ = (
        Index("ix_message_ticket", "ticket_id", "seen_at", "id"),
        Index("ix_message_rfc_id", "rfc_id"),
    )
    id: int = _id()
    ticket_id: int = _ref("ticket")
    direction: str
    channel: str
    account: str = ""
    identity_id: int | None = _ref("identity", nullable=True)
    agent_id: int | None = _ref("agent", nullable=True)
    subject: str = _text()
    text: str = _text()
    rest: str = _text()
    html: str = _text()
    rfc_id: str = ""
    thread_ids: str = _text()
    verification: str = ""
    automatic: str = ""
    language: str = ""
    fields: str = _text()
    masked: str = _text()
    defects: str = ""
    size: int = 0
    late: bool = False
    sent_at: int | None = _moment(nullable=True)
    arrived_at: int = _moment()
    seen_at: int = _moment()


class Attachment(SQLModel, table=True):
    """A file of a message, without its bytes. ``name`` is safe and masked."""

    id: int = _id()
    message_id: int = _ref("message", index=True)
    token: str = Field(unique=True)
    name: str = ""
    mime: str = ""
    size: int = 0
    sha256: str = ""
    content_id: str = ""


class AttachmentBody(SQLModel, table=True):
    """The bytes of an attachment, sealed under a data key of its own."""

    __tablename__ = "attachment_body"
    attachment_id: int = Field(sa_type=BigInteger, foreign_key="attachment.id", primary_key=True)
    key_id: str
    wrapped_key: bytes = _bytes()
    blob: bytes = _bytes()


class Entry(SQLModel, table=True):
    """One line of a ticket's timeline: a code and its parameters (JSON), never prose."""

    __table_args__ = (Index("ix_entry_ticket", "ticket_id", "id"),)
    id: int = _id()
    ticket_id: int = _ref("ticket")
    at: int = _moment()
    code: str
    params: str = _text()
    agent_id: int | None = _ref("agent", nullable=True)


class VerdictRow(SQLModel, table=True):
    """The rules' decision about one message, with the version of the rules that made it."""

    __tablename__ = "verdict"
    id: int = _id()
    message_id: int = _ref("message", index=True)
    category: str
    urgency: str
    ruleset: str
    near: str = _text()
    at: int = _moment()


class FindingRow(SQLModel, table=True):
    """One rule that matched, and its words' place in the message."""

    __tablename__ = "finding"
    id: int = _id()
    verdict_id: int = _ref("verdict", index=True)
    rule: str
    category: str
    urgency: str
    weight: float
    part: str
    start_char: int
    end_char: int


class MaskedSecret(SQLModel, table=True):
    """One secret that was masked in a message: its kind, length and keyed fingerprint, no more.

    ``part`` says where it stood: text, rest, subject, name, field or file.
    """

    __tablename__ = "masked_secret"
    id: int = _id()
    message_id: int = _ref("message", index=True)
    kind: str
    part: str
    length: int
    fingerprint: str


class Unread(SQLModel, table=True):
    """A message that the second reader has not read yet."""

    message_id: int = Field(sa_type=BigInteger, foreign_key="message.id", primary_key=True)
    at: int = _moment()


class Reading(SQLModel, table=True):
    """What the second reader made of a message, with the examples nearest to it.

    ``nearest`` is JSON: ``[[category, example, likeness], …]``; ``bank`` is the version of the
    examples.
    """

    id: int = _id()
    message_id: int = _ref("message", index=True)
    category: str
    urgency: str
    score: float
    raised: bool = False
    nearest: str = _text()
    bank: str
    at: int = _moment()


class Feedback(SQLModel, table=True):
    """An agent's correction of what the router decided, with the rules that had decided it.

    ``what`` is category or urgency; ``rules`` is JSON.
    """

    __table_args__ = (Index("ix_feedback_at", "at"),)
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    agent_id: int = _ref("agent")
    at: int = _moment()
    what: str
    old: str
    new: str
    ruleset: str = ""
    rules: str = _text()


class RulesetRow(SQLModel, table=True):
    """One version of the desk's own rules: what a lead wrote, who published it and when.

    ``state`` is draft, published or retired; ``files`` is JSON, file name to TOML text; ``report``
    is JSON, what lint and backtest said when it was last checked.
    """

    __tablename__ = "ruleset"
    id: int = _id()
    version: str = Field(default="", index=True)
    state: str
    files: str = _text()
    base: str = ""
    note: str = _text()
    report: str = _text()
    author_id: int = _ref("agent")
    publisher_id: int | None = _ref("agent", nullable=True)
    created_at: int = _moment()
    changed_at: int = _moment()
    published_at: int | None = _moment(nullable=True)
    retired_at: int | None = _moment(nullable=True)


class Incident(SQLModel, table=True):
    """A wave of tickets with one cause.

    ``kind`` is campaign, outage or manual; ``state`` is open or closed; ``signature`` is JSON, what
    its tickets share. The answers are what all of them are told, in either language.
    """

    __table_args__ = (Index("ix_incident_state", "state", "id"),)
    id: int = _id()
    kind: str
    state: str
    category: str
    title: str = _text()
    signature: str = _text()
    answer_zh: str = _text()
    answer_en: str = _text()
    banner_zh: str = _text()
    banner_en: str = _text()
    opened_by: int | None = _ref("agent", nullable=True)
    opened_at: int = _moment()
    changed_at: int = _moment()
    closed_at: int | None = _moment(nullable=True)


class IncidentTicket(SQLModel, table=True):
    """A ticket of a wave, and what ties it to the others (a code)."""

    __tablename__ = "incident_ticket"
    incident_id: int = Field(sa_type=BigInteger, foreign_key="incident.id", primary_key=True)
    ticket_id: int = Field(
        sa_type=BigInteger, foreign_key="ticket.id", primary_key=True, index=True
    )
    reason: str
    at: int = _moment()
    answered_at: int | None = _moment(nullable=True)


class SlaClock(SQLModel, table=True):
    """One promise on a ticket: first_response, next_response or resolution.

    ``due_at`` is empty while it is paused; ``met_at`` or ``breached_at`` end it.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (
        _partial(
            "ix_sla_clock_due",
            "due_at",
            where="met_at IS NULL AND breached_at IS NULL",
        ),
    )
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    kind: str
    policy: str
    calendar: str
    minutes: int
    started_at: int = _moment()
    due_at: int | None = _moment(nullable=True)
    paused_at: int | None = _moment(nullable=True)
    left_us: int | None = _moment(nullable=True)
    met_at: int | None = _moment(nullable=True)
    breached_at: int | None = _moment(nullable=True)
    acted_at: int | None = _moment(nullable=True)


# ---------------------------------------------------------------- what comes in, what goes out


class Journal(SQLModel, table=True):
    """Everything that was handed over, once each (G2). Raw bytes only while they are needed.

    ``state`` is received, done, parked or seen (an import that keeps no ticket). ``attempts`` is
    committed before parsing begins. A parked item keeps its sealed raw, its ``error`` code and
    traceback until it is replayed.
    """

    __table_args__ = (
        UniqueConstraint("kind", "account", "remote_id"),
        _partial(
            "ix_journal_open",
            "state",
            "id",
            where="state <> 'done'",
        ),
    )
    id: int = _id()
    kind: str
    account: str
    remote_id: str
    state: str
    attempts: int = 0
    received_at: int = _moment()
    leased_until: int = _big()
    message_id: int | None = _ref("message", nullable=True)
    ticket_id: int | None = _ref("ticket", nullable=True)
    error: str = ""
    trace: str = _text()
    key_id: str = ""
    wrapped_key: bytes | None = _bytes(nullable=True)
    raw: bytes | None = _bytes(nullable=True)


class Cursor(SQLModel, table=True):
    """Where a polled source stands: JSON that only its channel understands."""

    kind: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    value: str = _text()
    at: int = _moment()


class Outbox(SQLModel, table=True):
    """One message we want sent, fixed before the first try.

    ``state``: queued → sending → sent | failed | unknown; held and cancelled end it without a
    try, ``reason`` says why. ``once`` is unique: at most one acknowledgement a ticket, one row a
    double click. ``thread_ids`` is a space-separated chain.
    """

    __table_args__ = (
        _partial(
            "ix_outbox_due",
            "due_at",
            where="state IN ('queued', 'sending')",
        ),
        Index("ix_outbox_state", "state", "id"),
    )
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    message_id: int | None = _ref("message", nullable=True)
    purpose: str
    once: str = Field(unique=True)
    channel: str
    account: str
    identity_id: int = _ref("identity")
    subject: str = _text()
    text: str = _text()
    rfc_id: str = Field(default="", index=True)
    reply_to: str = ""
    thread_ids: str = _text()
    language: str = ""
    wording: str = ""
    state: str
    reason: str = ""
    attempts: int = 0
    due_at: int = _moment()
    leased_until: int = _big()
    created_at: int = _moment()
    tried_at: int | None = _moment(nullable=True)
    sent_at: int | None = _moment(nullable=True)
    remote_id: str = ""


class Idempotency(SQLModel, table=True):
    """A request somebody may repeat: its key, the hash of its body and the answer it got."""

    key: str = Field(primary_key=True)
    body_hash: str
    answer: str = _text()
    expires_at: int = _moment()


class Budget(SQLModel, table=True):
    """How often something happened in one window (acknowledgements, form posts, sign-ins)."""

    key: str = Field(primary_key=True)
    slot: int = Field(sa_type=BigInteger, primary_key=True)
    used: int = 0


# ---------------------------------------------------------------- the desk itself


class Counter(SQLModel, table=True):
    """A folded count, one a key (``team:view``)."""

    key: str = Field(primary_key=True)
    value: int = 0


class CounterDelta(SQLModel, table=True):
    """A change of a count, appended by whoever changes a ticket and folded by a sweep."""

    __tablename__ = "counter_delta"
    id: int = _id()
    key: str = Field(index=True)
    delta: int


class Lease(SQLModel, table=True):
    """Who may do a periodic duty now, and until when."""

    name: str = Field(primary_key=True)
    owner: str
    until: int = _moment()
    last_at: int = _big()


class Health(SQLModel, table=True):
    """The last word of a channel or a sweep about itself; ``detail`` is a code."""

    name: str = Field(primary_key=True)
    ok: bool
    at: int = _moment()
    since: int = _moment()
    detail: str = ""
    params: str = _text()


class Audit(SQLModel, table=True):
    """Who did what to what. Ids and salted hashes only; sealed in order by one sweep."""

    id: int = _id()
    at: int = _moment()
    actor: str
    action: str
    subject: str
    digest: str = ""
    position: int | None = Field(default=None, sa_type=BigInteger, nullable=True, unique=True)
    seal: str = ""


class Setting(SQLModel, table=True):
    """What the desk itself decides, as JSON, seeded once from the files."""

    key: str = Field(primary_key=True)
    value: str = _text()
    version: int = 1
    changed_at: int = _moment()

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
    #: Its family and system, such as "Firefox · Windows".
    browser: str = _text()


class OneTimeToken(SQLModel, table=True):
    """A link that works once: sign-in, invitation. Only its hash is kept."""

    __tablename__ = "one_time_token"
    token_hash: str = Field(primary_key=True)
    purpose: str
    agent_id: int = _ref("agent")
    expires_at: int = _moment()
    used_at: int | None = _moment(nullable=True)


class SecondStep(SQLModel, table=True):
    """The sealed secret of somebody's authenticator app; proven once ``confirmed_at`` is set.
    ``last_step`` keeps a code from working twice."""

    __tablename__ = "second_step"
    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    key_id: str
    wrapped_key: bytes = _bytes()
    blob: bytes = _bytes()
    confirmed_at: int | None = _moment(nullable=True)
    last_step: int = _big()


class RecoveryCode(SQLModel, table=True):
    """A code that stands in for an app that was lost, once. Only its hash is kept."""

    __tablename__ = "recovery_code"
    code_hash: str = Field(primary_key=True)
    agent_id: int = _ref("agent", index=True)
    used_at: int | None = _moment(nullable=True)


# ---------------------------------------------------------------- people who write


class Requester(SQLModel, table=True):
    """Somebody who wrote to us, whatever the channel; nobody any more once ``erased_at`` is set."""

    id: int = _id()
    name: str = Field("", index=True)
    language: str = ""
    created_at: int = _moment()
    erased_at: int | None = _moment(nullable=True)


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


class BlockedSender(SQLModel, table=True):
    """A handle whose messages are filed unseen, security matters excepted, and who blocked it."""

    __tablename__ = "blocked_sender"
    identity_id: int = Field(sa_type=BigInteger, foreign_key="identity.id", primary_key=True)
    agent_id: int = _ref("agent")
    at: int = _moment()


# ---------------------------------------------------------------- tickets


class Ticket(SQLModel, table=True):
    """One matter of one requester.

    ``standing`` is 0 while a person may have to act (new, open), 1 while it waits or sleeps, 2
    when closed. ``rank`` is the list's own order inside a standing: security first, then urgency,
    then the moment the next promise is broken. ``security`` outlives every later decision but a
    person's. Since ``erased_at`` it holds no words, and takes no more in.
    """

    __table_args__ = (
        Index("ix_ticket_list", "standing", "rank", "id"),
        Index("ix_ticket_team_list", "team_id", "standing", "rank", "id"),
        Index("ix_ticket_assignee_list", "assignee_id", "standing", "rank", "id"),
        Index("ix_ticket_newest", "updated_at", "id"),
        Index("ix_ticket_security_list", "security", "standing", "rank", "id"),
        Index("ix_ticket_category_list", "team_id", "category", "standing", "rank", "id"),
        Index("ix_ticket_channel_list", "team_id", "channel", "standing", "rank", "id"),
        _partial("ix_ticket_parked_list", "standing", "rank", "id", where="parked"),
        _partial("ix_ticket_snoozed_list", "standing", "rank", "id", where="state = 'snoozed'"),
        _partial("ix_ticket_due", "due_at", "id", where="due_at IS NOT NULL"),
        _partial(
            "ix_ticket_conversation",
            "conversation",
            where="conversation <> ''",
        ),
        _partial(
            "ix_ticket_retention",
            "category",
            "closed_at",
            where="closed_at IS NOT NULL AND erased_at IS NULL",
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
    imitates: str = _text()
    rank: int = _big()
    due_at: int | None = _moment(nullable=True)
    opened_at: int = _moment()
    updated_at: int = _moment()
    closed_at: int | None = _moment(nullable=True)
    messages: int = 0
    snippet: str = ""
    version: int = 0
    erased_at: int | None = _moment(nullable=True)


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
    imitates: str = _text()
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


class RemoteFile(SQLModel, table=True):
    """An attachment whose bytes the platform still keeps; gone from here once they are fetched.

    ``remote`` is the word its channel fetches it by; ``error`` says why that was given up.
    """

    __tablename__ = "remote_file"
    __table_args__ = (Index("ix_remote_file_due", "error", "due_at"),)
    attachment_id: int = Field(sa_type=BigInteger, foreign_key="attachment.id", primary_key=True)
    channel: str
    account: str
    remote: str = _text()
    attempts: int = 0
    due_at: int = _moment()
    error: str = ""


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
    """One rule that matched, its words' place in the message, and the tags it held ``because`` of,
    after what bore them (``ticket: vip``)."""

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
    because: str = ""


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

    ``due_at`` is empty while it is paused; ``met_at`` or ``breached_at`` end it. ``act_at`` is when
    something must be done about it next, a warning or the breach, and is empty once nothing must.
    ``pauses`` is JSON, ``[[from, to], …]``, those that are over; ``warned`` counts warnings.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (_partial("ix_sla_clock_act", "act_at", where="act_at IS NOT NULL"),)
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
    act_at: int | None = _moment(nullable=True)
    pauses: str = _text()
    warned: int = 0


class CalendarDay(SQLModel, table=True):
    """A date on which a calendar differs from its week.

    ``calendar`` is its name, or ``@CN`` for what a country's government says; ``day`` counts from
    1970. ``kind`` is closed or open (with ``periods``, JSON), and for a country off or work.
    """

    __tablename__ = "calendar_day"
    calendar: str = Field(primary_key=True)
    day: int = Field(primary_key=True)
    kind: str
    periods: str = _text()
    source: str = ""
    note: str = _text()
    changed_at: int = _moment()


class PromiseVersion(SQLModel, table=True):
    """What the desk changed of a calendar (``calendar:desk``) or of its ``policies``.

    The newest of a part holds: ``own`` is JSON of what lies over the settings, empty where they
    hold again. ``was`` and ``becomes`` are JSON of all that was in force before and after it.
    """

    __tablename__ = "promise_version"
    part: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    own: str = _text()
    was: str = _text()
    becomes: str = _text()
    agent_id: int | None = _ref("agent", nullable=True)
    at: int = _moment()


class Climb(SQLModel, table=True):
    """Something that climbs a chain of people until one of them says that it is theirs.

    ``due_at`` is when the next step is taken, empty once somebody took it or the chain is over;
    ``once`` makes one cause climb once.
    """

    __table_args__ = (_partial("ix_climb_due", "due_at", where="due_at IS NOT NULL"),)
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    chain: str
    reason: str
    once: str = Field(unique=True)
    step: int = 0
    started_at: int = _moment()
    due_at: int | None = _moment(nullable=True)
    acknowledged_by: int | None = _ref("agent", nullable=True)
    acknowledged_at: int | None = _moment(nullable=True)
    ended_at: int | None = _moment(nullable=True)


class GivenHandle(SQLModel, table=True):
    """A handle somebody gave besides the one they wrote from: the number in a form. It proves
    nothing; it is shown to a person as the reason for a suggestion."""

    __tablename__ = "given_handle"
    __table_args__ = (Index("ix_given_handle_value", "kind", "value"),)
    id: int = _id()
    kind: str
    value: str
    identity_id: int = _ref("identity", index=True)
    ticket_id: int = _ref("ticket")


class OnePerson(SQLModel, table=True):
    """A person's word about two requesters. ``state`` is joined, parted or dismissed; ``moved`` is
    JSON, the handles that went over, so that they can go back."""

    __tablename__ = "one_person"
    id: int = _id()
    kept_id: int = _ref("requester", index=True)
    gone_id: int = _ref("requester", index=True)
    state: str
    evidence: str
    params: str = _text()
    moved: str = _text()
    agent_id: int = _ref("agent")
    at: int = _moment()
    ended_at: int | None = _moment(nullable=True)
    ended_by: int | None = _ref("agent", nullable=True)


class CallRow(SQLModel, table=True):
    """One leg of a telephone call, as it is known by now; notes and transcripts are masked.

    ``stage`` is ringing, talking or ended. ``told`` are the words of what has become a message,
    ``due`` says that something has not yet; ``number`` is the other end's, empty when hidden.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("channel", "account", "call_id"),
        _partial("ix_call_due", "id", where="due"),
        Index("ix_call_number", "number", "id"),
        Index("ix_call_ticket", "ticket_id", "id"),
    )
    id: int = _id()
    channel: str
    account: str
    call_id: str
    stage: int = 0
    inbound: bool = True
    number: str = ""
    line: str = ""
    queue: str = ""
    choice: str = ""
    hint: str = ""
    agent: str = ""
    outcome: str = ""
    unattended: bool = False
    started_at: int | None = _moment(nullable=True)
    answered_at: int | None = _moment(nullable=True)
    ended_at: int | None = _moment(nullable=True)
    recording: str = _text()
    transcript: str = _text()
    note: str = _text()
    wrap_up: str = ""
    language: str = ""
    told: str = _text()
    due: bool = False
    noted_by: int | None = _ref("agent", nullable=True)
    ticket_id: int | None = _ref("ticket", nullable=True)
    heard_at: int = _moment()
    changed_at: int = _moment()


class CallBack(SQLModel, table=True):
    """A ticket whose requester must be called back. ``tries`` are those nobody picked up."""

    __tablename__ = "call_back"
    __table_args__ = (_partial("ix_call_back_open", "ticket_id", where="done_at IS NULL"),)
    ticket_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    call_id: int = _ref("call")
    calls: int = 1
    tries: int = 0
    asked_at: int = _moment()
    tried_at: int | None = _moment(nullable=True)
    done_at: int | None = _moment(nullable=True)
    done_by: int | None = _ref("agent", nullable=True)


class Notice(SQLModel, table=True):
    """What somebody at the desk is told, in the inbox (``agent_id``) or outside (``target``), of a
    ticket or (without one) of a channel.

    ``code`` and ``params`` are shown in the reader's language. One that goes outside is queued,
    sending, sent or failed; ``once`` keeps it from being told twice.
    """

    __table_args__ = (
        _partial("ix_notice_due", "due_at", where="state IN ('queued', 'sending')"),
        Index("ix_notice_agent", "agent_id", "seen_at", "id"),
    )
    id: int = _id()
    ticket_id: int | None = _ref("ticket", nullable=True, index=True)
    climb_id: int | None = _ref("climb", nullable=True)
    agent_id: int | None = _ref("agent", nullable=True)
    target: str = ""
    code: str
    params: str = _text()
    once: str = Field(unique=True)
    state: str
    attempts: int = 0
    due_at: int = _moment()
    leased_until: int = _big()
    created_at: int = _moment()
    sent_at: int | None = _moment(nullable=True)
    seen_at: int | None = _moment(nullable=True)
    error: str = _text()


class Presence(SQLModel, table=True):
    """Whether an agent takes tickets now: here or away, in the hours of a shift (a calendar).

    ``assigned_at`` is when the last ticket was given, for taking turns.
    """

    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    state: str
    shift: str = ""
    assigned_at: int = _big()
    changed_at: int = _moment()


class AgentSkill(SQLModel, table=True):
    """What an agent is good at: ``language:en``, ``category:transfer``."""

    __tablename__ = "agent_skill"
    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    skill: str = Field(primary_key=True)


class ArticleEdition(SQLModel, table=True):
    """One version of an article that the desk wrote, or the shipped one it began with.

    The newest of a name is in force, unless its ``state`` is withdrawn. ``categories`` is JSON, in
    their order; ``origin`` is shipped, written, brought, or restored (of ``from_edition``).
    """

    __tablename__ = "article_edition"
    __table_args__ = (UniqueConstraint("name", "edition"),)
    id: int = _id()
    name: str
    edition: int
    state: str
    categories: str = _text()
    title_zh: str
    title_en: str
    body_zh: str = _text()
    body_en: str = _text()
    origin: str
    from_edition: int = 0
    author_id: int | None = _ref("agent", nullable=True)
    at: int = _moment()


class ArticleUse(SQLModel, table=True):
    """An article was offered on a ticket, or solved it (``what``)."""

    __tablename__ = "article_use"
    __table_args__ = (Index("ix_article_use_article", "article", "what", "at"),)
    id: int = _id()
    article: str
    version: str = ""
    language: str = ""
    ticket_id: int = _ref("ticket", index=True)
    what: str
    place: str = ""
    at: int = _moment()


class Satisfaction(SQLModel, table=True):
    """What the requester thought of it, 1 to 5; the last word counts."""

    ticket_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    score: int
    at: int = _moment()


# ---------------------------------------------------------------- how the desk works together


class DraftRow(SQLModel, table=True):
    """What an agent has begun to write on a ticket (``kind`` is reply or note), sealed: nobody has
    masked it yet."""

    __tablename__ = "draft"
    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    ticket_id: int = Field(
        sa_type=BigInteger, foreign_key="ticket.id", primary_key=True, index=True
    )
    kind: str = Field(primary_key=True)
    key_id: str
    wrapped_key: bytes = _bytes()
    blob: bytes = _bytes()
    changed_at: int = _moment()


class Act(SQLModel, table=True):
    """Something an agent did to a ticket that can be taken back.

    ``seen`` is JSON: the ticket before and after, its open promises before, and what else the act
    moved. Acts of one ``batch`` were done together and are taken back together.
    """

    __table_args__ = (
        Index("ix_act_agent", "agent_id", "id"),
        Index("ix_act_batch", "batch"),
    )
    id: int = _id()
    batch: int = _big()
    agent_id: int = _ref("agent")
    ticket_id: int = _ref("ticket", index=True)
    verb: str
    seen: str = _text()
    at: int = _moment()
    undone_at: int | None = _moment(nullable=True)


class Snooze(SQLModel, table=True):
    """A ticket that sleeps until a moment, and who sent it to sleep."""

    ticket_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    until: int = Field(sa_type=BigInteger, index=True)
    agent_id: int = _ref("agent")


class Merged(SQLModel, table=True):
    """A ticket whose messages went on to another one; what still comes for it goes there too."""

    gone_id: int = Field(sa_type=BigInteger, foreign_key="ticket.id", primary_key=True)
    kept_id: int = _ref("ticket", index=True)
    at: int = _moment()


class Macro(SQLModel, table=True):
    """Words an agent need not type, and what is done with them.

    Without ``does`` it is a snippet, put in by its ``word`` after a slash. ``does`` is JSON: tags,
    assign, close, snooze, send. ``key`` is the one digit that runs it. Nobody's is everybody's.
    """

    id: int = _id()
    owner_id: int | None = _ref("agent", nullable=True, index=True)
    name: str
    word: str
    key: str = ""
    text_zh: str = _text()
    text_en: str = _text()
    does: str = _text()
    changed_at: int = _moment()


class SavedView(SQLModel, table=True):
    """A list somebody keeps: the query of its address. A shared one is everybody's."""

    __tablename__ = "saved_view"
    id: int = _id()
    owner_id: int = _ref("agent", index=True)
    shared: bool = False
    name: str
    query: str = _text()
    at: int = _moment()


class Mention(SQLModel, table=True):
    """A colleague named in a note, until they have looked."""

    __table_args__ = (Index("ix_mention_agent", "agent_id", "seen_at", "ticket_id"),)
    message_id: int = Field(sa_type=BigInteger, foreign_key="message.id", primary_key=True)
    agent_id: int = Field(sa_type=BigInteger, foreign_key="agent.id", primary_key=True)
    ticket_id: int = _ref("ticket", index=True)
    seen_at: int | None = _moment(nullable=True)


# ---------------------------------------------------------------- who it is, and what is to be done


class Gate(SQLModel, table=True):
    """A check of who somebody is before an account is changed for them.

    ``purpose`` is unlock, unfreeze, phone or password; ``state`` is open, passed or aside. The code
    itself is nowhere: it follows from ``salt``, ``sends`` and the master key. ``how`` is code or
    what an agent did instead; ``second_by`` is the other agent whom lifting a freeze needs.
    """

    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    purpose: str
    state: str
    opened_by: int | None = _ref("agent", nullable=True)
    opened_at: int = _moment()
    identity_id: int | None = _ref("identity", nullable=True)
    way: str = ""
    salt: str = ""
    sends: int = 0
    tries: int = 0
    expires_at: int | None = _moment(nullable=True)
    how: str = ""
    passed_by: int | None = _ref("agent", nullable=True)
    passed_at: int | None = _moment(nullable=True)
    second_by: int | None = _ref("agent", nullable=True)
    second_at: int | None = _moment(nullable=True)
    ended_by: int | None = _ref("agent", nullable=True)
    ended_at: int | None = _moment(nullable=True)
    reason: str = ""


class Task(SQLModel, table=True):
    """One step of a playbook on a ticket: ``state`` is open, done or skipped."""

    __table_args__ = (UniqueConstraint("ticket_id", "playbook", "step"),)
    id: int = _id()
    ticket_id: int = _ref("ticket")
    playbook: str
    step: str
    place: int
    state: str
    owner_id: int | None = _ref("agent", nullable=True)
    ended_by: int | None = _ref("agent", nullable=True)
    ended_at: int | None = _moment(nullable=True)
    at: int = _moment()


class PlaybookDue(SQLModel, table=True):
    """Somebody wrote on a security ticket: its playbook is to begin, and what it names is kept."""

    __tablename__ = "playbook_due"
    id: int = _id()
    ticket_id: int = _ref("ticket")


class OutgoingWebhook(SQLModel, table=True):
    """One signed call to a system of the wallet's, fixed before the first try.

    ``state``: queued → sending → sent → confirmed, or failed, or cancelled. Its id is the far
    side's key against doing it twice, so a row whose worker died is simply sent again.
    ``confirm_by`` is when somebody is told that no confirmation came.
    """

    __tablename__ = "outgoing_webhook"
    __table_args__ = (
        _partial("ix_outgoing_webhook_due", "due_at", where="state IN ('queued', 'sending')"),
        _partial("ix_outgoing_webhook_confirm", "confirm_by", where="confirm_by IS NOT NULL"),
    )
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    target: str
    kind: str
    body: str = _text()
    once: str = Field(unique=True)
    state: str
    reason: str = ""
    attempts: int = 0
    due_at: int = _moment()
    leased_until: int = _big()
    created_at: int = _moment()
    sent_at: int | None = _moment(nullable=True)
    confirmed_at: int | None = _moment(nullable=True)
    confirm_by: int | None = _moment(nullable=True)


class TicketTrace(SQLModel, table=True):
    """That a security ticket names a wallet, an address on the web or a number: its fingerprint."""

    __tablename__ = "ticket_trace"
    kind: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    ticket_id: int = Field(
        sa_type=BigInteger, foreign_key="ticket.id", primary_key=True, index=True
    )
    at: int = _moment()


# ---------------------------------------------------------------- what comes in, what goes out


class Journal(SQLModel, table=True):
    """Everything that was handed over, once each (G2). Raw bytes only while they are needed.

    ``state`` is received, done, parked or seen (an import that keeps no ticket). ``attempts`` is
    committed before parsing begins. A parked item keeps its sealed raw, its ``error`` code and
    traceback until it is replayed.
    """

    __table_args__ = (
        UniqueConstraint("kind", "account", "remote_id"),
        _partial("ix_journal_raw", "message_id", where="raw IS NOT NULL"),
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
    double click. ``thread_ids`` is a space-separated chain. Of all ``attempts`` those that were
    ``spent`` came before somebody last decided about it: from then on it is tried anew.
    """

    __table_args__ = (
        # ``state`` says nothing here, but with it SQLite prefers this index whatever it counted.
        _partial(
            "ix_outbox_turn",
            "state",
            "channel",
            "account",
            "purpose",
            "due_at",
            "id",
            where="state = 'queued'",
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
    signature: str = _text()
    sender_name: str = ""
    rfc_id: str = Field(default="", index=True)
    reply_to: str = ""
    thread_ids: str = _text()
    language: str = ""
    wording: str = ""
    state: str
    reason: str = ""
    attempts: int = 0
    spent: int = 0
    due_at: int = _moment()
    leased_until: int = _big()
    created_at: int = _moment()
    tried_at: int | None = _moment(nullable=True)
    sent_at: int | None = _moment(nullable=True)
    remote_id: str = ""
    parts_sent: int = 0


class Send(SQLModel, table=True):
    """One message handed to a channel that counts them, written before the first byte leaves."""

    __table_args__ = (
        Index("ix_send_account", "channel", "account", "at"),
        Index("ix_send_identity", "identity_id", "at"),
    )
    id: int = _id()
    channel: str
    account: str
    identity_id: int = _ref("identity")
    at: int = _moment()


class Reach(SQLModel, table=True):
    """What a platform said, besides messages, about whether somebody can be written to.

    ``opened_at`` is the moment of their last act: they have ``gone`` by it, or until ``closes_at``
    it allows ``sends``.
    """

    identity_id: int = Field(sa_type=BigInteger, foreign_key="identity.id", primary_key=True)
    channel: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    gone: bool = False
    opened_at: int = _big()
    closes_at: int = _big()
    sends: int = 0


class PlatformToken(SQLModel, table=True):
    """A token a platform gave us, sealed, with the word that renews it.

    ``seed`` is the fingerprint of the secret it began with: another secret begins anew.
    """

    __tablename__ = "platform_token"
    name: str = Field(primary_key=True)
    seed: str
    key_id: str
    wrapped_key: bytes = _bytes()
    blob: bytes = _bytes()
    fetched_at: int = _moment()
    renew_at: int = _moment()
    expires_at: int = _moment()


class Gap(SQLModel, table=True):
    """A time in which nobody here could be called by a platform."""

    id: int = _id()
    since: int = _moment()
    until: int = _moment()


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


# ---------------------------------------------------------------- live chat


class Chat(SQLModel, table=True):
    """One conversation in our own widget; a ticket from its first message on.

    ``seq`` numbers what happened in it without a gap. ``desk_seq`` and ``visitor_seq`` are how far
    either side has read, ``mailed_seq`` how far what was not read went out by mail. ``notice_at``
    is the opening time the visitor was last told of; ``contact_id`` is the address they left.
    """

    __table_args__ = (
        Index("ix_chat_handle", "account", "handle"),
        _partial("ix_chat_going_on", "heard_at", where="ended_at IS NULL"),
    )
    id: int = _id()
    account: str
    handle: str
    name: str = ""
    verified: bool = False
    language: str = ""
    ticket_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="ticket.id", nullable=True, index=True
    )
    contact_id: int | None = _ref("identity", nullable=True)
    seq: int = 0
    desk_seq: int = 0
    visitor_seq: int = 0
    mailed_seq: int = 0
    notice_at: int = _big()
    heard_at: int = _moment()
    created_at: int = _moment()
    ended_at: int | None = _moment(nullable=True)


class ChatEvent(SQLModel, table=True):
    """One thing that happened in a conversation, in its order.

    ``code`` is message, agent_joined, read, ticket_opened, offline_notice or closed. ``once`` keeps
    it from happening twice (the client's id of a message, an outbox row), ``digest`` tells whether
    a repeated message is the same; ``params`` is JSON.
    """

    __tablename__ = "chat_event"
    __table_args__ = (
        Index(
            "ix_chat_event_once",
            "conversation_id",
            "once",
            unique=True,
            sqlite_where=text("once <> ''"),
        ),
    )
    conversation_id: int = Field(sa_type=BigInteger, foreign_key="chat.id", primary_key=True)
    seq: int = Field(primary_key=True)
    code: str
    at: int = _moment()
    once: str = ""
    digest: str = ""
    message_id: int | None = _ref("message", nullable=True, index=True)
    outbox_id: int | None = _ref("outbox", nullable=True)
    agent_id: int | None = _ref("agent", nullable=True)
    params: str = _text()


# ---------------------------------------------------------------- what reports count


class HappeningRow(SQLModel, table=True):
    """One thing that happened to a ticket, as the ticket was then (``router.core.figures``).

    What is counted follows from these rows, and they from the ticket's own: a ticket's are taken
    away and written anew whenever it changed. ``service`` and ``wall`` are seconds, -1 for none.
    """

    __tablename__ = "happening"
    #: What a narrowed report asks of them stands in the index itself.
    __table_args__ = (
        Index(
            "ix_happening_what",
            *("what", "kind", "at", "id", "channel", "category", "urgency", "team_id", "agent_id"),
            *("service", "wall"),
        ),
    )
    id: int = _id()
    ticket_id: int = _ref("ticket", index=True)
    what: str
    at: int = _moment()
    kind: str = ""
    channel: str = ""
    category: str = ""
    urgency: str = ""
    team_id: int = _big()
    agent_id: int = _big()
    detail: str = ""
    service: int = _big(-1)
    wall: int = _big(-1)


class Figure(SQLModel, table=True):
    """How many happenings of one sort a day (``d``) or a month (``m``) has."""

    __table_args__ = ({"sqlite_with_rowid": False},)
    what: str = Field(primary_key=True)
    grain: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    kind: str = Field(default="", primary_key=True)
    channel: str = Field(default="", primary_key=True)
    category: str = Field(default="", primary_key=True)
    urgency: str = Field(default="", primary_key=True)
    team_id: int = Field(default=0, sa_type=BigInteger, primary_key=True)
    agent_id: int = Field(default=0, sa_type=BigInteger, primary_key=True)
    detail: str = Field(default="", primary_key=True)
    n: int = 0


class ReportOrder(SQLModel, table=True):
    """A report that comes by itself: which (``kind``), ``every`` day, week or month at an hour of
    the desk's, to whom (``target`` is mail, or a place in the settings).

    ``slot`` is its next hour, ``due_at`` when it is tried next; ``error`` says why the last one did
    not come.
    """

    __tablename__ = "report_order"
    id: int = _id()
    agent_id: int = _ref("agent", index=True)
    kind: str
    every: str
    hour: int
    target: str
    form: str
    slot: int = _moment()
    due_at: int = Field(sa_type=BigInteger, index=True)
    attempts: int = 0
    sent_at: int | None = _moment(nullable=True)
    error: str = _text()


# ---------------------------------------------------------------- what is erased


class Erasure(SQLModel, table=True):
    """Words that are taken out for good: all of a person's (``reason`` is person), or those of one
    day that were old enough (retention).

    ``step`` and ``place`` are how far it has come, ``counts`` is JSON, how much of what is gone.
    The handles that are looked for lie sealed until they are not needed any more.
    """

    __table_args__ = (_partial("ix_erasure_open", "id", where="done_at IS NULL"),)
    id: int = _id()
    reason: str
    requester_id: int | None = _ref("requester", nullable=True)
    step: str
    place: int = _big()
    counts: str = _text()
    asked_by: int | None = _ref("agent", nullable=True)
    asked_at: int = _moment()
    changed_at: int = _moment()
    leased_until: int = _big()
    done_at: int | None = _moment(nullable=True)
    key_id: str = ""
    wrapped_key: bytes | None = _bytes(nullable=True)
    blob: bytes | None = _bytes(nullable=True)


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

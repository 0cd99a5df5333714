"""The settings of promises: service hours, policies, escalation, notices."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

#: Whom a step of a chain may tell besides places outside, and what begins a chain.
_TOLD = ("assignee", "team", "agent", "lead", "manager", "admin")
_CHAINS = ("security", "overdue", "channel")
NOTICE = "notice:"


class Section(BaseModel):
    """A part of the settings: unknown keys are faults, nothing changes after start."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class HoursSettings(Section):
    """Service hours: a weekly pattern and its exceptions."""

    weekly: dict[str, list[tuple[str, str]]] = Field(
        default_factory=lambda: {
            day: [("08:00", "22:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        },
        description="Periods of each day, half-open; an end at or before its start is the next "
        "day's.",
    )
    changes: dict[str, dict[str, list[tuple[str, str]]]] = Field(
        default_factory=dict,
        description='Other weeks from a date on: {"2027-01-01" = { mon = … }}; what was before it '
        "stays true.",
    )
    closed: list[str] = Field(
        default_factory=list, description="Dates (YYYY-MM-DD) without service."
    )
    open: dict[str, list[tuple[str, str]]] = Field(
        default_factory=dict, description="Dates with periods of their own instead of the week's."
    )
    country: str = Field(
        "",
        description="Observe the public holidays and make-up working days of a country (CN); "
        "empty: none.",
    )
    zones: dict[str, str] = Field(
        default_factory=dict,
        description='Other time zones from a date on: {"2027-01-01" = "Asia/Tokyo"}; what was '
        "before it stays true.",
    )
    countries: dict[str, str] = Field(
        default_factory=dict,
        description='Other countries from a date on: {"2027-01-01" = "CN"}; empty: none.',
    )
    make_up: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field(
        "mon", description="The weekday whose periods are worked on a make-up working day."
    )


class CalendarSettings(HoursSettings):
    """Further service hours by name, [calendars.NAME]: of a team, a channel, a mailbox, on call."""

    zone: str = Field("", description="Time zone (IANA name); empty: the desk's.")
    serves: list[str] = Field(
        default_factory=list,
        description="Whose promises count in it: team:security, channel:email, "
        "mailbox:email.support.",
    )


class PolicySettings(Section):
    """Promises of their own for some matters, [[sla.policies]]: the first one that fits wins."""

    name: str = Field(description="What the policy is called on tickets and in reports.")
    category: list[str] = Field(
        default_factory=list, description="Categories, * for anything: transfer.*; empty: all."
    )
    urgency: list[str] = Field(default_factory=list, description="P1 to P4; empty: all.")
    channel: list[str] = Field(default_factory=list, description="Channels; empty: all.")
    team: list[str] = Field(default_factory=list, description="Teams; empty: all.")
    language: list[str] = Field(
        default_factory=list, description="Languages, such as en or zh*; empty: all."
    )
    first_response: int | None = Field(
        None, gt=0, description="Minutes until a person answers first; left out: as in [sla]."
    )
    next_response: int | None = Field(
        None, gt=0, description="Minutes until a person answers each later message."
    )
    resolution: int | None = Field(None, gt=0, description="Minutes until the matter is settled.")
    calendar: str = Field(
        "",
        description="The calendar it counts in, always for every hour; empty: whichever serves.",
    )
    warn: list[float] | None = Field(
        None, description="Fractions at which somebody is warned; left out: as in [sla]."
    )


class SlaSettings(Section):
    """Promised times in minutes, by urgency. P1 and security count round the clock, the rest
    service time."""

    first_response: dict[str, int] = Field(
        default_factory=lambda: {"P1": 15, "P2": 120, "P3": 480, "P4": 1440},
        description="Minutes until a person answers first.",
    )
    next_response: dict[str, int] = Field(
        default_factory=lambda: {"P1": 30, "P2": 240, "P3": 840, "P4": 1680},
        description="Minutes until a person answers each later message.",
    )
    resolution: dict[str, int] = Field(
        default_factory=lambda: {"P1": 480, "P2": 1680, "P3": 4200, "P4": 8400},
        description="Minutes until the matter is settled.",
    )
    warn: list[float] = Field(
        default_factory=lambda: [0.75],
        description="Fractions of a promise at which somebody is warned, above 0 and below 1.",
    )
    policies: list[PolicySettings] = Field(
        default_factory=list, description="Promises of their own for some matters; see below."
    )


class StepSettings(Section):
    """One step of a chain: who is told, and how long they have to take it."""

    to: list[str] = Field(
        description="assignee, team, lead (of the team), manager, admin, notice:NAME, notice:*."
    )
    wait_minutes: int = Field(10, ge=1, description="Minutes until the next step.")

    @field_validator("to")
    @classmethod
    def _known(cls, to: list[str]) -> list[str]:
        """A word that nobody knows would tell nobody."""
        if wrong := [one for one in to if one not in _TOLD and not one.startswith(NOTICE)]:
            raise ValueError(f"{wrong[0]} is nobody; write {', '.join(_TOLD)} or notice:NAME")
        return to


class EscalationSettings(Section):
    """Chains of people that a matter climbs until one of them takes it."""

    chains: dict[str, list[StepSettings]] = Field(
        default_factory=lambda: {
            "security": [
                StepSettings(to=["team", "notice:*"], wait_minutes=5),
                StepSettings(to=["lead", "notice:*"], wait_minutes=10),
                StepSettings(to=["manager", "admin", "notice:*"], wait_minutes=15),
            ],
            "overdue": [
                StepSettings(to=["assignee", "lead"], wait_minutes=30),
                StepSettings(to=["lead", "manager", "notice:*"], wait_minutes=60),
            ],
            "channel": [StepSettings(to=["lead", "manager", "admin", "notice:*"])],
        },
        description="security begins with a security matter, overdue with a broken promise; the "
        "steps of each in their order; channel says who is told once when one stops, and once when "
        "it is back. Left out: it does not climb.",
    )
    repeats: int = Field(3, ge=0, description="How often the last step is taken again.")
    calendar: str = Field("desk", description="Outside these hours nobody is told but of security.")
    release_silent: bool = Field(
        default=True,
        description="A ticket whose assignee is silent until its answer is warned of goes back.",
    )

    @field_validator("chains")
    @classmethod
    def _begun(cls, chains: dict[str, list[StepSettings]]) -> dict[str, list[StepSettings]]:
        if wrong := [one for one in chains if one not in _CHAINS]:
            raise ValueError(f"nothing begins {wrong[0]}; there are {', '.join(_CHAINS)}")
        return chains

    def places(self) -> set[str]:
        """The places outside that the chains name."""
        told = (one for chain in self.chains.values() for step in chain for one in step.to)
        named = {one.removeprefix(NOTICE) for one in told if one.startswith(NOTICE)}
        return named - {"*"}


class AssignmentSettings(Section):
    """Tickets that are nobody's are given to people who are there: who said that they are here,
    whose shift (a calendar, set on the page Shifts) is open, and who was seen lately."""

    mode: Literal["off", "round_robin", "load"] = Field(
        "off", description="By turns, to who has least in hand, or not at all."
    )
    teams: list[str] = Field(default_factory=list, description="In these teams; empty: in all.")
    most: int = Field(20, ge=0, description="Open tickets in one person's hand; 0: no limit.")
    idle_minutes: int = Field(
        30, ge=0, description="Who was not seen for so long gets nothing; 0: never mind."
    )


class NoticeSettings(Section):
    """A place outside where people of the desk are told, [notices.NAME]: a group in Feishu,
    DingTalk, WeCom or Slack, an address. Its apprise address is secret:
    ROUTER__NOTICES__NAME__SECRET, or a file that ROUTER__NOTICES__NAME__SECRET_FILE names."""

    enabled: bool = Field(default=True, description="Tell anything there at all.")
    secret: SecretStr | None = Field(None, exclude=True, description="Only in the environment.")

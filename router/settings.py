"""Every setting, with its meaning and its default. :mod:`router.configuration` reads them.

Files hold infrastructure and first seeds; what the desk edits lives in the database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from router.core.bilingual import for_reader
from router.identity_settings import GateSettings, WalletSettings
from router.promise_settings import (
    AssignmentSettings,
    CalendarSettings,
    EscalationSettings,
    HoursSettings,
    NoticeSettings,
    Section,
    SlaSettings,
)

PREFIX = "ROUTER__"
_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")


class DeskSettings(Section):
    """The desk as its people and requesters know it."""

    name_zh: str = Field("钱包客服", description="What requesters call this desk, in Chinese.")
    name_en: str = Field("Wallet Support", description="The same in English.")
    hotline: str = Field(
        "", description="Telephone hotline told in acknowledgements; may be empty."
    )
    zone: str = Field("Asia/Shanghai", description="Time zone of the desk (IANA name).")
    language: Literal["zh", "en"] = Field("zh", description="Language when nothing else is known.")
    guarded_names: list[str] = Field(
        default_factory=list,
        description="Addresses and domains that a sender may pretend to be; our mailboxes, own "
        "addresses and public host are known. Only marks, never refuses.",
    )
    reopen_days: int = Field(
        14,
        ge=0,
        description="A reply within so many days reopens a closed ticket; later opens anew.",
    )

    def name(self, language: str) -> str:
        """What requesters who write this language call the desk."""
        return for_reader(language, self.name_zh, self.name_en)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as fault:
            message = "is not a time zone; write an IANA name such as Asia/Shanghai"
            raise ValueError(message) from fault
        return zone


class AcknowledgeSettings(Section):
    """Acknowledgements and what limits them (a setting of 0 forbids)."""

    enabled: bool = Field(default=True, description="Send acknowledgements at all.")
    per_address_day: int = Field(
        3, ge=0, description="At most so many to one mailbox in 24 hours, however it is spelt."
    )
    per_address_gap_minutes: int = Field(
        10, ge=0, description="And at least so many minutes apart."
    )
    per_domain_hour: int = Field(
        20,
        ge=0,
        description="At most so many an hour to one mail domain and all below it, where nothing "
        "proves that its mail is its own.",
    )
    per_verified_domain_hour: int = Field(
        500,
        ge=0,
        description="At most so many an hour to one mail domain for mail that our own receiving "
        "server vouches for; what is forged in its name takes none of these.",
    )
    per_source_hour: int = Field(
        60, ge=0, description="At most so many an hour to whatever one network address sent us."
    )
    unverified_form_day: int = Field(
        1, ge=0, description="At most so many a day to an address only typed into the form."
    )
    total_hour: int = Field(2000, ge=0, description="At most so many an hour in all.")
    breaker_minutes: int = Field(
        60, ge=1, description="Once that was reached, none for so long; the status page says so."
    )
    older_than_minutes: int = Field(
        1440, ge=0, description="A mail older than this on arrival is not acknowledged."
    )


class DatabaseSettings(Section):
    """Where the truth is kept."""

    url: str = Field(
        "",
        description="Empty: SQLite in data_dir. Or postgresql://user@host/name; with a password in "
        "it rather in a file that ROUTER__DATABASE__URL_FILE names.",
    )

    @field_validator("url")
    @classmethod
    def _of_a_database(cls, url: str) -> str:
        """Nothing here repeats what was written: it may hold a password."""
        scheme, apart, rest = url.partition("://")
        if url and (not apart or scheme not in _SCHEMES):
            given = f"{scheme}:// is no database of ours" if apart else "has no scheme"
            message = f"{given}; write postgresql://user@host/name or sqlite:////path"
            raise ValueError(message)
        if scheme == "sqlite" and not rest.startswith("/"):
            message = "write sqlite:///, then the path: sqlite:////srv/desk/router.sqlite3"
            raise ValueError(message)
        place = rest.partition("/")[0]
        if place.count("@") > 1:
            message = "has an @ too many; inside a password write %40"
            raise ValueError(message)
        port = place.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
        if scheme != "sqlite" and "," not in port and port and not port.isdecimal():
            message = "has a port that is no number; inside a password write %2F for /"
            raise ValueError(message)
        return url


class WebSettings(Section):
    """The pages of agents and requesters."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port; the next free one when it is taken.")
    public_url: str = Field(
        "", description="How the world reaches us (https://…); empty: the local address."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many proxies in front of us may say who the client is."
    )
    threads: int = Field(
        48, ge=8, description="Threads that serve requests, and chats that are told at once."
    )
    streams: int = Field(500, ge=0, description="Open live streams at most; past it pages poll.")
    chat_streams: int = Field(
        24,
        ge=0,
        description="Open chats that are told at once, never over half the threads; past it "
        "widgets poll.",
    )
    session_idle_minutes: int = Field(30, ge=1, description="Signed out after so long without use.")
    session_hours: int = Field(12, ge=1, description="Signed out after so long in any case.")
    form_per_minute: int = Field(5, ge=1, description="Form posts a minute from one source.")
    form_per_hour: int = Field(30, ge=1, description="Form posts an hour from one source.")
    form_per_address_hour: int = Field(3, ge=1, description="Form posts an hour for one address.")

    @field_validator("public_url")
    @classmethod
    def _whole(cls, url: str) -> str:
        """Links of mails begin with it, and whether the public reaches us is read off it."""
        if url and not (url.startswith(("https://", "http://")) and urlsplit(url).hostname):
            raise ValueError("write it whole: https://help.example.com")
        return url


class IntakeSettings(Section):
    """How messages are taken in and what is kept of them."""

    keep_raw_days: int = Field(
        0,
        ge=0,
        description="Days the sealed raw copy is kept after processing; 0 erases it at once.",
    )
    attempts: int = Field(3, ge=1, le=10, description="Tries before an item is parked.")
    batch: int = Field(
        10,
        ge=1,
        le=500,
        description="Mails of an import that one transaction takes in; agents who write meanwhile "
        "wait for it.",
    )
    search_characters: int = Field(
        4000, ge=200, description="Characters of a message that are indexed for search."
    )


class RetentionSettings(Section):
    """How long what people wrote is kept once their matter is closed. Numbers, moments and what
    reports count stay."""

    days: int = Field(
        0,
        ge=0,
        description="Days after a ticket was closed until its words and files are erased; 0 keeps "
        "them for ever.",
    )
    groups: dict[str, int] = Field(
        default_factory=dict,
        description="The same for one group of categories, the word before the dot: "
        "{ security = 1095 }.",
    )

    @field_validator("groups")
    @classmethod
    def _days_of_groups(cls, groups: dict[str, int]) -> dict[str, int]:
        wrong = [name for name, days in groups.items() if days < 0 or not name or "." in name]
        if wrong:
            message = f"{', '.join(wrong)}: write a group such as security and 0 or more days"
            raise ValueError(message)
        return groups

    def of(self, category: str) -> int:
        """The days for a category; 0 when its words are kept for ever."""
        return self.groups.get(category.partition(".")[0], self.days)


class DeliverSettings(Section):
    """How the outbox is worked off."""

    on_unknown: Literal["hold", "resend"] = Field(
        "hold",
        description="When nobody can know whether it was sent: hold, or send the same bytes.",
    )
    retry_minutes: list[Annotated[int, Field(ge=1)]] = Field(
        default_factory=lambda: [1, 5, 15, 60, 240, 720, 1440],
        min_length=1,
        description="Waits between tries when the far side says later.",
    )
    lease_seconds: int = Field(120, ge=10, description="How long a worker may hold a row.")
    undo_seconds: int = Field(10, ge=0, le=60, description="Agents' replies wait so long for undo.")


class WavesSettings(Section):
    """Waves: many people writing about one thing, or one person writing again and again."""

    senders: int = Field(5, ge=2, description="So many different senders in 24 hours are a wave.")
    likeness: float = Field(
        0.4, ge=0.2, le=1, description="Share of shingles two variants of a text have in common."
    )
    messages: int = Field(
        200_000, ge=1000, le=250_000, description="Messages of a day that are compared at most."
    )
    ignore_hosts: list[str] = Field(
        default_factory=lambda: [
            *("example.com", "example.net", "example.org", "google.com", "apple.com"),
            *("microsoft.com", "facebook.com", "youtube.com", "x.com", "twitter.com"),
            *("whatsapp.com", "t.me", "weixin.qq.com", "qq.com", "163.com", "126.com"),
            *("gmail.com", "outlook.com", "hotmail.com", "icloud.com", "baidu.com"),
            *("taobao.com", "alipay.com", "etherscan.io", "tronscan.org", "bscscan.com"),
            *("blockchain.com", "mempool.space", "solscan.io", "oklink.com"),
        ],
        description="Hosts (with all below them) that everybody names; our own are known.",
    )
    ignore_phones: list[str] = Field(
        default_factory=list,
        description="Telephone numbers that tie nothing; desk.hotline is known.",
    )
    ignore_wallets: list[str] = Field(
        default_factory=lambda: [
            "0xdac17f958d2ee523a2206206994597c13d831ec7",
            "TR7NHqjeKQGxGTCi8q8ZY4pL8otSzgjLj6t",
        ],
        description="Wallet addresses that tie nothing: the desk's own, contracts of tokens.",
    )
    outage_senders: int = Field(
        8, ge=3, description="Fewer people than this in five minutes are never an outage."
    )
    repeat_hours: int = Field(
        24,
        ge=0,
        description="Writing on another ticket within so many hours raises urgency; 0: never.",
    )


class RulesSettings(Section):
    """Where site rules are."""

    folder: str = Field("", description="A folder with rule files of your own, added to ours.")


class ReaderSettings(Section):
    """The second reader, which reads by meaning."""

    enabled: bool = Field(
        default=True,
        description="Read a second time, where the extra `meaning` is installed: it raises what no "
        "rule saw, and is asked before a suspicion becomes an alarm.",
    )
    threads: int = Field(1, ge=1, le=16, description="Processor threads that reading may take.")


class LogSettings(Section):
    """What the log looks like."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From where on."
    )
    json_lines: bool = Field(default=False, description="JSON lines instead of text for people.")


class Settings(BaseModel):
    """The whole configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    data_dir: str = Field("data", description="Where the database and the key file live.")
    key_file: str = Field(
        "",
        description="The master key; empty: the name of data_dir with .key, beside it (data.key), "
        "so never in a backup of it.",
    )
    desk: DeskSettings = Field(default_factory=DeskSettings)
    hours: HoursSettings = Field(default_factory=HoursSettings)
    calendars: dict[str, CalendarSettings] = Field(
        default_factory=dict, description="Further service hours by name; see below."
    )
    sla: SlaSettings = Field(default_factory=SlaSettings)
    escalation: EscalationSettings = Field(default_factory=EscalationSettings)
    assignment: AssignmentSettings = Field(default_factory=AssignmentSettings)
    notices: dict[str, NoticeSettings] = Field(
        default_factory=dict,
        validate_default=True,
        description="Places outside where people are told; see below.",
    )
    gate: GateSettings = Field(default_factory=GateSettings)
    wallet: WalletSettings = Field(default_factory=WalletSettings)
    acknowledge: AcknowledgeSettings = Field(default_factory=AcknowledgeSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    intake: IntakeSettings = Field(default_factory=IntakeSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    deliver: DeliverSettings = Field(default_factory=DeliverSettings)
    waves: WavesSettings = Field(default_factory=WavesSettings)
    rules: RulesSettings = Field(default_factory=RulesSettings)
    reader: ReaderSettings = Field(default_factory=ReaderSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    channels: dict[str, dict[str, dict[str, Any]]] = Field(
        default_factory=dict,
        description="One table a channel and account: [channels.email.support].",
    )

    @field_validator("notices")
    @classmethod
    def _there(
        cls, notices: dict[str, NoticeSettings], info: ValidationInfo
    ) -> dict[str, NoticeSettings]:
        """An alarm for a place that nobody set up would be told nowhere."""
        escalation = info.data.get("escalation")
        lacking = sorted(escalation.places() - notices.keys()) if escalation else []
        if lacking:
            raise ValueError(f"[escalation] chains tells notice:{lacking[0]}, which is not here")
        return notices

    @property
    def data_path(self) -> Path:
        """``data_dir`` as an absolute path."""
        return Path(self.data_dir).expanduser().absolute()

    @property
    def key_path(self) -> Path:
        """The master key's file, outside the data directory unless somebody chose otherwise."""
        if self.key_file:
            return Path(self.key_file).expanduser().absolute()
        return self.data_path.parent / f"{self.data_path.name}.key"

    @property
    def database_url(self) -> str:
        """The database's address, with SQLite's file filled in."""
        return self.database.url or f"sqlite:///{self.data_path / 'router.sqlite3'}"

    @property
    def public_url(self) -> str:
        """How requesters reach us, without a slash at the end."""
        chosen = self.web.public_url or f"http://{self.web.host}:{self.web.port}"
        return chosen.rstrip("/")

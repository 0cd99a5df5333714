"""The telephone: calls told by signed webhooks of a provider, and by files a switch drops.

The desk is no switch: it keeps what happened. Two shapes of webhooks are understood, Twilio's forms
and any call centre's Standard Webhooks; both only tell of calls, and the router decides which of
them becomes a message. The only thing said to a caller is the voicemail's text at night.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from pydantic import Field

from channels.contract import (
    Answer,
    Attachment,
    BadRequest,
    BadSignature,
    Batch,
    Call,
    Channel,
    ChannelOptions,
    Event,
    Handle,
    Heard,
    Hook,
    Inbound,
    Raw,
    Refused,
    Telling,
    Transient,
    Vault,
)
from channels.far_files import TIMEOUT, fetched, lies_at
from channels.phone import files, listed, standard, told, twilio

#: A sandbox beside the desk speaks plain HTTP.
_LOOPBACK = ("127.0.0.1", "localhost")


class PhoneOptions(ChannelOptions):
    """One line. Its secrets: auth_token (Twilio-shaped; auth_token_second while it is changed) and
    signing_secret (Standard Webhooks, whsec_…; several with spaces between them)."""

    public_url: str = Field(
        "", description="Scheme and host as the provider calls them (https://help.example.com)."
    )
    account_sid: str = Field(
        "",
        description="The account's id with a Twilio-shaped provider; its list of calls is looked "
        "through for reports that were lost.",
    )
    base_url: str = Field(
        "https://api.twilio.com", description="Where that provider's API is; or a sandbox."
    )
    region: str = Field("CN", description="The country of numbers without a country code.")
    choices: dict[str, str] = Field(
        default_factory=dict,
        description="What a key of the voice menu is about: login, transfer, records, security or "
        "other. A choice such as 3-security says so itself.",
    )
    dial: str = Field(
        "",
        description="The number a Twilio-shaped provider puts calls through to in service hours; "
        "empty: it decides itself.",
    )
    night_zh: str = Field(
        "您好，现在不是服务时间。请在提示音后留言，我们上班后会尽快回电。"
        "请勿说出密码、验证码或助记词。",
        description="What the voicemail says outside service hours, in Chinese.",
    )
    night_en: str = Field(
        "We are closed now. Please leave a message after the tone and we will call you back. "
        "Never say a password, a code or a recovery phrase.",
        description="The same in English.",
    )
    media_hosts: list[str] = Field(
        default_factory=lambda: ["api.twilio.com"],
        description="Hosts, with all below them, that recordings may be fetched from.",
    )
    recording_days: int = Field(
        90, ge=1, description="After so many days the link to a recording is forgotten."
    )
    folder: str = Field(
        "",
        description="A folder into which a switch drops call logs: Asterisk's Master.csv columns "
        "(.csv) or one JSON object a line (.jsonl).",
    )
    folder_zone: str = Field("UTC", description="The zone of the times in CSV files.")
    poll_seconds: int = Field(
        60, ge=10, description="How often to look into the folder and the provider's list."
    )

    def lacks(self) -> Mapping[str, str]:
        """A key of the menu that is about nothing, a zone or a country that is none: told here, for
        later they would only be passed over."""
        found = {}
        wrong = {
            key: about
            for key, about in self.choices.items()
            if about.strip().lower() not in told.GROUPS
        }
        if wrong:
            found["choices"] = f"{wrong} are about nothing; write one of {', '.join(told.GROUPS)}"
        if not told.is_zone(self.folder_zone):
            found["folder_zone"] = f"{self.folder_zone} is no zone; write one like Asia/Shanghai"
        if self.region not in told.REGIONS:
            found["region"] = f"{self.region} is no country; write two capitals, like CN"
        return found

    def needs(self) -> Sequence[str]:
        """Whoever asks a provider for its calls has to say who asks."""
        return ("auth_token",) if self.account_sid else ()


class Phone(Channel):
    """A telephone line of the desk."""

    kind = "phone"
    label_zh: ClassVar[str] = "电话"
    label_en: ClassVar[str] = "Phone"
    identity = "phone"
    largest = 256 * 1024
    Options = PhoneOptions

    def __init__(self, account: str, options: PhoneOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self._session = requests.Session()

    # ------------------------------------------------------------ being called

    def receive(self, request: Hook) -> Heard:
        """One report of a call, in either shape."""
        if "x-twilio-signature" in request.headers:
            return self._form(request)
        secrets = self.vault.secret("signing_secret", "").split()
        if not secrets or request.method != "POST":
            raise BadSignature("not signed in a way this line knows")
        standard.check(request, secrets)
        data = request.body
        standard.read(data)
        yes = standard.answer(duplicate=False)
        no = standard.answer(duplicate=True)
        return Heard(
            (Raw(self.identify(data), data),),
            Answer(202, yes, "application/json", again=no),
        )

    def _form(self, request: Hook) -> Heard:
        tokens = [
            one
            for name in ("auth_token", "auth_token_second")
            if (one := self.vault.secret(name, ""))
        ]
        twilio.check(request, tokens, self.options.public_url)
        if request.path.rstrip("/").endswith("/recorded"):
            return Heard((), Answer(200, twilio.GOODBYE, "text/xml"))
        voice = request.path.rstrip("/").endswith("/voice")
        night = voice and not request.open
        alone = night or (voice and bool(self.options.dial))
        data = twilio.document(request, night=alone)
        items = (Raw(self.identify(data), data),)
        if not voice:
            return Heard(items, Answer(204))
        return Heard(items, Answer(200, self._voice(request, night=night), "text/xml"))

    def _voice(self, request: Hook, *, night: bool) -> bytes:
        path = request.path.rstrip("/").removesuffix("/voice")
        base = twilio.base_of(request, self.options.public_url)
        if not night:
            return twilio.through(self.options.dial, f"{base}{path}/status")
        spoken = (("zh-CN", self.options.night_zh), ("en-US", self.options.night_en))
        return twilio.voicemail(spoken, f"{base}{path}/recording", f"{base}{path}/recorded")

    def unfit(self) -> Sequence[str]:
        """A line that anybody could speak for, or a provider's address we would have to guess."""
        form, hook = self.vault.secret("auth_token", ""), self.vault.secret("signing_secret", "")
        faults = []
        if not form and not hook and not self.options.folder:
            faults.append(
                "has neither auth_token nor signing_secret nor a folder: nobody could tell it of "
                "calls; set one of the secrets, or write the folder"
            )
        faults += self.options.trying_out()
        if form and not self.options.public_url.startswith("https://"):
            faults.append("public_url must be the https address that the provider calls")
        return faults

    # ------------------------------------------------------------ reading

    def identify(self, data: bytes) -> str:
        """One id for one fact about a call, however often it is told; of what we tell ourselves one
        that names the line, for two call centres may count alike."""
        try:
            fact = self._read(data)
        except BadRequest:
            return hashlib.sha256(data).hexdigest()
        return (fact.key if fact.telling is None else f"{self.account}:{fact.key}")[:200]

    def _read(self, data: bytes) -> told.Fact:
        try:
            given = json.loads(data)
        except (ValueError, RecursionError) as fault:
            raise BadRequest("not a report of a call") from fault
        if not isinstance(given, dict):
            raise BadRequest("not a report of a call")
        region, choices = self.options.region, self.options.choices
        for name, read in (
            ("form", twilio.fact),
            ("cdr", files.fact),
            ("telling", told.fact),
            ("type", standard.fact),
        ):
            if name in given:
                return read(given, told.Habits(region, choices, self.options.folder_zone))
        raise BadRequest("not a report of a call")

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """A message only where the router made one of a call."""
        fact = self._read(raw.data)
        if fact.telling is None:
            return ()
        telling, call = fact.telling, fact.call or Call("")
        hidden = Handle("call", f"{self.account}:{call.id}")
        return (
            Inbound(
                kind=self.kind,
                account=self.account,
                remote_id=raw.remote_id,
                sender=Handle(self.identity, call.number) if call.number else hidden,
                text=telling.text,
                sent_at=call.ended_at or call.started_at,
                message_id=told.message_id(self.account, call.id),
                thread_ids=(telling.answers,) if telling.answers else (),
                locale=call.language,
                category_hint=call.hint,
                fields=told.fields(call),
                size=len(raw.data),
            ),
        )

    def events(self, raw: Raw) -> Sequence[Event]:
        """The call that is told of."""
        fact = self._read(raw.data)
        return (Event(fact.code, at=fact.at, call=fact.call),)

    def spelled(self, number: str) -> str:
        """A number in E.164; as its digits when it is none."""
        return told.number(number, self.options.region)

    def document(self, telling: Telling) -> bytes:
        """The bytes of one message about a call."""
        return told.written(telling)

    # ------------------------------------------------------------ files, recordings

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """What a switch has dropped since (a file is taken once it has stood still for one look),
        and what the provider's own list knows more than it told."""
        known: Mapping[str, Any] = cursor
        if self.options.folder:
            for items, place in files.look(self.options.folder, cursor):
                known = place
                yield self._batch(items, place)
        if self.options.account_sid and self.vault.secret("auth_token", ""):
            sid, through = self.options.account_sid, bool(self.options.dial)
            for items, place in listed.look(self._api, sid, known, through=through):
                yield self._batch(items, place)

    def _batch(self, items: Sequence[bytes], place: Mapping[str, Any]) -> Batch:
        raws = {self.identify(one): Raw(self.identify(one), one) for one in items}
        return Batch(tuple(raws.values()), place)

    def _api(self, path: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        """One page of the provider's list."""
        known = (self.options.account_sid, self.vault.secret("auth_token"))
        try:
            answer = self._session.get(
                f"{self.options.base_url}{path}",
                params=dict(asked),
                auth=known,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as fault:
            raise Transient(f"no list of calls: {type(fault).__name__}") from fault
        if answer.status_code in (401, 403):
            raise Refused(
                "the provider refuses our token; compare account_sid and auth_token with those in "
                "its console",
                channel_fault=True,
            )
        if answer.status_code != 200:
            after = answer.headers.get("Retry-After", "")
            pause = timedelta(seconds=int(after)) if after.isdecimal() else None
            raise Transient(f"no list of calls ({answer.status_code})", pause)
        try:
            said = answer.json()
        except ValueError as fault:
            raise Transient("the list of calls is no JSON") from fault
        return said if isinstance(said, dict) else {}

    def settle(self, items: Sequence[Raw]) -> None:
        """Files stay where they are; the cursor remembers them."""

    def fetch(self, remote: str) -> Attachment:
        """A recording, from the hosts that may hold one and from nowhere else."""
        parts = urlsplit(remote)
        safe = parts.scheme == "https" or parts.hostname in _LOOPBACK
        if not safe or not lies_at(remote, self.options.media_hosts):
            raise Refused("the recording lies on a host that is not the provider's")
        sid, token = self.options.account_sid, self.vault.secret("auth_token", "")
        return fetched(self._session, remote, "recording", (sid, token) if sid and token else None)

    def log_in(self) -> str:
        """Ask the provider for one call, and look whether the folder is there."""
        for one in self.vault.secret("signing_secret", "").split():
            standard.key(one)
        folder = self.options.folder
        if folder and not os.access(folder, os.R_OK | os.X_OK):
            raise Refused(f"{folder} is no folder that this user may read; mend it or its rights")
        if not self.options.account_sid:
            return f"reads {folder}" if folder else ""
        self._api(listed.path_of(self.options.account_sid), {"PageSize": "1"})
        return f"the provider takes auth_token{f'; reads {folder}' if folder else ''}"

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

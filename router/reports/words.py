"""The words of the reports and the names of what they count, in one language, with or without a
page around them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from channels import registry
from router.assemble import Router
from router.core.clock import from_us
from router.store.pages import reports as pages_reports
from router.store.unit import Unit


@cache
def _said(language: str) -> Mapping[str, Any]:
    path = resources.files("router").joinpath("texts", f"reports.{language}.toml")
    return tomllib.loads(path.read_text("utf-8"))


class Words:
    """Says what reports say, in ``zh`` or ``en``."""

    def __init__(self, router: Router, unit: Unit, language: str) -> None:
        self.language = "zh" if language.startswith("zh") else "en"
        self.zone = ZoneInfo(router.settings.desk.zone)
        self._place = 0 if self.language == "zh" else 1
        self._said = _said(self.language)
        self._kinds = router.rules.kinds
        teams, self._agents = pages_reports.names(unit)
        self._teams = {
            one.id: (one.name_zh if self.language == "zh" else one.name_en) or one.key
            for one in teams
        }
        self.teams: Mapping[int, str] = self._teams
        self.agents: Mapping[int, str] = self._agents
        self._channels: dict[str, str] = {}

    def say(self, key: str, **params: object) -> str:
        """A sentence of ours by its ``group.key``."""
        group, _, name = key.partition(".")
        sentence = str(self._said[group][name])
        return sentence.format(**params) if params else sentence

    def define(self, *keys: str) -> list[tuple[str, str]]:
        """Terms with their meanings."""
        return [(self._said["define"][key][0], self._said["define"][key][1]) for key in keys]

    def name(self, dimension: str, value: Any) -> str:
        """What people call a value of a dimension."""
        if dimension == "team_id":
            return str(self._teams.get(value, value))
        if dimension == "agent_id":
            return self._agents.get(value, str(value)) if value else self.say("say.nobody")
        if dimension == "category":
            kind = self._kinds.get(value)
            if kind is None:
                return str(value)
            return str(kind.zh if self.language == "zh" else kind.en)
        if dimension == "channel":
            if value not in self._channels:
                known = value in registry.kinds()
                self._channels[value] = registry.labels(value)[self._place] if known else value
            return self._channels[value] or self.say("say.no_channel")
        return str(value)

    def what(self, value: str) -> str:
        """What a happening is called."""
        return str(self._said["what"].get(value, value))

    def detail(self, value: str, what: str) -> str:
        """What a happening's detail is called: a cause, a reason, the category it became."""
        group = {"broken": "cause", "acknowledged": "reason", "ack_held": "reason"}.get(
            what, "detail"
        )
        return str(self._said[group].get(value, self.name("category", value)))

    def seconds(self, span: int) -> str:
        """A span of seconds, in whole minutes; nothing for none."""
        return self.span(-(-span // 60)) if span >= 0 else ""

    def reason(self, value: str) -> str:
        """Why an acknowledgement was held, or which one it was."""
        return str(self._said["reason"].get(value, value))

    def span(self, minutes: int | None) -> str:
        """A span of whole minutes."""
        if minutes is None:
            return "–"
        if minutes < 120:
            return self.say("say.minutes", n=minutes)
        if minutes < 2880:
            return self.say("say.hours", h=minutes // 60, m=minutes % 60)
        return self.say("say.days", d=minutes // 1440, h=minutes % 1440 // 60)

    def moment(self, at: int | datetime) -> str:
        """A moment in the desk's zone, to the minute, as people write it; it is not broken up."""
        when = self._local(at)
        said = self.say("say.moment", day=self.day(when.date()), clock=f"{when:%H:%M}")
        return said.replace(" ", "\u00a0")

    def day(self, day: date) -> str:
        """A date as people write it."""
        return self.say("say.day", y=day.year, m=day.month, d=day.day, month=f"{day:%b}")

    def exact(self, at: int | datetime) -> str:
        """A moment in the desk's zone, to the minute, as files have it."""
        return f"{self._local(at):%Y-%m-%d %H:%M}"

    def _local(self, at: int | datetime) -> datetime:
        return (from_us(at) if isinstance(at, int) else at).astimezone(self.zone)

"""config.toml as it ships: every setting with its meaning and its default, made from the classes.

The file in the repository is this very text (a test compares them), so a setting without a word of
explanation, or an explanation without its setting, cannot exist.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from channels import registry
from router.promise_settings import CalendarSettings, NoticeSettings, PolicySettings
from router.settings import PREFIX, Settings

_TOP = f"""\
Every setting of the desk, with its default. Lines that begin with "# name =" are the defaults;
take the "# " away to change one. The environment outranks this file: {PREFIX}WEB__PORT=9000 is
[web] port = 9000. Secrets never stand here: set them in the environment
({PREFIX}CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD), or put them in a file and name the file there
({PREFIX}CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD_FILE). `router check` prints what is in force.
"""


def render() -> str:
    """The whole reference, channels last."""
    lines = [*_comment(_TOP), ""]
    sections = []
    for name, info in Settings.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            sections += ["", *_comment(inner.__doc__ or ""), f"[{name}]", *_fields(inner)]
        elif name not in ("channels", "calendars", "notices"):
            lines += _field(name, info)
    lines += sections
    for head, model in (
        ("[calendars.NAME]", CalendarSettings),
        ("[[sla.policies]]", PolicySettings),
        ("[notices.NAME]", NoticeSettings),
    ):
        lines += ["", *_comment(model.__doc__ or ""), f"# {head}", *_fields(model)]
    for kind in registry.kinds():
        lines += ["", *_channel(kind)]
    return "\n".join(lines) + "\n"


def _channel(kind: str) -> list[str]:
    door = registry.channel(kind)
    if set(door.Options.model_fields) <= {"enabled", "team", "language"}:
        return _comment(f"{door.label_en} ({door.label_zh}) needs no settings.")
    head = _comment(
        f"{door.label_en} ({door.label_zh}): one table an account, [channels.{kind}.NAME]."
    )
    return [*head, f"# [channels.{kind}.support]", *_fields(door.Options)]


def _fields(model: type[BaseModel]) -> list[str]:
    return [
        line
        for name, info in model.model_fields.items()
        if not info.exclude
        for line in _field(name, info)
    ]


def _field(name: str, info: Any) -> list[str]:
    default = info.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        shown = "…  (must be given)"
    else:
        shown = "…  (may be left out)" if default is None else _toml(default)
    return [*_comment(info.description or ""), f"# {name} = {shown}"]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), 96)]


def _toml(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items())
        return "{ " + inside + " }" if inside else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    """A key as TOML reads it: one with a dot would be a table within a table."""
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)

"""Words that stand for what is known of a ticket: ``{name}`` or ``{客户}`` in a macro's text."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What a variable may be called in either language.
NAMES: Mapping[str, str] = {
    "name": "name",
    "客户": "name",
    "number": "number",
    "工单号": "number",
    "subject": "subject",
    "主题": "subject",
    "agent": "agent",
    "坐席": "agent",
    "desk": "desk",
    "团队": "desk",
}
_VARIABLE = re.compile(r"\{\s*([^{}\s]{1,20})\s*\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables put in. One that nobody knows stays as it is, to be seen."""
    return _VARIABLE.sub(lambda found: _value(found, values), text)


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name = NAMES.get(found[1].lower(), "")
    return values.get(name, found[0]) if name else found[0]


def unknown(text: str) -> list[str]:
    """Variables of a text that nobody knows."""
    return [one for one in _VARIABLE.findall(text) if one.lower() not in NAMES]

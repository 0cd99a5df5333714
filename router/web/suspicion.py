"""What a request holds, read with suspicion: no number is larger than an id can be, and no JSON is
so deep that reading it ends in a fault of ours."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.routing import IntegerConverter, Map

#: No id is larger: a column holds 64 bits with a sign.
LARGEST = 2**63 - 1


class RowId(IntegerConverter):
    """A number in an address. One that no row can have is an address that is not there."""

    regex = "[0-9]{1,19}"

    def __init__(self, map: Map, *args: Any, **given: Any) -> None:  # noqa: A002  # werkzeug's name
        """As every number in an address, but for the largest."""
        super().__init__(map, *args, **{"max": LARGEST, **given})


def whole_number(text: str) -> int | None:
    """A number that somebody sent, as an id; None for what cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    number = int(text)
    return number if number <= LARGEST else None


def json_object() -> dict[str, Any] | None:
    """The JSON object that was sent; None for anything else."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # no ValueError, which is all that is silent
        return None
    return given if isinstance(given, dict) else None

"""What a request holds, read with suspicion: no number is larger than an id can be, no JSON is so
deep that reading it ends in a fault of ours, and no text holds what no database keeps."""

from __future__ import annotations

from typing import Any

from flask import Request, abort, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import IntegerConverter, Map

#: No id is larger: a column holds 64 bits with a sign.
LARGEST = 2**63 - 1
#: No body is larger: photos of a telephone, a dozen at once. The server keeps on the disk what it
#: reads of one, before any page or limit has looked at it.
LARGEST_BODY = 128 * 1024 * 1024


class RowId(IntegerConverter):
    """A number in an address. One that no row can have is an address that is not there."""

    regex = "[0-9]{1,19}"

    def __init__(self, map: Map, *args: Any, **given: Any) -> None:  # noqa: A002  # werkzeug's name
        """As every number in an address, but for the largest."""
        super().__init__(map, *args, **{"max": LARGEST, **given})


class _Fields(ImmutableMultiDict[str, Any]):
    """Fields of an address or a form; nobody types a NUL, and PostgreSQL keeps none."""

    def __init__(self, given: Any = None) -> None:
        """As werkzeug makes it of pairs."""
        pairs = given.items(multi=True) if isinstance(given, MultiDict) else given or ()
        super().__init__([(name, _legible(value)) for name, value in pairs])


class Wary(Request):
    """A request whose fields can be kept."""

    parameter_storage_class = _Fields


def check_path() -> None:
    """An address that no row can have is not there."""
    if "\0" in request.path:
        abort(404)


def _legible(value: Any) -> Any:
    """A value whose texts hold no NUL and no half of a character, as a script sends that cuts an
    emoji in two."""
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, list):
        return [_legible(one) for one in value]
    if isinstance(value, dict):
        return {_legible(name): _legible(one) for name, one in value.items()}
    return value


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
        return _legible(given) if isinstance(given, dict) else None
    except RecursionError:  # no ValueError, which is all that is silent
        return None

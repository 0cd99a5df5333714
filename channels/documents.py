"""What our own pages journal, form and chat alike: one JSON object of words and files, read again
with suspicion."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.contract import Attachment, BadRequest

#: Control characters and those that turn the direction of what stands beside them.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: How the files that may be attached begin.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}
_LONGEST_NAME = 200


def clean(value: str) -> str:
    """A text as it is kept: composed, with lines of its own and nothing unseen."""
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", plain)).strip()


def file_name(name: str) -> str:
    """The last part of a path, on one line."""
    last = clean(name).replace("\\", "/").rpartition("/")[2]
    return last.replace("\n", " ")[-_LONGEST_NAME:] or "file"


def sniffed(data: bytes) -> str:
    """What kind of file these bytes begin like; empty for one that may not be attached."""
    return next((mime for begins, mime in _BEGINNINGS.items() if data.startswith(begins)), "")


def read(data: bytes, what: str) -> Mapping[str, Any]:
    """The object in these bytes; ``what`` it should be stands in the error. Raises BadRequest."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"not a {what}: {type(error).__name__}") from error
    if not isinstance(given, dict):
        raise BadRequest(f"not a {what}: no object")
    return given


def word(given: Mapping[str, Any], name: str) -> str:
    """A text of the object, empty when it has none. Raises BadRequest."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(f"{name} is no text")
    return value


def moment(written: str) -> datetime | None:
    """The moment somebody wrote down, if it is one."""
    try:
        told = datetime.fromisoformat(written)
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def attachments(listed: Any) -> tuple[Attachment, ...]:
    """The files of a list of objects (``name``, ``mime``, ``data_b64``). Raises BadRequest."""
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise BadRequest("attachments are no list of files")
    return tuple(_attachment(entry) for entry in listed)


def _attachment(entry: Mapping[str, Any]) -> Attachment:
    try:
        data = base64.b64decode(word(entry, "data_b64"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("an attachment is no base64") from error
    return Attachment(file_name(word(entry, "name")), clean(word(entry, "mime")), data)

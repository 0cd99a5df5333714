"""The web form's door: one sent form becomes one canonical document, and that one message.

The form is served by the web; here is what it may hold (``check``), the bytes that are journalled
(``document``) and how they are read again. The requester cannot be answered through the form, so
an answer goes to the address or number that was left. What is added by a status link comes this way
too: its document names the ticket, and the handle that the link was made for.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from channels.contract import Attachment, BadRequest, Channel, Handle, Inbound, Raw
from channels.documents import attachments, clean, file_name, moment, read, sniffed, word

_DOCUMENT = "form document"
FIELDS = (
    "idempotency_key",
    "locale",
    "category_hint",
    "subject",
    "body",
    "name",
    "email",
    "phone",
    "transaction_ref",
    "device",
    "app_version",
    "network",
)
_TOLD = ("transaction_ref", "device", "app_version", "network")
_MOST = {"body": 10_000, "email": 254, "phone": 40, "transaction_ref": 128}
_MOST_ELSEWHERE = 200
#: Characters of what is added by a status link.
MOST_ADDED = 5_000
#: Files of one form, bytes of each and of all.
MOST_FILES = 5
MOST_BYTES = 10 * 1024 * 1024
MOST_TOGETHER = 25 * 1024 * 1024

_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]+")
_PHONE = re.compile(r"\+?[0-9](?:[ ().\-]{0,2}[0-9]){5,14}")
_REFERENCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9:_/-]*[A-Za-z0-9])?")


class Webform(Channel):
    """The contact form of the wallet's own site."""

    kind = "webform"
    label_zh: ClassVar[str] = "网页表单"
    label_en: ClassVar[str] = "Web form"
    identity = "email"

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One document, one message. Raises BadRequest for bytes that are no document of ours."""
        form = read(raw.data, _DOCUMENT)
        text = {name: clean(word(form, name)) for name in FIELDS}
        told = {name: text[name] for name in _TOLD if text[name]}
        if text["email"] and text["phone"]:
            told["phone"] = text["phone"]
        ticket = word(form, "ticket")
        inbound = Inbound(
            kind=self.kind,
            account=self.account,
            remote_id=raw.remote_id,
            sender=Handle(word(form, "by_kind"), word(form, "by")) if ticket else _sender(text),
            text=text["body"],
            subject=text["subject"],
            sent_at=moment(word(form, "received_at")),
            tokens=(ticket,) if ticket else (),
            locale=text["locale"],
            category_hint=text["category_hint"],
            fields=told,
            attachments=attachments(form.get("attachments", [])),
            size=len(raw.data),
        )
        return (inbound,)

    def identify(self, data: bytes) -> str:
        """The client's key with the body; of an addition all but its moment. A form without a key
        is its own bytes."""
        try:
            form = read(data, _DOCUMENT)
            key, body = word(form, "idempotency_key"), word(form, "body")
            if word(form, "ticket"):
                return super().identify(_written({**form, "received_at": ""}))
        except BadRequest:
            key = body = ""
        if not key:
            return super().identify(data)
        return hashlib.sha256(f"{key}\0{body}".encode("utf-8", "replace")).hexdigest()


def document(
    fields: Mapping[str, str],
    files: Sequence[Attachment],
    *,
    received_at: datetime,
    adds_to: tuple[str, Handle] | None = None,
) -> bytes:
    """The bytes to journal: cleaned, and in one spelling. Names the form does not have are left.
    ``adds_to`` says to which ticket this is added (a reply token of it), and by whom."""
    form: dict[str, Any] = {name: clean(fields.get(name, "")) for name in FIELDS}
    form["received_at"] = received_at.astimezone(UTC).isoformat()
    form["attachments"] = [
        {
            "name": file_name(file.name),
            "mime": sniffed(file.data) or file.mime,
            "data_b64": base64.b64encode(file.data).decode("ascii"),
        }
        for file in files
    ]
    if adds_to is not None:
        form["ticket"], by = adds_to
        form["by_kind"], form["by"] = by.kind, by.value
    return _written(form)


def _written(form: Mapping[str, Any]) -> bytes:
    return json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def check(fields: Mapping[str, str], files: Sequence[Attachment]) -> list[tuple[str, str]]:
    """What keeps this form from being sent, as (field, code); an empty list when nothing does."""
    text = {name: clean(fields.get(name, "")) for name in FIELDS}
    wrong = [
        (name, "too_long")
        for name, value in text.items()
        if len(value) > _MOST.get(name, _MOST_ELSEWHERE)
    ]
    if not text["body"]:
        wrong.append(("body", "required"))
    if not text["email"] and not text["phone"]:
        wrong.append(("email", "required"))
    if text["email"] and not _EMAIL.fullmatch(text["email"]):
        wrong.append(("email", "bad_email"))
    if text["phone"] and not _PHONE.fullmatch(unicodedata.normalize("NFKC", text["phone"])):
        wrong.append(("phone", "bad_phone"))
    reference = text["transaction_ref"]
    if reference and not (len(reference) >= 4 and _REFERENCE.fullmatch(reference)):
        wrong.append(("transaction_ref", "bad_reference"))
    return wrong + _wrong_files(files)


def check_added(text: str, files: Sequence[Attachment]) -> list[tuple[str, str]]:
    """The same for what is added by a status link: words, or files, or both."""
    written = clean(text)
    wrong = [("text", "empty")] if not written and not files else []
    if len(written) > MOST_ADDED:
        wrong.append(("text", "too_long"))
    return wrong + _wrong_files(files)


def _wrong_files(files: Sequence[Attachment]) -> list[tuple[str, str]]:
    codes: list[str] = []
    if len(files) > MOST_FILES:
        codes.append("too_many_files")
    sizes = [len(file.data) for file in files]
    if sum(sizes) > MOST_TOGETHER or any(size > MOST_BYTES for size in sizes):
        codes.append("file_too_big")
    if not all(sniffed(file.data) for file in files):
        codes.append("bad_file_type")
    return [("attachments", code) for code in codes]


def _sender(text: Mapping[str, str]) -> Handle:
    if text["email"] or not text["phone"]:
        return Handle("email", text["email"], text["name"])
    return Handle("phone", text["phone"], text["name"])

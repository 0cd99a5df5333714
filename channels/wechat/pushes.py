"""What WeChat pushes: XML or JSON with the same names, a message or an event."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from channels.contract import (
    Attachment,
    BadRequest,
    Event,
    Handle,
    Inbound,
    Raw,
    Verification,
)

_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_SEALED = re.compile(rb"[A-Za-z0-9+/=\s]+")
_ENCRYPT_JSON = re.compile(rb'"Encrypt"\s*:\s*"([A-Za-z0-9+/=\\]+)"')
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FILES = {
    "image": ("image.jpg", "image/jpeg"),
    "voice": ("voice.amr", "audio/amr"),
    "video": ("video.mp4", "video/mp4"),
    "shortvideo": ("video.mp4", "video/mp4"),
}
#: Acts that let us write three times within a minute.
_OPENS = frozenset({"click", "scan", "subscribe"})
_LONGEST_ID = 128


def encrypted(body: bytes) -> str:
    """The envelope in a body, found without handing unsigned bytes to any parser, in a time that
    grows with the body and no faster: anybody may send one."""
    if is_json(body):
        found = _ENCRYPT_JSON.search(body)
        return found[1].replace(b"\\/", b"/").decode("ascii") if found else ""
    inside = body.partition(b"<Encrypt>")[2].partition(b"</")[0].strip()
    inside = inside.removeprefix(b"<![CDATA[").removesuffix(b"]]>").strip()
    return inside.decode("ascii") if _SEALED.fullmatch(inside) else ""


def is_json(body: bytes) -> bool:
    """Whether the platform speaks JSON here (a choice in its console)."""
    return body.lstrip()[:1] == b"{"


def read(data: bytes) -> Mapping[str, str]:
    """The fields of one push; raises BadRequest for what is none."""
    if is_json(data):
        try:
            given = json.loads(data)
        except (ValueError, RecursionError) as fault:
            raise BadRequest("not the JSON of a push") from fault
    else:
        given = _xml(data)
    if not isinstance(given, dict):
        raise BadRequest("a push without fields")
    return {str(name): _word(value) for name, value in given.items()}


def _xml(data: bytes) -> Any:
    if _DECLARES.search(data):
        raise BadRequest("a push declares no document type")
    try:
        text = data.decode("utf-8")
        return xmltodict.parse(text.encode(), encoding="utf-8", process_namespaces=False)["xml"]
    except (UnicodeDecodeError, ExpatError, ValueError, KeyError, TypeError) as fault:
        raise BadRequest("not the XML of a push") from fault


def _word(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _UNWANTED.sub("", str(value))


def identify(data: bytes) -> str:
    """MsgId for messages; sender, moment, event and key for events; else the bytes' own hash."""
    try:
        push = read(data)
    except BadRequest:
        return hashlib.sha256(data).hexdigest()
    if push.get("MsgId"):
        return push["MsgId"][:_LONGEST_ID]
    names = ("FromUserName", "CreateTime", "Event", "EventKey")
    if push.get("MsgType") == "event" and push.get("FromUserName"):
        return ":".join(push.get(name, "")[:_LONGEST_ID] for name in names)
    return hashlib.sha256(data).hexdigest()


def message(raw: Raw, *, kind: str, account: str) -> Inbound | None:
    """The message of a push; None for events. Raises BadRequest for what cannot be read."""
    push = read(raw.data)
    what = push.get("MsgType", "").lower()
    if not push.get("FromUserName") or not what:
        raise BadRequest("a push without a sender or a kind")
    if what == "event":
        return None
    text = _text(what, push)
    menu = {"menu": push["bizmsgmenuid"]} if push.get("bizmsgmenuid") else {}
    return Inbound(
        kind=kind,
        account=account,
        remote_id=raw.remote_id,
        sender=_person(push, kind),
        text=text,
        sent_at=moment(push),
        conversation=push["FromUserName"],
        verification=Verification.VERIFIED,
        fields=menu,
        attachments=_files(what, push),
        size=len(raw.data),
    )


def events(raw: Raw, *, kind: str) -> tuple[Event, ...]:
    """What an event says: followed, left, clicked; anything else under its own name."""
    push = read(raw.data)
    name = push.get("Event", "").lower()
    person, at = _person(push, kind), moment(push)
    if name == "unsubscribe":
        return (Event("gone", person, at=at),)
    found = (Event("back", person, at=at),) if name == "subscribe" else ()
    if name in _OPENS:
        return (*found, Event("opened", person, at=at, sends=3, within=timedelta(minutes=1)))
    return (Event(name or "nameless", person, at=at),)


def moment(push: Mapping[str, str]) -> datetime | None:
    """When the platform says it was sent."""
    try:
        return datetime.fromtimestamp(int(push.get("CreateTime", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _person(push: Mapping[str, str], kind: str) -> Handle:
    return Handle(kind, push.get("FromUserName", "")[:_LONGEST_ID])


def _text(what: str, push: Mapping[str, str]) -> str:
    if what == "text":
        return push.get("Content", "")
    if what == "voice":
        return push.get("Recognition", "")
    if what == "location":
        place = f"{push.get('Location_X', '')}, {push.get('Location_Y', '')}"
        return "\n".join(one for one in (push.get("Label", ""), place) if one.strip(", "))
    if what == "link":
        parts = (push.get("Title", ""), push.get("Description", ""), push.get("Url", ""))
        return "\n".join(one for one in parts if one)
    return "" if what in _FILES else f"[{what}]"


def _files(what: str, push: Mapping[str, str]) -> tuple[Attachment, ...]:
    if what not in _FILES or not push.get("MediaId"):
        return ()
    name, mime = _FILES[what]
    return (Attachment(name, mime, remote=push["MediaId"]),)

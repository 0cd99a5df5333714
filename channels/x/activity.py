"""What X says, in either of its shapes: events of DM lists and mentions as polled, and the webhooks
of the X Activity API (and of its predecessor). One event has one id whichever way it came."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import unescape

from channels.contract import BadRequest, Event, Handle, Inbound, Raw, Verification

#: What an agent sees of a message that only X's own programs can open.
ENCRYPTED = "这条私信是加密的，请在 X 中查看。\nThis message is encrypted; open X to read it."

#: What X takes for a link, with all that it may hold of what follows; and what it writes for one.
_LINK = re.compile(r"(?<![A-Za-z0-9-])((?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+[!-~]*)")
_SHORT = r"https?://t\.co/[!-~]+"
_LONGEST_LINK = 2_000


def written(what: str, event: Mapping[str, Any], **more: Any) -> Raw:
    """One event as it is journalled: its kind, itself, and the people and files it names."""
    document = {"what": what, "event": event, **more}
    data = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    plain = data.encode("utf-8", "replace")
    return Raw(identify(plain), plain)


def identify(data: bytes) -> str:
    """The platform's id with its kind; the bytes' own hash where there is none."""
    try:
        document = read(data)
    except BadRequest:
        return hashlib.sha256(data).hexdigest()
    found = word(document["event"], "id") or word(document["event"], "event_uuid")
    return f"{document['what']}:{found}"[:200] if found else hashlib.sha256(data).hexdigest()


def read(data: bytes) -> dict[str, Any]:
    """A journalled event; raises BadRequest for bytes that are none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise BadRequest("not an event") from fault
    if not isinstance(document, dict) or not isinstance(document.get("event"), dict):
        raise BadRequest("not an event")
    if not isinstance(document.get("what"), str):
        raise BadRequest("an event of no kind")
    return document


def pushed(body: bytes) -> Iterator[Raw]:
    """The events of a signed webhook body; one that is no such body stays whole, to be seen."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        yield Raw(hashlib.sha256(body).hexdigest(), body)
        return
    envelope = given.get("data")
    if isinstance(envelope, dict):
        yield from _activity(envelope)
    else:
        yield from _messages(given)


def _activity(envelope: Mapping[str, Any]) -> Iterator[Raw]:
    what, found = word(envelope, "event_type"), envelope.get("payload")
    payload: Mapping[str, Any] = found if isinstance(found, dict) else {}
    if what.startswith("dm.") and isinstance(payload.get("direct_message_events"), list):
        yield from _messages(payload)
    elif what == "post.mention.create" and word(payload, "id"):
        yield written("post", payload, users=envelope.get("includes", {}))
    else:
        kind = "chat" if what.startswith("chat.") else "event"
        yield written(kind, {**envelope, "payload": payload})


def _messages(payload: Mapping[str, Any]) -> Iterator[Raw]:
    listed, users = payload.get("direct_message_events"), payload.get("users")
    if not isinstance(listed, list):
        yield written("event", payload)
        return
    for one in listed:
        if isinstance(one, dict):
            yield written("dm", one, users=users if isinstance(users, dict) else {})


def parties(data: bytes) -> frozenset[str]:
    """Who wrote a pushed message and to whom, or whose another event is; empty where that is not
    told."""
    try:
        event = read(data)["event"]
    except BadRequest:
        return frozenset()
    to = word(_inside(event).get("target"), "recipient_id") or word(event.get("filter"), "user_id")
    return frozenset({_sender(event), to}) if to else frozenset()


def message(raw: Raw, *, kind: str, account: str, own: str) -> Inbound | None:
    """The message of an event; None for our own and for what is no message."""
    document = read(raw.data)
    what, event = document["what"], document["event"]
    if what == "chat":
        return _encrypted(raw, event, kind=kind, account=account, own=own)
    if what not in ("dm", "post"):
        return None
    sender = _sender(event)
    if not sender:
        raise BadRequest("a message without a sender")
    if sender == own:
        return None
    public = what == "post"
    thread = word(event, "conversation_id") or word(event, "id")
    return Inbound(
        kind=kind,
        account=account,
        remote_id=raw.remote_id,
        sender=Handle(kind, sender, _name(document, sender)),
        text=_text(event, public=public),
        sent_at=_moment(event),
        message_id=f"post:{word(event, 'id')}" if public else "",
        conversation=f"mention:{thread}" if public else f"dm:{sender}",
        verification=Verification.VERIFIED,
        fields={"public": "true"} if public else _files(event),
        size=len(raw.data),
    )


def events(raw: Raw, *, kind: str, own: str) -> tuple[Event, ...]:
    """What an event says that is no message of somebody else's."""
    document = read(raw.data)
    event = document["event"]
    name = word(event, "event_type")
    if name == "oauth.revoke":
        said = "the account took back our access; authorise it again and set refresh_token"
        return (Event("stopped", text=said),)
    if document["what"] == "dm" and _sender(event) == own:
        return (Event("own_send", Handle(kind, own), remote_id=word(event, "id")),)
    return (Event(name or document["what"]),)


def _encrypted(raw: Raw, event: Mapping[str, Any], **of: str) -> Inbound | None:
    if word(event, "event_type") != "chat.received":
        return None
    payload = event.get("payload")
    sender = word(payload, "sender_id") if isinstance(payload, dict) else ""
    if sender == of["own"]:
        return None
    person = sender or "unknown"
    return Inbound(
        kind=of["kind"],
        account=of["account"],
        remote_id=raw.remote_id,
        sender=Handle(of["kind"], person),
        text=ENCRYPTED,
        conversation=f"dm:{person}" if sender else "",
        verification=Verification.VERIFIED,
        fields={"waiting_in": "X"},
        size=len(raw.data),
    )


def word(given: object, name: str) -> str:
    """A field that is text or a number, as text; or empty."""
    value = given.get(name, "") if isinstance(given, dict) else ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def _inside(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = event.get("message_create")
    return found if isinstance(found, dict) else {}


def _sender(event: Mapping[str, Any]) -> str:
    return (
        word(event, "sender_id")
        or word(_inside(event), "sender_id")
        or word(event, "author_id")
        or word(event.get("user"), "id")
    )[:64]


def _text(event: Mapping[str, Any], *, public: bool) -> str:
    """What was written, with the links that were: X puts short ones of its own in their place, and
    all of those lead to one host. Of posts it spells three letters as HTML does."""
    data = _inside(event).get("message_data")
    said = word(event, "text") or word(data, "text")
    for short, whole in sorted(_links(event, data), reverse=True):
        said = said.replace(short, whole)
    return unescape(said) if public else said


def _links(*among: object) -> Iterator[tuple[str, str]]:
    """(X's own link, what it stands for) of an event, in whichever shape it tells them."""
    for given in among:
        entities = given.get("entities", given) if isinstance(given, dict) else {}
        listed = entities.get("urls") if isinstance(entities, dict) else None
        for one in listed if isinstance(listed, list) else ():
            if word(one, "url") and word(one, "expanded_url"):
                yield word(one, "url"), word(one, "expanded_url")[:_LONGEST_LINK]


def written_as(said: str, ours: str) -> bool:
    """Whether this may be what X made of a text of ours: links become its own."""
    parts = _LINK.split(" ".join(unicodedata.normalize("NFC", ours).split()))
    wanted = re.compile(
        "".join(
            f"(?:{re.escape(part)}|{_SHORT})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
    )
    plain = (" ".join(unicodedata.normalize("NFC", one).split()) for one in (said, unescape(said)))
    return any(wanted.fullmatch(one) for one in plain)


def _files(event: Mapping[str, Any]) -> dict[str, str]:
    attached = event.get("attachments")
    data = _inside(event).get("message_data")
    if isinstance(data, dict) and data.get("attachment"):
        attached = attached or data["attachment"]
    return {"files_in_x": "true"} if attached else {}


def _name(document: Mapping[str, Any], sender: str) -> str:
    users = document.get("users")
    listed = users.get("users", users) if isinstance(users, dict) else users
    if isinstance(listed, dict):
        found = listed.get(sender)
        inside = found.get("data", found) if isinstance(found, dict) else {}
        return word(inside, "name")
    for one in listed if isinstance(listed, list) else ():
        if word(one, "id") == sender:
            return word(one, "name")
    return ""


def _moment(event: Mapping[str, Any]) -> datetime | None:
    milliseconds, plain = word(event, "created_timestamp"), word(event, "created_at")
    try:
        if milliseconds:
            return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        moment = datetime.fromisoformat(plain)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

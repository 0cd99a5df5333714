"""What the platform pushes: batches of updates, each of exactly one kind."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.contract import Attachment, BadRequest

_FILES = {"image": "image.jpg", "audio": "audio.mp4", "video": "video.mp4", "file": "file"}


def items(body: bytes) -> Iterator[bytes]:
    """Each update of a signed body by itself; a body that is none stays whole, to be seen."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        yield body
        return
    entries = given.get("entry") if isinstance(given, dict) else None
    if not isinstance(entries, list) or not entries:
        yield body
        return
    for entry in entries:
        if not isinstance(entry, dict):
            yield written(entry)
            continue
        for name in ("messaging", "standby"):
            listed = entry.get(name)
            for item in listed if isinstance(listed, list) else ():
                told = {"standby": True} if name == "standby" and isinstance(item, dict) else {}
                yield written({**item, **told} if told else item)
        if not isinstance(entry.get("messaging"), list) and "standby" not in entry:
            yield written(entry)


def written(item: object) -> bytes:
    """One update in one spelling."""
    plain = json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return plain.encode("utf-8", "replace")


def item(data: bytes) -> Mapping[str, Any]:
    """One update; raises BadRequest for what is none."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise BadRequest("not an update") from fault
    known = isinstance(given, dict) and (policy(given) or isinstance(given.get("sender"), dict))
    if not known:
        raise BadRequest("an update without a sender")
    return dict(given)


def policy(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the platform has decided about the page: it has no sender."""
    found = given.get("policy_enforcement") or given.get("policy-enforcement")
    return found if isinstance(found, dict) else None


def word(given: Mapping[str, Any], name: str) -> str:
    """A field that is text, or empty."""
    value = given.get(name, "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def party(given: Mapping[str, Any], name: str) -> str:
    """The id of the sender or the recipient."""
    found = given.get(name)
    return word(found, "id")[:64] if isinstance(found, dict) else ""


def moment(value: object) -> datetime | None:
    """Milliseconds since 1970 as a moment."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def id_of(given: Mapping[str, Any]) -> str:
    """What makes this update the same as another (the contract's table); empty when nothing."""
    sender, at = party(given, "sender"), word(given, "timestamp")
    for name, found in given.items():
        if not isinstance(found, dict) or name in ("sender", "recipient"):
            continue
        mid, mark = word(found, "mid"), word(found, "watermark")
        if name == "message":
            return mid
        if name == "message_edit":
            return f"{mid}:edit:{word(found, 'num_edit')}" if mid else ""
        if name == "reaction":
            return f"{mid}:reaction:{sender}:{word(found, 'action')}:{at}"
        if name == "postback":
            plain = hashlib.sha256(word(found, "payload").encode()).hexdigest()[:16]
            return mid or f"{sender}:{at}:{plain}"
        if name in ("delivery", "read"):
            return f"{sender}:{name}:{mark}"
    return ""


def message_of(given: Mapping[str, Any]) -> tuple[str, tuple[Attachment, ...]] | None:
    """The text and files of what somebody wrote; None when nobody wrote anything."""
    if policy(given) is not None:
        return None
    if not party(given, "sender"):
        raise BadRequest("an update without a sender")
    found = given.get("message")
    if isinstance(found, dict):
        return None if found.get("is_echo") else _content(found)
    for name, field in (("message_edit", "text"), ("postback", "title")):
        other = given.get(name)
        if isinstance(other, dict):
            return word(other, field) or word(other, "payload"), ()
    return None


def _content(found: Mapping[str, Any]) -> tuple[str, tuple[Attachment, ...]]:
    lines, files = [word(found, "text")], []
    listed = found.get("attachments")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        what, payload = word(one, "type"), one.get("payload")
        inside: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
        address = word(inside, "url")
        if address and what in ("sticker", *_FILES):
            files.append(Attachment(_FILES.get(what, "sticker.png"), "", remote=address))
        if what not in _FILES:
            told = (word(inside, "title") or word(one, "title"), address, _place(inside))
            lines.append(" ".join(part for part in (f"[{what or '?'}]", *told) if part))
    return "\n".join(line for line in lines if line), tuple(files)


def _place(inside: Mapping[str, Any]) -> str:
    found = inside.get("coordinates")
    if not isinstance(found, dict):
        return ""
    return f"{found.get('lat', '')}, {found.get('long', '')}"


def fields(given: Mapping[str, Any]) -> dict[str, str]:
    """What else an agent may want to know."""
    told = {}
    if given.get("standby"):
        told["standby"] = "true"
    edit, message = given.get("message_edit"), given.get("message")
    if isinstance(edit, dict):
        told["edited"] = word(edit, "mid")
    if isinstance(message, dict) and isinstance(message.get("reply_to"), dict):
        told["in_reply_to"] = word(message["reply_to"], "mid")
    return told


def polled_file(file: Mapping[str, Any]) -> dict[str, Any]:
    """A file as the conversation lists it, in the shape in which it is pushed."""
    for name, what in (("image_data", "image"), ("video_data", "video")):
        found = file.get(name)
        if isinstance(found, dict):
            return {"type": what, "payload": {"url": word(found, "url")}}
    return {"type": "file", "payload": {"url": word(file, "file_url")}}


def time(written_as: str) -> datetime | None:
    """A moment as the Graph API writes it."""
    try:
        return datetime.strptime(written_as, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None

"""Call logs that a switch drops into a folder: Asterisk's CSV, or one JSON object a line.

A file that is being written is left alone: it is taken once it had the same size and time at two
looks, and what was read of it is remembered, so a log that only grows is read on from there.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels.contract import BadRequest, Call
from channels.phone import told
from channels.phone.told import Fact, Habits

COLUMNS = (
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
)
_OUTCOMES = {
    "ANSWERED": "answered",
    "NO ANSWER": "missed",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "failed",
}
#: Bytes of one file and files of one folder that a look reads at most.
_MOST_BYTES, _MOST_FILES = 4 * 1024 * 1024, 200


def look(folder: str, cursor: Mapping[str, Any]) -> Iterator[tuple[list[bytes], dict[str, Any]]]:
    """(items, cursor) of each file that stood still since the last look and holds more than it
    did. The server's name is the folder's: a call's number is only unique on one server."""
    known: dict[str, Any] = dict(cursor.get("files") or {})
    here = Path(folder)
    found = sorted(one for one in here.glob("*") if one.suffix in (".csv", ".jsonl"))
    kept = {name: one for name, one in known.items() if (here / name).exists()}
    place = {**cursor, "files": kept}
    moved = place["files"] != known
    for path in found[:_MOST_FILES]:
        stat = path.stat()
        now = [stat.st_size, stat.st_mtime_ns]
        before = place["files"].get(path.name, {})
        read = int(before.get("read", 0))
        read = read if read <= stat.st_size else 0
        if before.get("seen") != now:
            place["files"][path.name] = {"seen": now, "read": read}
            moved = True
        elif read < stat.st_size:
            items, end = _items(path, read, here.name)
            place["files"][path.name] = {"seen": now, "read": end}
            moved = False
            yield items, json.loads(json.dumps(place))
    if moved:
        yield [], place


def _items(path: Path, read: int, server: str) -> tuple[list[bytes], int]:
    """The whole lines from a place on, and where they end."""
    with path.open("rb") as file:
        file.seek(read)
        data = file.read(_MOST_BYTES)
    end = data.rfind(b"\n") + 1
    if not end and len(data) < _MOST_BYTES and read + len(data) >= path.stat().st_size:
        end = len(data)  # the last line of a finished file may lack its end
    end = end or len(data)
    lines = _decoded(data[:end])
    if path.suffix == ".jsonl":
        return [line.encode() for line in lines.splitlines() if line.strip()], read + end
    rows = csv.reader(io.StringIO(lines))
    items = [
        json.dumps(
            {"cdr": dict(zip(COLUMNS, row, strict=False)), "server": server},
            ensure_ascii=False,
            sort_keys=True,
        ).encode("utf-8", "replace")
        for row in rows
        if len(row) >= len(COLUMNS) - 1 and row[0] != COLUMNS[0]
    ]
    return items, read + end


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def fact(given: Mapping[str, Any], habits: Habits) -> Fact:
    """The call of one line of Asterisk's log."""
    row = given["cdr"]
    if not isinstance(row, dict):
        raise BadRequest("not a line of a call log")
    server = told.word(given, "server", 40)
    call_id = f"{server}:{told.call_id(row, 'uniqueid')}"[:100]
    start = _moment(told.word(row, "start"), habits.zone)
    answer = _moment(told.word(row, "answer"), habits.zone)
    end = _moment(told.word(row, "end"), habits.zone)
    outcome = _OUTCOMES.get(told.word(row, "disposition").upper(), "failed")
    if told.word(row, "lastapp").lower() == "voicemail":
        outcome = "voicemail"
    inbound = "internal" not in told.word(row, "dcontext").lower()
    theirs, ours = ("src", "dst") if inbound else ("dst", "src")
    if start is not None and end is None and told.word(row, "duration").isdecimal():
        end = start + timedelta(seconds=min(int(told.word(row, "duration")), 86_400))
    return Fact(
        f"{call_id}:cdr",
        Call(
            id=call_id,
            stage=2,
            inbound=inbound,
            number=told.number(told.word(row, theirs), habits.region),
            line=told.number(told.word(row, ours), habits.region),
            outcome=outcome,
            started_at=start,
            answered_at=answer,
            ended_at=end,
        ),
        at=end,
    )


def _moment(written_as: str, zone: str) -> datetime | None:
    """A time of the machine that wrote the log."""
    if not written_as:
        return None
    try:
        plain = datetime.fromisoformat(written_as)
        return plain.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None

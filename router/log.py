"""The log: lines for people, or JSON lines for a collector. No secret gets into either.

Everything logs through the standard library; here is only how a line looks. Whatever a traceback
or a far server's word may hold, it is masked like a message before it is written.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from router.core import failures
from router.core.masking import redact
from router.errors import StoreDown
from router.settings import LogSettings

#: Libraries that tell of ordinary things loudly. The clock warns of every duty that is still at
#: work when its turn comes again; what hangs is told by the health page. The queue tells of every
#: duty each time it is woken, and its pool of every try while the database is away.
_QUIET = {
    "apscheduler": "ERROR",
    "waitress": "WARNING",
    "imapclient": "WARNING",
    "procrastinate": "WARNING",
    "psycopg.pool": "ERROR",
}


def begin(settings: LogSettings, to: TextIO | None = None) -> None:
    """Log to standard error (or ``to``), as the settings say."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.addFilter(_no_outage)
    handler.setFormatter(_Json() if settings.json_lines else _Plain())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def _no_outage(record: logging.LogRecord) -> bool:
    """Whoever could not write tells of it, a hundred times a minute: the store tells it once."""
    fault = record.exc_info[1] if record.exc_info else None
    return not isinstance(fault, StoreDown)


class _Plain(logging.Formatter):
    """``time LEVEL logger: event``, then the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, masked."""
        told = _told(record)
        line = f"{told['timestamp']} {record.levelname} {told['logger']}: {told['event']}"
        return f"{line}\n{told['exception']}" if "exception" in told else line


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, masked."""
        return json.dumps(_told(record), ensure_ascii=False)


def _told(record: logging.LogRecord) -> dict[str, str]:
    """What a line says; a failure as a traceback without what its words may quote."""
    at = datetime.fromtimestamp(record.created, UTC)
    told = {
        "event": record.getMessage(),
        "level": record.levelname.lower(),
        "logger": record.name,
        "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    if record.exc_info and (fault := record.exc_info[1]) is not None:
        told["exception"] = failures.told(fault)
    return {key: redact.mask(value).text for key, value in told.items()}

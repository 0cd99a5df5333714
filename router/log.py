"""The log: lines for people, or JSON lines for a collector. No secret gets into either.

Everything logs through the standard library; here is only how a line looks. Whatever a traceback
or a far server's word may hold, it is masked like a message before it is written.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from router.core import failures, redact
from router.settings import LogSettings

#: Libraries that tell of ordinary things loudly.
_QUIET = {"apscheduler": "WARNING", "waitress": "WARNING", "imapclient": "WARNING"}


def begin(settings: LogSettings, to: TextIO | None = None) -> None:
    """Log to standard error (or ``to``), as the settings say."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _failure,
                _masked,
                _renderer(json_lines=settings.json_lines),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def _failure(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A failure as a traceback without what its words may quote."""
    given = line.pop("exc_info", None)
    fault = given[1] if isinstance(given, tuple) else given
    if fault is True:
        fault = sys.exc_info()[1]
    if isinstance(fault, BaseException):
        line["exception"] = failures.told(fault)
    return line


def _masked(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {
        key: redact.mask(value).text if isinstance(value, str) else value
        for key, value in line.items()
    }


def _renderer(*, json_lines: bool) -> structlog.typing.Processor:
    if json_lines:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return _plain


def _plain(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """``time LEVEL logger: event``, then the traceback if there is one."""
    told = f"{line['timestamp']} {line['level'].upper()} {line['logger']}: {line['event']}"
    return f"{told}\n{line['exception']}" if "exception" in line else told

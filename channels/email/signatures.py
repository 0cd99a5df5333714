"""Checking a mail's DKIM signatures ourselves (RFC 6376), for receivers that do not say.

It asks DNS for keys the sender names, so it is off unless the settings want it; it happens once, as
the mail is fetched, for keys are changed and a mail must read the same on every replay.
"""

import importlib
import logging
import re
from collections.abc import Callable
from typing import Any

log = logging.getLogger("channels.email.signatures")

_MOST = 3
_LARGEST = 10 * 1024 * 1024
_TIMEOUT = 3
_SIGNATURE = re.compile(
    rb"^dkim-signature[ \t]*:((?:[^\r\n]*)(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_DOMAIN = re.compile(rb"(?:^|;)\s*d\s*=\s*([A-Za-z0-9.-]{1,253})")
_LENGTH = re.compile(rb"(?:^|;)\s*l\s*=")


class Signatures:
    """Checks signatures, when the extra is installed."""

    def __init__(self, ask: Callable[..., Any] | None = None) -> None:
        """``ask(name, timeout=…)`` answers with a DNS name's TXT record; without one DNS does."""
        self._ask = ask
        try:
            # Found by name: a desk that checks none need not have it.
            self._dkim: Any = importlib.import_module("dkim")
        except ImportError:
            self._dkim = None
            log.warning("check_dkim is on, but the extra `dkim` is not installed")

    def good(self, data: bytes) -> tuple[str, ...]:
        """The domains whose signature over this mail is good. One that covers a part of the body
        only (``l=``) lets anybody write below it and counts for nothing."""
        if self._dkim is None or len(data) > _LARGEST:
            return ()
        head = data[: data.find(b"\n\r\n") if b"\n\r\n" in data else data.find(b"\n\n")]
        signatures = _SIGNATURE.findall(head)[:_MOST]
        found = []
        for place, written in enumerate(signatures):
            domain = _DOMAIN.search(written)
            if domain and not _LENGTH.search(written) and self._verified(data, place):
                found.append(domain[1].decode("ascii").lower())
        return tuple(dict.fromkeys(found))

    def _verified(self, data: bytes, place: int) -> bool:
        options = {} if self._ask is None else {"dnsfunc": self._ask}
        try:
            checker = self._dkim.DKIM(data, minkey=1024, timeout=_TIMEOUT)
            return bool(checker.verify(idx=place, **options))
        except Exception as fault:  # noqa: BLE001  # whatever the mail holds: it is not verified
            log.info("a signature could not be checked: %s", type(fault).__name__)
            return False

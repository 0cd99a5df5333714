"""Files that lie at a platform: fetched from its own hosts, within a size, never from elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from channels.contract import Attachment, Refused, Transient

TIMEOUT = (3.05, 15.0)
_LARGEST = 25 * 1024 * 1024


def lies_at(remote: str, hosts: Collection[str]) -> bool:
    """Whether an address is on one of these hosts, or on one below them. One from which whoever
    fetches it reads another host, as from a backslash before an @, is nowhere."""
    try:
        host = urlsplit(remote).hostname or ""
        if parse_url(remote).host != host:
            return False
    except ValueError:
        return False
    return any(host == one or host.endswith(f".{one}") for one in hosts)


def fetched(
    session: requests.Session, remote: str, what: str, auth: tuple[str, str] | None = None
) -> Attachment:
    """The file at an address; ``what`` it is (`file`, `recording`) stands in the errors.

    Raises Transient when it cannot be had now or breaks off, Refused when it is gone or too large.
    """
    try:
        with session.get(
            remote, timeout=TIMEOUT, stream=True, allow_redirects=False, auth=auth
        ) as answer:
            if answer.status_code >= 500 or answer.status_code == 429:
                raise Transient(f"the {what} cannot be had now ({answer.status_code})")
            if answer.status_code != 200:
                raise Refused(f"the {what} is gone ({answer.status_code})")
            data = answer.raw.read(_LARGEST + 1, decode_content=True)
            mime = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    # The body is read from the library below, whose errors are none of requests'.
    except (requests.RequestException, HTTPError) as fault:
        raise Transient(f"the {what} cannot be had now: {type(fault).__name__}") from fault
    if len(data) > _LARGEST:
        raise Refused(f"the {what} is too large")
    return Attachment("", mime, data)

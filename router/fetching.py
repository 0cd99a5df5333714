"""Fetching what a platform keeps of a message: pictures, voices, films. At once, for not for long.

A file is masked like one that came with its message, and sealed under a key of its own.
"""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from typing import Any

from channels.contract import Attachment, ChannelError, FetchesMedia, Refused
from router import one_by_one
from router.assemble import Router
from router.core.masking.secret_parts import Secrets
from router.errors import NotFound, RouterError, StoreError
from router.store import remote_files
from router.store.unit import Unit

log = logging.getLogger("router.fetching")

#: Files fetched before others' turn has come.
_A_TURN = 10
#: How long one may take.
_LEASE_US = 120_000_000


def sweep(router: Router) -> int:
    """Fetch files that are due; how many were had."""
    due = one_by_one.claimed(
        router, lambda unit: remote_files.claim(unit, 1, _LEASE_US), at_most=_A_TURN
    )
    return sum(_fetch(router, row) for row in due)


def _fetch(router: Router, row: Any) -> bool:
    """Fetch one file; whatever that raises is a try of this file and harms no other."""
    try:
        file = _file(router, row)
        router.store.write(partial(_keep, router=router, row=row, file=file))
    except StoreError:
        raise
    except (ChannelError, RouterError) as fault:
        log.warning("a file of %s.%s could not be had: %s", row.channel, row.account, fault)
        _failed(router, row, fault, for_good=isinstance(fault, Refused | NotFound))
    except Exception as fault:  # counted as a try of that file, told in the log
        log.exception("a file of %s.%s could not be fetched", row.channel, row.account)
        _failed(router, row, fault, for_good=False)
    else:
        return True
    return False


def _file(router: Router, row: Any) -> Attachment:
    door = router.doors.open(row.channel, row.account)
    if not isinstance(door, FetchesMedia):
        raise Refused(f"{row.channel} fetches nothing")
    return door.fetch(row.remote)


def _failed(router: Router, row: Any, fault: Exception, *, for_good: bool) -> None:
    said = type(fault).__name__
    router.store.write(partial(remote_files.failed, row=row, error=said, for_good=for_good))


def _keep(unit: Unit, router: Router, row: Any, file: Attachment) -> None:
    secrets = Secrets(router.keys.fingerprint)
    given = file.name or row.name
    name, mime, data = secrets.out_of_file(given, file.mime or row.mime, file.data)
    sealed = router.keys.seal(data, row.token.encode())
    digest = hashlib.sha256(data).hexdigest()
    remote_files.fetched(
        unit, row.attachment_id, sealed, name=name, mime=mime[:100], size=len(data), sha256=digest
    )

"""Checks of rule drafts, each in a thread beside the requests: at most one a process."""

from __future__ import annotations

import threading

from router.assemble import Router
from router.core.rights import Who
from router.errors import Conflict
from router.rulemaking import Check


class Checks:
    """The one check that may be running here."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def start(self, who: Who, draft_id: int, part: str) -> None:
        """Begin a check and come back at once; raises Conflict while another one runs."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                raise Conflict("check_running")
            check = Check(self._router, who, draft_id, part)
            self._thread = threading.Thread(target=check.run, name="rules-check", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until the present check is done."""
        if self._thread is not None:
            self._thread.join()

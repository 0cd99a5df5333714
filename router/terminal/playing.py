"""Channels to play with: a desk without any of its own is joined by the sandbox, so that every
channel is alive and nobody needs an account.

The desk is open before the sandbox and the channels' libraries are loaded: that takes a moment, and
nobody need wait for it.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.contract import Channel
from router.assemble import Router
from router.errors import RouterError
from router.terminal.starting import say
from router.vault import Vault

log = logging.getLogger("router.terminal.playing")

_SANDBOX = "router.sandbox.server"


class Game:
    """The sandbox beside a desk, from its start to its stop."""

    def __init__(self, router: Router, desk: str, attend: Callable[[Channel], None]) -> None:
        """Begin in a thread of its own; ``attend`` is called with each door that is switched on."""
        self._router, self._desk, self._attend = router, desk, attend
        self._sandbox: Any = None
        self._thread = threading.Thread(target=self._begin, name="playing", daemon=True)
        self._thread.start()

    def _begin(self) -> None:
        try:
            self._sandbox = join(self._router, self._desk, self._attend)
        except (RouterError, OSError):
            log.warning("the sandbox could not be started; the desk goes on", exc_info=True)
            return
        say(f"play a customer on every channel: {self._sandbox.url}")

    def stop(self) -> None:
        """Stop the sandbox."""
        self._thread.join(timeout=10)
        if self._sandbox is not None:
            self._sandbox.stop()


def join(router: Router, desk: str, attend: Callable[[Channel], None]) -> Any:
    """Start the sandbox, switch its channels on, and let somebody attend to each; the sandbox."""
    sandbox = importlib.import_module(_SANDBOX).Sandbox(desk)
    sandbox.start()
    router.wallet.join(sandbox.systems(), sandbox.secrets())
    lend = partial(Vault, store=router.store, keys=router.keys, lent=sandbox.secrets())
    for place in router.doors.switch_on(sandbox.channels(), lend):
        attend(router.doors.open(*place))
    return sandbox

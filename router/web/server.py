"""The web server: threads, one process, stopped cleanly."""

from __future__ import annotations

import errno
import socket

from flask import Flask
from waitress import create_server

from router.errors import RouterError

#: How many ports after the wanted one are tried.
_TRIES = 20
#: Open connections at most. Browsers keep theirs while a chat is open; platforms find one free.
_LINES = 4000


class Server:
    """Bound when it is made, so that the address can be told before it runs."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        """Listen on the port, or on the next free one."""
        self._app = app
        self._socket = _bind(host, port)
        self._server = create_server(
            app,
            sockets=[self._socket],
            threads=threads,
            channel_timeout=120,
            connection_limit=_LINES,
            asyncore_use_poll=True,  # select knows no more than 1,024 of them
            ident="",
            clear_untrusted_proxy_headers=False,
        )
        bound = self._socket.getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.url = f"http://{shown}:{bound[1]}"

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        try:
            self._server.run()
        except SystemExit:
            return

    def stop(self) -> None:
        """End open streams and stop; may be called from a signal handler."""
        self._app.extensions["hub"].close()
        raise SystemExit


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in range(port, port + _TRIES) if port else (0,):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, wanted))
            listening.listen(256)
        except OSError as fault:
            listening.close()
            if fault.errno != errno.EADDRINUSE:
                raise RouterError(f"cannot listen on {host}:{wanted}: {fault.strerror}") from fault
        else:
            return listening
    raise RouterError(
        f"the ports {port} to {port + _TRIES - 1} are all taken; set ROUTER__WEB__PORT"
    )

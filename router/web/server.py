"""The web server: threads, one process, stopped cleanly."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask
from waitress import create_server
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask

from router.errors import RouterError
from router.web.bodies import REFUSED, SMALL, Bodies, Received
from router.web.suspicion import LARGEST_BODY

#: How many ports after the wanted one are tried.
_TRIES = 20
#: Open connections at most. Browsers keep theirs while a chat is open; platforms find one free.
_LINES = 4000
#: Where a request's environment has what keeps its connection open: a function that gives a Held.
HOLD = "desk.hold"
#: Who has not taken so many bytes of what was sent is not reading any more.
_BEHIND = 65_536


class Held:
    """A connection that stays open once its answer is written, and holds no thread: whoever asked
    for it sends what comes later. May be shared by threads, one of which sends."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._chunked = self._lost = False
        #: Whether the answer itself is out, so that more may follow.
        self.begun = False

    @property
    def alive(self) -> bool:
        """Whether anybody may still be there."""
        line = self._line
        ends = self._lost or line.will_close or line.close_when_flushed
        return bool(line.connected) and not ends

    def begin(self, *, chunked: bool) -> None:
        """The answer is out; what follows is sent in chunks, or as it is."""
        self._chunked, self.begun = chunked, True

    def lose(self) -> None:
        """Something else was answered: there is nothing to follow."""
        self._lost = True

    def send(self, data: bytes) -> None:
        """Send this, without waiting for anybody; who does not read is let go."""
        if self._line.total_outbufs_len > _BEHIND:
            self._lost = True
            open_still = self._line.socket  # the loop may close it at any moment
            if open_still is not None:
                with suppress(OSError):  # the loop finds it shut and closes it
                    open_still.shutdown(socket.SHUT_RDWR)
            return
        self._write(b"%X\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """Tell that nothing more comes, and close."""
        if self._chunked:
            self._write(b"0\r\n\r\n")
        self._line.close_soon()

    def _write(self, data: bytes) -> None:
        with suppress(ClientDisconnected, OSError):
            self._line.write_soon(data)


class _Answer(WSGITask):  # type: ignore[misc]  # waitress is not typed
    """An answer whose connection the application may keep."""

    def get_environment(self) -> dict[str, Any]:
        environment: dict[str, Any] = super().get_environment()
        environment[HOLD] = self._hold
        environment[REFUSED] = self.request.refused
        return environment

    def _hold(self) -> Held:
        held = self.channel.held = Held(self.channel)
        return held

    def finish(self) -> None:
        held = self.channel.held
        if held is None or self.content_length is not None:
            super().finish()
            self.channel.let_go()
            return
        self.close_on_finish = False
        held.begin(chunked=self.chunked_response)


class _Line(HTTPChannel):  # type: ignore[misc]  # waitress is not typed
    """A connection that the server's loop does not look at while its request is being answered.

    The loop asks every connection on every turn whether it has something to read or to write, and
    hundreds of open streams have neither: a platform's push waited for all of them to say so. One
    that is held stays out of it for as long.
    """

    task_class = _Answer
    held: Held | None = None

    @property
    def parser_class(self) -> partial[Received]:
        """What reads a request; all of a server have one cap."""
        return partial(Received, self.server.bodies)

    def handle_close(self) -> None:
        """Close, and keep nothing of a request that will never be whole."""
        super().handle_close()
        if self.request is not None:
            self.request.close()

    def let_go(self) -> None:
        """What was to be held is an answer like any other."""
        if self.held is not None:
            self.held.lose()
            self.held = None

    def close_soon(self) -> None:
        """Close once everything is sent."""
        self.close_when_flushed = True
        self._come_back()
        self.server.pull_trigger()

    def service(self) -> None:
        """Answer one request, then come back to the loop, which reads the next."""
        try:
            super().service()
        finally:
            kept = self.held is not None and self.held.begun and self.held.alive
            if not self.requests and not kept:
                self._come_back()
                self.server.pull_trigger()

    def received(self, data: bytes) -> bool:
        """Take what came; once that is a whole request, the loop need not look here."""
        taken: bool = super().received(data)
        with self.requests_lock:
            if self.requests and not self.total_outbufs_len:
                self._map.pop(self._fileno, None)
        return taken

    def write_soon(self, data: bytes) -> int:
        """Send this; what the far end does not take yet the loop sends later."""
        written: int = super().write_soon(data)
        if self.total_outbufs_len:
            self._come_back()
            self.server.pull_trigger()
        return written

    def _flush_outbufs_below_high_watermark(self) -> None:
        if self.total_outbufs_len:
            self._come_back()
        super()._flush_outbufs_below_high_watermark()

    def _come_back(self) -> None:
        with self.outbuf_lock:  # a connection that is being closed says so under this lock
            if self.connected and self._fileno is not None:
                self._map[self._fileno] = self


class Server:
    """Bound when it is made, so that the address can be told before it runs."""

    def __init__(
        self, app: Flask, host: str, port: int, threads: int, *, fixed: bool = False
    ) -> None:
        """Listen on the port, or on the next free one unless it is ``fixed``."""
        self._app = app
        self._runs = self._told = False
        self._socket = _bind(host, port, fixed=fixed)
        self._server = create_server(
            app,
            sockets=[self._socket],
            threads=threads,
            channel_timeout=120,
            connection_limit=_LINES,
            max_request_body_size=LARGEST_BODY + 1,  # it takes less than it is told
            inbuf_overflow=SMALL,
            asyncore_use_poll=True,  # select knows no more than 1,024 of them
            ident="",
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = _Line
        self._server.bodies = Bodies()
        bound = self._socket.getsockname()
        #: Whether another port than the wanted one had to be taken.
        self.moved = bool(port) and bound[1] != port
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.url = f"http://{shown}:{bound[1]}"

    def run(self) -> None:
        """Serve until :meth:`stop`; not at all when that was said before."""
        try:
            self._runs = True
            if not self._told:
                self._server.run()
        except SystemExit:
            return

    def stop(self) -> None:
        """End open streams and stop; may be called from a signal handler."""
        self._told = True
        self._app.extensions["hub"].close()
        if self._runs:
            raise SystemExit


def _bind(host: str, port: int, *, fixed: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tries = 1 if fixed or not port else _TRIES
    for wanted in range(port, port + tries):
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
    if fixed:
        raise RouterError(
            f"port {port} is taken, and public_url leads there; free it, or set another"
        )
    raise RouterError(
        f"the ports {port} to {port + _TRIES - 1} are all taken; set ROUTER__WEB__PORT"
    )

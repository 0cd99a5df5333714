"""The desk with its pages: one process that serves them, and the worker beside them."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from flask import Flask

from router import log
from router.assemble import Router
from router.memory import settle
from router.settings import WebSettings
from router.terminal import playing, starting
from router.terminal.starting import LINK_MINUTES, clock_of, first_run, say, until_told
from router.web import create_app
from router.web.server import Server
from router.worker import Worker

#: A thread at work gives way so soon, in seconds: a platform that calls is answered at once.
_TURN = 0.001


def _demo(router: Router) -> bool:
    """Whether this desk was filled with made-up tickets and has no channel of its own."""
    with router.store.reading() as unit:
        return starting.is_demo(unit) and not list(router.doors)


def _bound(app: Flask, settings: WebSettings) -> Server:
    """The server at its port, or where that is taken and nobody outside knows it, at the next."""
    fixed = bool(settings.public_url)
    server = Server(app, settings.host, settings.port, settings.threads, fixed=fixed)
    if server.moved:
        say(f"port {settings.port} is taken, so links that other commands and mails tell are wrong")
    return server


def serve(router: Router, *, work: bool) -> None:
    """Run the pages, and the worker beside them, until told to stop."""
    log.begin(router.settings.log)
    sys.setswitchinterval(_TURN)
    link = first_run(router)
    settings = router.settings.web
    app = create_app(router)
    server = _bound(app, settings)
    worker = Worker(router, clock_of(router)) if work else None
    with until_told(server.stop):
        _open(router, app, server, worker, link)
        say("stopped; everything that was answered is committed")


def _open(router: Router, app: Flask, server: Server, worker: Worker | None, link: str) -> None:
    """Start what belongs to the desk, run the pages, and end it all when they end."""
    with ExitStack() as at_the_end:
        at_the_end.callback(router.close)
        if worker is not None:
            worker.start()
            at_the_end.callback(worker.stop)
        app.extensions["receiver"].start()
        at_the_end.callback(app.extensions["receiver"].stop)
        settle()
        say(f"the desk is open at {server.url}")
        if worker is not None and _demo(router):
            at_the_end.callback(playing.Game(router, server.url, worker.attend).stop)
        if link:
            say(f"sign in once, within {LINK_MINUTES} minutes: {server.url}/enter/{link}")
        say("Ctrl+C stops it")
        server.run()

"""The desk with its pages: one process that serves them, and the worker beside them."""

from __future__ import annotations

from router import log
from router.assemble import Router
from router.starting import LINK_MINUTES, console, first_run, until_told
from router.web import create_app
from router.web.server import Server
from router.worker import Worker


def serve(router: Router, *, work: bool) -> None:
    """Run the pages, and the worker beside them, until told to stop."""
    log.begin(router.settings.log)
    link = first_run(router)
    settings = router.settings.web
    server = Server(create_app(router), settings.host, settings.port, settings.threads)
    worker = Worker(router) if work else None
    if worker is not None:
        worker.start()
    console.print(f"the desk is open at {server.url}")
    if link:
        console.print(f"sign in once, within {LINK_MINUTES} minutes: {server.url}/enter/{link}")
    console.print("Ctrl+C stops it")
    try:
        with until_told(server.stop):
            server.run()
    finally:
        if worker is not None:
            worker.stop()
        router.close()
        console.print("stopped; everything that was answered is committed")

"""The web application: what guards every page, and :mod:`router.web.pages`, one module each, found
by looking. A page that says nothing about rights does not start."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from contextlib import suppress
from pathlib import Path

from flask import Flask, Response, g, request
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from channels import registry
from router.assemble import Router
from router.receiver import Receiver
from router.web import faults, packing, rights, speech
from router.web import pages as shown
from router.web.checks import Checks
from router.web.choices import Choices
from router.web.conversation import Conversation
from router.web.lines import Lines
from router.web.live import Hub
from router.web.room import Room
from router.web.suspicion import RowId, Wary, check_path
from router.web.talks import Talks

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types desk"
)
_LARGEST = 26 * 1024 * 1024


def create_app(router: Router) -> Flask:
    """The web application of an assembled router."""
    app = pages()
    bind(app, router)
    return app


def bind(app: Flask, router: Router) -> None:
    """Lend the pages a desk: all that an application knows of its router hangs on this."""
    app.extensions["router"] = router
    app.extensions["hub"] = Hub(router)
    app.extensions["receiver"] = Receiver(router)
    app.extensions["lines"] = Lines()
    app.extensions["choices"] = Choices()
    app.extensions["conversation"] = Conversation()
    app.extensions["room"] = Room(router.store)
    app.extensions["talks"] = Talks(router, app.extensions["hub"], app.extensions["room"])
    app.extensions["checks"] = Checks(router)
    app.extensions["doors"] = {kind: registry.labels(kind) for kind in registry.kinds()}


def pages() -> Flask:
    """All pages and what guards them, of no desk yet."""
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_LARGEST, MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024)
    app.request_class = Wary
    app.before_request(check_path)
    app.before_request(faults.no_room)
    app.url_map.converters["int"] = RowId
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = _compiled()
    speech.install(app)
    rights.install(app)
    faults.install(app)
    packing.install(app)
    for found in pkgutil.iter_modules(shown.__path__):
        page = importlib.import_module(f"{shown.__name__}.{found.name}")
        app.register_blueprint(page.blueprint)
    rights.check_all_marked(app)
    app.after_request(_headers)
    return app


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, kept as Python keeps compiled modules: beside them, where it may."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> BytecodeCache | None:
    folder = Path(__file__).parent / "templates" / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
    return _Compiled(str(folder), f"{sys.implementation.cache_tag}-%s.cache")


def _headers(response: Response) -> Response:
    """Every answer says what a browser may do with it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.endpoint == "static":
        return response
    if getattr(g, "who", None) is not None or request.method == "POST":
        headers["Cache-Control"] = "no-store"
    else:
        headers.setdefault("Cache-Control", "no-store")
    return response

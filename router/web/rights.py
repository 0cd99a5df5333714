"""Who is asking, and whether they may.

Each route is marked with the action it needs, or as public; an unmarked route stops the program at
its start. Team scope is checked again where the data is read: a page only asks for what its reader
may see.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from router.assemble import Router
from router.core.rights import ACTIONS, Who, may
from router.errors import Conflict, NotAllowed, SignedOut, StoreError
from router.store import people

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"
#: A session's last use is written down at most this often, in microseconds.
_TOUCH = 60_000_000
#: One slash and what leads to no other site. Browsers take a backslash for a slash and read over
#: tabs and line ends: "/", a tab and "/evil.example" is another site to them.
_OWN_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]*")


def here() -> Router:
    """The router this request is served by."""
    router: Router = current_app.extensions["router"]
    return router


def who() -> Who:
    """Who is asking; only on routes that are not public."""
    found: Who = g.who
    return found


def allowed(action: str) -> Callable[[View], View]:
    """Mark a route: only for people whose role may do this."""
    if action not in ACTIONS:
        raise KeyError(action)

    def mark(view: View) -> View:
        view.access = action  # type: ignore[attr-defined]  # read by the check below
        return view

    return mark


def public(view: View) -> View:
    """Mark a route: for everybody."""
    view.access = PUBLIC  # type: ignore[attr-defined]  # read by the check below
    return view


def path_of_ours(given: str) -> str:
    """Where somebody wants to go on: that path when it is one of ours, else the first page."""
    return given if _OWN_PATH.fullmatch(given) else "/"


def access_of(app: Flask, endpoint: str) -> str:
    """The action a route needs; empty when nobody said."""
    if endpoint == "static":
        return PUBLIC
    return str(getattr(app.view_functions[endpoint], "access", ""))


def check_all_marked(app: Flask) -> None:
    """Raise for every route that says nothing about rights."""
    silent = sorted({rule.endpoint for rule in app.url_map.iter_rules()} - _marked(app))
    if silent:
        raise RuntimeError(f"these routes say nothing about rights: {', '.join(silent)}")


def _marked(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint)}


def install(app: Flask) -> None:
    """Look at every request before its page does."""
    app.before_request(_admit)
    app.context_processor(lambda: {"csrf": csrf, "who": getattr(g, "who", None), "can": can})


def cookie_name() -> str:
    """The session cookie; bound to this host when we are reached by https."""
    return "__Host-desk" if secure() else "desk"


def secure() -> bool:
    """Whether the world reaches us by https."""
    return here().settings.public_url.startswith("https://")


def source() -> str:
    """The caller's network address, through as many proxies as the settings trust."""
    hops = here().settings.web.trusted_proxies
    chain = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(chain) >= hops and chain[-hops]:
        return chain[-hops]
    return request.remote_addr or ""


def csrf() -> str:
    """The token every form of a signed-in page carries."""
    return str(g.csrf)


def can(action: str, team_id: int | None = None) -> bool:
    """Whether the person asking may do this (for templates)."""
    return may(getattr(g, "who", None), action, team_id)


def _admit() -> Response | None:
    g.who, g.csrf, g.session = None, "", None
    access = access_of(current_app, request.endpoint) if request.endpoint else PUBLIC
    if request.endpoint != "static":
        _recognise()
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        _check_origin()
        if g.who is not None and access != PUBLIC:
            _check_token()
    if access == PUBLIC:
        return None
    if g.who is None:
        return _sign_in_first()
    if not may(g.who, access):
        raise NotAllowed(f"a person with the role {g.who.role} may not {access}")
    return None


def _recognise() -> None:
    secret = request.cookies.get(cookie_name(), "")
    if not secret:
        return
    store, settings = here().store, here().settings.web
    with store.reading() as unit:
        here().rules.notice(unit)
        here().articles.notice(unit)
        here().hours.notice(unit)
        found = people.load_session(unit, secret, idle_minutes=settings.session_idle_minutes)
        now_us = unit.now_us
    if found is None:
        return
    g.who, row = found
    g.csrf, g.session = row.csrf, row.secret_hash
    if now_us - row.seen_at > _TOUCH:
        with suppress(StoreError):  # a full disk keeps nobody from reading
            store.write(lambda unit: people.touch_session(unit, row.secret_hash))


def _check_origin() -> None:
    """A browser says where a form came from; another site's is refused."""
    if request.path.startswith("/hooks/"):
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "")
    ours = {request.host, urlsplit(here().settings.public_url).netloc}
    if site not in ("same-origin", "none") or (origin and urlsplit(origin).netloc not in ours):
        raise NotAllowed("this form was sent from another site")


def _check_token() -> None:
    given = request.headers.get("X-CSRF") or request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), str(g.csrf).encode()):
        raise Conflict("stale_page")


def _sign_in_first() -> Response:
    if request.method == "GET" and not request.path.startswith(("/api/", "/live")):
        return redirect(url_for("signing.sign_in", next=request.full_path.rstrip("?")), 303)
    raise SignedOut("sign in first")

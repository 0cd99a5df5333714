"""Signing in and out, and a person's own page."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router.core import browsers, totp
from router.core.identity import network_of
from router.core.keys import Keyring
from router.errors import Invalid, NotFound, OverLimit
from router.store import budgets, people, second_steps, timeline
from router.store.budgets import Allowance
from router.store.unit import Unit
from router.web.rights import allowed, cookie_name, here, path_of_ours, public, secure, source
from router.web.speech import LANGUAGES

blueprint = Blueprint("signing", __name__)

_HASHER = PasswordHasher()
_SHORTEST = 10
_THEMES = ("light", "dark")
#: How long the form of the second step works.
_SECOND_MINUTES = 5
#: How long a browser is known by which somebody signed in.
_KNOWN = timedelta(days=90)
#: Tries at a password, as (seconds, tries). Whoever sits in one network has ten at one address in
#: five minutes and thirty at all, and locks out nobody elsewhere. Whoever has many networks meets
#: the limit of the address: 100 an hour, 2,400 a day from all of them together, which is less than
#: one network could try by itself (2,880), and nothing against a password of ten characters behind
#: argon2. It lies ten networks' worth above what people mistype, so only an attack reaches it; then
#: it holds up browsers that nobody signed in by, and those alone. A known browser has tries of its
#: own, ten in five minutes: it is no way around, since it is known for one address and to whoever
#: signed in there. Who is attacked and has no known browser comes in by a link.
_OF_PAIR, _OF_NETWORK, _OF_ADDRESS, _OF_BROWSER = (300, 10), (300, 30), (3600, 100), (300, 10)


@cache
def _nobody() -> str:
    """Checked when nobody has the address, so that a stranger learns nothing from the time it
    takes. Made when it is first needed: it takes as long as it should."""
    return _HASHER.hash("nobody has this password")


def _signed_in(agent_id: int, target: str) -> Response:
    router = here()
    hours = router.settings.web.session_hours
    browser = browsers.named(request.headers.get("User-Agent", ""))

    def work(unit: Unit) -> str:
        timeline.audit(unit, f"agent:{agent_id}", "session.opened", f"agent:{agent_id}")
        return people.open_session(unit, agent_id, hours=hours, browser=browser)

    secret = router.store.write(work)
    response = redirect(target, 303)
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=hours * 3600,
        httponly=True,
        samesite="Lax",
        secure=secure(),
        path="/",
    )
    response.set_cookie(
        _known_name(agent_id),
        router.tokens.browser_token(agent_id, router.clock.now() + _KNOWN),
        max_age=int(_KNOWN.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=secure(),
        path="/sign-in",
    )
    return response


def _known_name(agent_id: int) -> str:
    """The cookie by which a browser is known to somebody; each of those who share it has one."""
    return f"known-{here().keys.fingerprint(f'known:{agent_id}')[:8]}"


def _known_browser(agent_id: int) -> str:
    """The word of a browser in which this person signed in before; empty for any other. It opens
    nothing: its holder still has to know the password."""
    token = request.cookies.get(_known_name(agent_id), "")
    return token if here().tokens.open_browser(token, here().clock.now()) == agent_id else ""


@blueprint.get("/sign-in")
@public
def sign_in() -> str:
    """The form."""
    return render_template("signing/sign_in.html", next=path_of_ours(request.args.get("next", "/")))


@blueprint.post("/sign-in")
@public
def sign_in_now() -> Response | str | tuple[str, int]:
    """Check the password; as slow for a stranger as for a colleague."""
    email = request.form.get("email", "")
    target = path_of_ours(request.form.get("next", "/"))
    with here().store.reading() as unit:
        known = people.find_agent(unit, email)
    _spend(email, _known_browser(known.id) if known is not None else "")
    usable = known is not None and known.active and known.password_hash
    nobody = _nobody()  # made before, whoever asks
    try:
        _HASHER.verify(known.password_hash if usable else nobody, request.form.get("password", ""))
    except (VerificationError, InvalidHashError):
        usable = False
    if not usable:
        return render_template("signing/sign_in.html", next=target, email=email, wrong=True), 401
    return _entered(known.id, target)


def _entered(agent_id: int, target: str) -> Response | str:
    """In, or first to the second step, when this person has one."""
    with here().store.reading() as unit:
        asked = second_steps.asked(unit, agent_id)
    if not asked:
        return _signed_in(agent_id, target)
    token = here().store.write(
        lambda unit: people.one_time_link(unit, agent_id, "second", _SECOND_MINUTES)
    )
    return render_template("signing/second.html", token=token, next=target)


@blueprint.post("/sign-in/second")
@public
def second() -> Response | tuple[str, int]:
    """Check the code of the app, or one of those that stand in for it."""
    token, given = request.form.get("token", ""), request.form.get("code", "")
    target = path_of_ours(request.form.get("next", "/"))
    router = here()
    with router.store.reading() as unit:
        agent_id = people.holder(unit, token, "second")
    if agent_id is None:
        return render_template("signing/sign_in.html", next=target, over=True), 401
    own = Allowance("second_step", f"signin:second:{agent_id}", 300, 10)
    spent = router.store.write(lambda unit: budgets.spend(unit, [own]))
    if spent is not None:
        raise OverLimit(spent.name, spent.seconds)
    if not router.store.write(lambda unit: proven(unit, router.keys, agent_id, given)):
        page = render_template("signing/second.html", token=token, next=target, wrong=True)
        return page, 401
    router.store.write(lambda unit: people.use_link(unit, token, "second"))
    return _signed_in(agent_id, target)


def proven(unit: Unit, keys: Keyring, agent_id: int, given: str) -> bool:
    """Whether somebody proved the second step just now; either proof works once."""
    step = second_steps.of(unit, keys, agent_id)
    if step is None:
        return False
    found = totp.matching(step.secret, given, unit.now, step.last_step)
    if found is not None:
        return second_steps.spend(unit, agent_id, found)
    if step.confirmed and second_steps.use_code(unit, agent_id, given):
        timeline.audit(unit, f"agent:{agent_id}", "second_step.code_used", f"agent:{agent_id}")
        return True
    return False


def _spend(email: str, browser: str) -> None:
    """Pay for one try at a password. Raises OverLimit."""
    router = here()
    if browser:
        word = router.keys.fingerprint(browser)
        wanted = [Allowance("sign_in_browser", f"signin:browser:{word}", *_OF_BROWSER)]
    else:
        address = router.keys.fingerprint(email.strip().lower())
        network = router.keys.fingerprint(network_of(source()))
        wanted = [
            Allowance("sign_in_pair", f"signin:pair:{address}:{network}", *_OF_PAIR),
            Allowance("sign_in_source", f"signin:source:{network}", *_OF_NETWORK),
            Allowance("sign_in_address", f"signin:address:{address}", *_OF_ADDRESS),
        ]
    spent = router.store.write(lambda unit: budgets.spend(unit, wanted))
    if spent is not None:
        raise OverLimit(spent.name, spent.seconds)


@blueprint.get("/enter/<token>")
@public
def enter(token: str) -> str:
    """A link that works once: opening it changes nothing, pressing the button does."""
    return render_template("signing/enter.html", token=token)


@blueprint.post("/enter/<token>")
@public
def enter_now(token: str) -> Response | str:
    """Use the link."""
    agent_id = here().store.write(lambda unit: people.use_link(unit, token, people.ENTER))
    if agent_id is None:
        raise NotFound("this link was used, is over, or is nobody's")
    with here().store.reading() as unit:
        who = people.agent(unit, agent_id)
    first = who.role == "admin" and not who.password_hash  # a desk's first day, or an admin's
    return _entered(agent_id, "/setup" if first else "/")


@blueprint.post("/sign-out")
@allowed("view")
def sign_out() -> Response:
    """End this browser's session."""
    own, session = g.who.id, g.session
    here().store.write(lambda unit: people.revoke(unit, own, session))
    response = redirect(url_for("signing.sign_in"), 303)
    response.delete_cookie(cookie_name(), path="/", secure=secure(), httponly=True)
    return response


@blueprint.get("/me")
@allowed("view")
def me() -> str:
    """Own settings and signed-in browsers."""
    saved = request.args.get("saved", "")
    return _me(saved=saved if saved in ("look", "password") else "")


def _me(*, saved: str = "", wrong: Invalid | None = None) -> str:
    with here().store.reading() as unit:
        rows = people.sessions(unit, g.who.id)
        own = people.agent(unit, g.who.id)
        second = second_steps.asked(unit, g.who.id)
    return render_template(
        "signing/me.html",
        second=second,
        sessions=rows,
        current=g.session,
        has_password=bool(own.password_hash),
        saved=saved,
        wrong={wrong.field: wrong.code} if wrong else {},
    )


@blueprint.post("/me/revoke")
@allowed("view")
def revoke() -> Response:
    """Sign out another browser of one's own."""
    own, chosen = g.who.id, request.form.get("session", "")
    here().store.write(lambda unit: people.revoke(unit, own, chosen))
    return redirect(url_for("signing.me"), 303)


@blueprint.post("/me/password")
@allowed("view")
def set_password() -> Response | tuple[str, int]:
    """Set a password; the present one is asked for when there is one. Every other browser is
    signed out: whoever changes a password may fear that somebody else is in."""
    fresh = request.form.get("fresh", "")
    try:
        _check_password(request.form.get("present", ""), fresh)
    except Invalid as fault:
        return _me(wrong=fault), 422
    hashed, own_id, current = _HASHER.hash(fresh), g.who.id, g.session

    def work(unit: Unit) -> None:
        people.change(unit, own_id, password_hash=hashed)
        for row in people.sessions(unit, own_id):
            if row.secret_hash != current:
                people.revoke(unit, own_id, row.secret_hash)
        timeline.audit(unit, f"agent:{own_id}", "password.changed", f"agent:{own_id}")

    here().store.write(work)
    return redirect(url_for("signing.me", saved="password"), 303)


def _check_password(present: str, fresh: str) -> None:
    """Raise Invalid when the present password is wrong or the new one too short."""
    with here().store.reading() as unit:
        own = people.agent(unit, g.who.id)
    if own.password_hash:
        try:
            _HASHER.verify(own.password_hash, present)
        except (VerificationError, InvalidHashError) as fault:
            raise Invalid("present", "wrong_password") from fault
    if len(fresh) < _SHORTEST:
        raise Invalid("fresh", "short_password")


@blueprint.post("/me/look")
@allowed("view")
def look() -> Response:
    """Language and light or dark."""
    response = redirect(url_for("signing.me", saved="look"), 303)
    wanted = request.form.get("language", "")
    if wanted in LANGUAGES:
        own = g.who.id
        here().store.write(lambda unit: people.change(unit, own, locale=wanted))
        response.delete_cookie("lang")
    theme = request.form.get("theme", "")
    if theme in _THEMES:
        response.set_cookie("theme", theme, max_age=31_536_000, httponly=True, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response

"""The first day of a desk, and trying its channels on any other: what is there, what is lacking."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import form, trying
from router.errors import Invalid, RouterError
from router.store import channels, people, second_steps, timeline
from router.web.faults import sentence
from router.web.rights import allowed, here, source
from router.web.speech import language, t

blueprint = Blueprint("setting_up", __name__)

_TLS = ("tls", "starttls", "none")
_FIELDS = ("address", "imap_host", "imap_port", "imap_user", "smtp_host", "smtp_port", "smtp_user")


@blueprint.get("/setup")
@allowed("settings")
def setup() -> str:
    """Everything a new desk needs, and whether it has it."""
    return _page()


def _page(**more: Any) -> str:
    router, own = here(), g.who.id
    hours, now = router.policies.hours, router.clock.now()
    settings = router.settings
    with router.store.reading() as unit:
        me = people.agent(unit, own)
        told = {
            "states": {(one.kind, one.account): one for one in channels.states(unit, router.doors)},
            "has_password": bool(me.password_hash),
            "second": second_steps.asked(unit, own),
            "colleagues": sum(bool(one.active) for one in people.listed(unit)),
            "email": me.email,
        }
    open_now = hours.is_open(now)
    return render_template(
        "setting_up/setup.html",
        ways=trying.ways(router),
        open_now=open_now,
        until=hours.closes_at(now) if open_now else hours.next_open(now),
        zone=settings.desk.zone,
        public=settings.web.public_url,
        key_apart=not settings.key_path.is_relative_to(settings.data_path),
        key_path=str(settings.key_path),
        tls=_TLS,
        given=request.form,
        once=secrets.token_urlsafe(12),
        **{"tried": None, "typed": None, "refused": "", **told, **more},
    )


def _mine() -> str:
    with here().store.reading() as unit:
        return str(people.agent(unit, g.who.id).email)


def _letter(account: str, domain: str) -> Any:
    said = str(t("setting_up.mail.subject")), str(t("setting_up.mail.text"))
    return trying.letter(here(), account, _mine(), said, domain)


@blueprint.post("/setup/try")
@allowed("settings")
def try_channel() -> str:
    """Read from a channel, or send by it to oneself."""
    kind, account = request.form.get("kind", ""), request.form.get("account", "")
    what = request.form.get("what", "")
    able = {(one, name): can for one, name, can in trying.ways(here())}
    if what not in able.get((kind, account), ()):
        raise Invalid("channel", "unknown_channel")
    address = here().doors.open(kind, account).reply_address("try")
    tried = trying.channel(
        here(), kind, account, what, _letter(account, address.rpartition("@")[2])
    )
    actor, subject = f"agent:{g.who.id}", f"channel:{kind}:{account}"
    here().store.write(lambda unit: timeline.audit(unit, actor, "settings.tried", subject))
    return _page(tried=(kind, account, tried))


@blueprint.post("/setup/mailbox")
@allowed("settings")
def try_mailbox() -> str | tuple[str, int]:
    """Try a mailbox before it is written into the settings; nothing of it is kept."""
    options: dict[str, Any] = {
        name: given for name in _FIELDS if (given := request.form.get(name, "").strip()[:200])
    }
    options |= {
        name: chosen
        for name in ("imap_tls", "smtp_tls")
        if (chosen := request.form.get(name, "")) in _TLS
    }
    if "@" not in options.get("address", "") or not {"imap_host", "smtp_host"} & options.keys():
        return _page(typed=[], lacks=sentence("mailbox_lacks")), 422
    actor, domain = f"agent:{g.who.id}", options["address"].rpartition("@")[2]
    subject = f"mailbox:{here().keys.fingerprint(options['address'])}"
    here().store.write(lambda unit: timeline.audit(unit, actor, "settings.tried", subject))
    tried = trying.mailbox(options, request.form.get("password", ""), _letter("new", domain))
    lines = [f"{name} = {_written(value)}" for name, value in options.items()]
    return _page(typed=tried, lines=lines)


def _written(value: str) -> str:
    """A value as TOML has it."""
    if value.isdecimal():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(one for one in escaped if one.isprintable())}"'


@blueprint.post("/setup/message")
@allowed("settings")
def message() -> Response | tuple[str, int]:
    """Write to the desk as a customer would; the ticket it becomes."""
    fields = {
        "idempotency_key": request.form.get("once") or secrets.token_urlsafe(12),
        "locale": language(),
        "subject": str(t("setting_up.message.subject")),
        "body": str(t("setting_up.message.text")),
        "email": _mine(),
        "name": g.who.name,
    }
    try:
        taken = form.submit(here(), fields, [], source=source(), spam=False)
    except RouterError as fault:
        return _page(refused=sentence("s429.title") or str(fault)), 429
    return redirect(url_for("ticket.ticket", number=taken.number), 303)

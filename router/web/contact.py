"""The contact form: for frightened people, so short, calm, and working without scripts.

The same form is taken as HTML and, under /api, as JSON or multipart by other programs.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from channels.contract import Attachment
from router import form
from router.acknowledge import STATUS_LINK
from router.core.sla import foreseen
from router.errors import Conflict, Invalid, OverLimit, StoreError
from router.pipeline import Taken
from router.store import tickets
from router.web import faults
from router.web.articles import present
from router.web.rights import here, public, source
from router.web.speech import language
from router.web.suspicion import json_object

blueprint = Blueprint("contact", __name__)

FIELDS = (
    *("idempotency_key", "category_hint", "subject", "body", "name", "email", "phone"),
    *("transaction_ref", "device", "app_version", "network"),
)
#: Nobody reads and fills the form faster; after the other the stamp is too old to trust.
_FASTEST = timedelta(seconds=3)
_OLDEST = timedelta(hours=2)
HINTS = ("login", "transfer", "records", "security", "other")


@blueprint.get("/contact")
@public
def contact() -> str:
    """The empty form."""
    hint = request.args.get("about", "")
    return _form({"category_hint": hint if hint in HINTS else ""})


@blueprint.post("/contact")
@public
def send() -> Response | tuple[str, int]:
    """Take the form in, or give it back with the text kept and what is wrong said."""
    given = {name: request.form.get(name, "") for name in FIELDS}
    age = here().tokens.form_age(request.form.get("form_ts", ""), here().clock.now())
    if age is None or age > _OLDEST:
        return _form(given, stale=True), 409
    spam = bool(request.form.get("hp_website")) or age < _FASTEST
    try:
        taken = _submit(given, _files(request.files.getlist("attachments")), spam=spam)
    except Invalid as fault:
        return _form(given, wrong=dict(reversed(fault.more))), 400
    except Conflict:
        return _form({**given, "idempotency_key": ""}, wrong={"body": "other_body"}), 422
    except OverLimit as fault:
        response = make_response(_form(given, busy=fault.retry_after), 429)
        response.headers["Retry-After"] = str(fault.retry_after)
        return response
    except StoreError:
        return _form(given, away=True), 503
    return render_template("contact/thanks.html", **_told(taken)), 202


def _form(
    given: Mapping[str, str],
    *,
    wrong: Mapping[str, str] | None = None,
    stale: bool = False,
    busy: int = 0,
    away: bool = False,
) -> str:
    router = here()
    calendar, now = router.policies.calendar("P3"), router.clock.now()
    return render_template(
        "contact/form.html",
        given={**given, "idempotency_key": given.get("idempotency_key") or str(uuid.uuid4())},
        wrong=wrong or {},
        stale=stale,
        busy=max(1, busy // 60) if busy else 0,
        away=away,
        stamp=router.tokens.form_stamp(now),
        hints=HINTS,
        articles=_offered(given.get("category_hint", "")),
        hotline=router.settings.desk.hotline,
        open_now=calendar.is_open(now),
        closes=calendar.closes_at(now),
        next_open=calendar.next_open(now),
    )


def _offered(hint: str) -> list[tuple[str, str]]:
    """Articles about what was chosen, or all of them: (name, title)."""
    return [
        (one.name, one.told(language()).title)
        for one in present().by_name.values()
        if not hint or any(about.startswith(f"{hint}.") for about in one.categories)
    ]


def _files(stored: list[FileStorage]) -> list[Attachment]:
    return [
        Attachment(one.filename or "file", one.mimetype or "", one.stream.read())
        for one in stored
        if one.filename
    ]


def _submit(given: Mapping[str, str], files: list[Attachment], *, spam: bool) -> Taken:
    locale = "zh-CN" if language() == "zh" else "en"
    fields = {**given, "locale": given.get("locale") or locale}
    return form.submit(here(), fields, files, source=source(), spam=spam)


def _told(taken: Taken) -> dict[str, Any]:
    """What the sender is told: the number, the status page, when somebody answers."""
    router = here()
    now = router.clock.now()
    calendar = router.policies.calendar("P3")
    with router.store.reading() as unit:
        due = tickets.answer_due(unit, taken.ticket_id)
    token = router.tokens.status_token(taken.ticket_id, now + STATUS_LINK)
    return {
        "number": taken.number,
        "status_url": f"/t/{token}",
        "answer_by": foreseen(due or calendar.next_open(now)),
        "open_now": calendar.is_open(now),
    }


# ---------------------------------------------------------------- the same for programs


@blueprint.post("/api/v1/intake/webform")
@public
def intake() -> Response:
    """JSON or multipart in; 202 with the reference, or problem JSON (RFC 9457)."""
    try:
        given, files = _read_api()
        taken = _submit(given, files, spam=False)
    except Conflict:
        return faults.page(422, "other_body")
    told = _told(taken)
    answer = jsonify(
        ticket=told["number"],
        status_url=told["status_url"],
        expected_reply=told["answer_by"].isoformat() if told["answer_by"] else None,
        in_service_hours=told["open_now"],
    )
    answer.status_code = 202
    return answer


def _read_api() -> tuple[dict[str, str], list[Attachment]]:
    key = request.headers.get("Idempotency-Key", "")
    if not request.is_json:
        given = {name: request.form.get(name, "") for name in (*FIELDS, "locale")}
        given["idempotency_key"] = given["idempotency_key"] or key
        return given, _files(request.files.getlist("attachments"))
    document = json_object()
    if document is None:
        raise Invalid("document", "no_object")
    given = {name: _word(document.get(name)) for name in (*FIELDS, "locale")}
    reach = document.get("contact")
    if isinstance(reach, dict):
        for name in ("email", "phone", "name"):
            given[name] = given[name] or _word(reach.get(name))
    given["idempotency_key"] = given["idempotency_key"] or key
    return given, _api_files(document.get("attachments"))


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _api_files(listed: object) -> list[Attachment]:
    if listed is None:
        return []
    if not isinstance(listed, list):  # a file of somebody's must not be lost behind a yes
        raise Invalid("attachments", "bad_attachments")
    files = []
    for one in listed:
        if not isinstance(one, dict):
            raise Invalid("attachments", "bad_attachments")
        try:
            data = base64.b64decode(_word(one.get("data_b64")), validate=True)
        except (binascii.Error, ValueError) as fault:
            raise Invalid("attachments", "bad_attachments") from fault
        files.append(Attachment(_word(one.get("name")), _word(one.get("mime")), data))
    return files

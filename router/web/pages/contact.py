"""The contact form: for frightened people, so short, calm, and working without scripts.

The same form is taken as HTML and, under /api, as JSON or multipart by other programs.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response

from channels import webform
from channels.contract import Attachment
from router import acknowledge, form
from router.core import markdown
from router.errors import Conflict, Invalid, OverLimit, StoreError
from router.pipeline import Taken
from router.store import readings, tickets
from router.web import faults
from router.web.pages.articles import present
from router.web.rights import here, public, source
from router.web.speech import language, locale
from router.web.suspicion import LARGEST_BODY, json_object

blueprint = Blueprint("contact", __name__)

FIELDS = (
    *("idempotency_key", "category_hint", "subject", "body", "name", "email", "phone"),
    *("transaction_ref", "device", "app_version", "network"),
)
#: Nobody reads and fills the form faster; after the other the stamp is too old to trust.
_FASTEST = timedelta(seconds=3)
_OLDEST = timedelta(hours=2)
#: Bytes that tell what kind of file it is, also of one that is too much.
_BEGINNING = 64
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
    take_large()
    given = {name: request.form.get(name, "") for name in FIELDS}
    files, tokens, now = uploaded(), here().tokens, here().clock.now()
    stamp = request.form.get("form_ts", "")
    age = tokens.form_age(stamp, now)
    if age is None or age > _OLDEST:
        # Whoever only presses the button again is no robot.
        stamp = "" if age is None else tokens.form_stamp(now - _FASTEST)
        return _form(given, stale=True, files_again=bool(files), stamp=stamp), 409
    back = partial(_form, given, files_again=bool(files), stamp=stamp)
    spam = bool(request.form.get("hp_website")) or age < _FASTEST
    try:
        taken = _submit(given, files, spam=spam)
    except Invalid as fault:
        return back(wrong=dict(reversed(fault.more))), 400
    except Conflict:
        given["idempotency_key"] = ""
        return back(wrong={"body": "sent_before"}), 422
    except OverLimit as fault:
        response = make_response(back(busy=fault.retry_after), 429)
        response.headers["Retry-After"] = str(fault.retry_after)
        return response
    except StoreError:
        return back(away=True), 503
    return render_template("contact/thanks.html", **_told(taken)), 202


def _form(
    given: Mapping[str, str],
    *,
    wrong: Mapping[str, str] | None = None,
    busy: int = 0,
    stamp: str = "",
    **said: bool,
) -> str:
    """The form; ``said``: why it came back (stale, away), and that it had files (files_again)."""
    router = here()
    calendar, now = router.policies.calendar("P3"), router.clock.now()
    return render_template(
        "contact/form.html",
        given={**given, "idempotency_key": given.get("idempotency_key") or str(uuid.uuid4())},
        wrong=wrong or {},
        busy=max(1, busy // 60) if busy else 0,
        stamp=stamp or router.tokens.form_stamp(now),
        hints=HINTS,
        articles=_offered(given.get("category_hint", "")),
        hotline=router.settings.desk.hotline,
        open_now=calendar.is_open(now),
        closes=calendar.closes_at(now),
        next_open=calendar.next_open(now),
        **said,
    )


def _offered(hint: str) -> list[tuple[str, str]]:
    """Articles about what was chosen, or all of them: (name, title)."""
    return [
        (one.name, one.told(language()).title)
        for one in present().by_name.values()
        if not hint or any(about.startswith(f"{hint}.") for about in one.categories)
    ]


def uploaded() -> list[Attachment]:
    """The files that were chosen on the page; of too many or too large ones no more than tells."""
    found: list[Attachment] = []
    left = webform.MOST_TOGETHER
    for one in request.files.getlist("attachments"):
        with one.stream as opened:
            if one.filename and len(found) <= webform.MOST_FILES:
                data = opened.read(min(webform.MOST_BYTES, max(left, _BEGINNING)) + 1)
                left -= len(data)
                found.append(Attachment(one.filename, one.mimetype or "", data))
    return found


def take_large() -> None:
    """Read a form to its end although its files are too large, so that it comes back with its
    text. Said before anything of it is read."""
    request.max_content_length = LARGEST_BODY


def _submit(given: Mapping[str, str], files: list[Attachment], *, spam: bool) -> Taken:
    fields = {**given, "locale": given.get("locale") or locale()}
    return form.submit(here(), fields, files, source=source(), spam=spam)


def _told(taken: Taken) -> dict[str, Any]:
    """What the sender is told: the number, the status page, when somebody answers."""
    router = here()
    now = router.clock.now()
    calendar = router.policies.calendar("P3")
    with router.store.reading() as unit:
        due = tickets.answer_due(unit, taken.ticket_id)
        row = tickets.status(unit, taken.ticket_id)
        # Who may be losing money is not left without a first step while the second reader reads.
        about = readings.suspected(unit, taken.message_id) or (row.category if row else "")
    article = present().serving(about) if about else None
    by = calendar.next_open(now)
    if row is not None:
        by = acknowledge.answer_by(router, row, due, calendar, now)
    text = article.told(language()) if article else None
    token = router.tokens.status_token(taken.ticket_id, now + acknowledge.STATUS_LINK)
    return {
        "number": taken.number,
        "status_url": f"/t/{token}",
        "answer_by": by,
        "open_now": calendar.is_open(now),
        "article_title": text.title if text else "",
        "article_blocks": markdown.blocks(text.body) if text else [],
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
        return given, uploaded()
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

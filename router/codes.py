"""One-time codes on their way: worded, queued with a blank where the code will be, and filled in
only in the moment of sending. No row, log or page ever holds one.
"""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from functools import cache
from importlib import resources
from string import Template
from typing import Any, NamedTuple

from channels.contract import Refused
from router.assemble import NO_DOMAIN, Router
from router.core.bilingual import for_reader
from router.core.gates import BLANK, WAYS, Code
from router.core.references import outgoing_id
from router.errors import Conflict
from router.store import gates, outbox, webhooks
from router.store.batch import Draft
from router.store.unit import Unit

#: What an outbox row with a code is for, and what a call to the SMS provider is called.
PURPOSE, SMS = "code", "sms.send"
_LINK_DAYS = timedelta(days=2)


class _Letter(NamedTuple):
    subject: str
    body: str
    sms: str


def sendable(router: Router, kind: str) -> bool:
    """Whether a code can go into this identity space now."""
    if kind == "phone":
        return router.wallet.on("sms")
    return kind in WAYS and router.doors.speaker(kind, "", "") is not None


def send(router: Router, unit: Unit, draft: Draft, code: Code, handle: Any, purpose: str) -> None:
    """Queue a code for a handle (id, kind, value), worded in the requester's language. Raises
    Conflict when nothing can carry it there."""
    if not sendable(router, handle.kind):
        raise Conflict("no_channel")
    letter = _worded(router, draft, purpose)
    once = f"code:{code.gate_id}:{code.number}"
    if WAYS[handle.kind] == "sms":
        webhooks.queue(
            unit,
            ticket_id=draft.id,
            target="sms",
            kind=SMS,
            body=json.dumps({"to": handle.value, "text": letter.sms}, ensure_ascii=False),
            once=once,
        )
        return
    speaker = router.doors.speaker(handle.kind, draft.channel, draft.account)
    if speaker is None:
        raise Conflict("no_channel")
    channel, account = speaker
    door = router.doors.open(channel, account)
    reply_to = door.reply_address(router.tokens.reply_token(draft.id))
    row_id = unit.new_id()
    outbox.queue(
        unit,
        id=row_id,
        ticket_id=draft.id,
        purpose=PURPOSE,
        once=once,
        channel=channel,
        account=account,
        identity_id=handle.id,
        subject=letter.subject,
        text=letter.body,
        sender_name=router.settings.desk.name(draft.language),
        rfc_id=outgoing_id(reply_to.rpartition("@")[2] or NO_DOMAIN),
        reply_to=reply_to,
        language=draft.language,
        state="queued",
    )


def filled(router: Router, purpose: str, once: str, text: str) -> str:
    """A text as it leaves: with its code where it had a blank, when it is one of a code.

    Raises Refused when the code is over or another one was sent since: it must not arrive.
    """
    if purpose not in (PURPOSE, SMS):
        return text
    _, gate_id, number = once.split(":")
    with router.store.reading() as unit:
        gate, now = gates.find(unit, int(gate_id)), unit.now_us
    if gate is None or gate.state != "open" or gate.sends != int(number):
        raise Refused("code_over")
    if gate.expires_at is None or now >= gate.expires_at:
        raise Refused("code_over")
    return text.replace(BLANK, Code(gate.id, gate.sends, gate.salt).digits(router.keys))


# ---------------------------------------------------------------- words


def _worded(router: Router, draft: Draft, purpose: str) -> _Letter:
    settings, language = router.settings, draft.language or router.settings.desk.language
    words = _words("zh" if language.startswith("zh") else "en")
    token = router.tokens.status_token(draft.id, router.clock.now() + _LINK_DAYS)
    values = {
        "code": BLANK,
        "desk": settings.desk.name(language),
        "number": draft.number,
        "minutes": str(settings.gate.code_minutes),
        "purpose": words["purpose"][purpose],
        "url": f"{settings.public_url}/t/{token}",
    }
    told = [Template(words[one]).substitute(values).strip() for one in ("subject", "body", "sms")]
    if language == "zh-Hant":
        told = [for_reader(language, one, "") for one in told]
    return _Letter(*told)


@cache
def _words(language: str) -> dict[str, Any]:
    path = resources.files("router").joinpath("texts", f"code.{language}.toml")
    return tomllib.loads(path.read_text("utf-8"))

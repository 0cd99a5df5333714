"""One ticket: read it, answer it, note something, move it on.

Every act is a plain form that works without a script; asked with ``X-Part``, the ticket's pane
comes back instead of a redirection. What an agent wrote is never lost: where an act is refused, the
page comes back with the text in place and the reason above it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.contract import Attachment
from router import desk, reaching
from router.core import pictures
from router.core.masking import redact
from router.core.references import normalise_number
from router.core.rights import Who
from router.core.trust import must_be_sure
from router.errors import Conflict, Invalid, NotFound, StoreError
from router.store import calls, mentions, merging, one_person, pages, snoozes, tickets, writings
from router.store.pages import calls as pages_calls
from router.store.promises import climbs
from router.store.unit import Unit
from router.web import telling
from router.web.faults import sentence
from router.web.pages.inbox import beside, chosen
from router.web.rights import allowed, here
from router.web.suspicion import whole_number
from router.writing import LONGEST, Letter

blueprint = Blueprint("ticket", __name__)

#: The word of a form for what its writer had in front of them.
SEEN = re.compile(r"[0-9]{1,9}\.[0-9]{1,19}")

_MINUTE_US = 60_000_000


class HoldsSecret(NamedTuple):
    """What an agent is asked before a text with a secret in it is sent or kept: the form it came
    from, the text as it would be, what was masked, and the word that says yes to just this text."""

    form: str
    text: str
    kinds: tuple[str, ...]
    confirmed: str


# ---------------------------------------------------------------- reading


@blueprint.get("/ticket/<number>")
@allowed("view")
def ticket(number: str) -> AnyResponse | str:
    """The ticket beside the list it was chosen from."""
    proper = normalise_number(number)
    if proper is None:
        raise NotFound("this is no ticket number of ours")
    if proper != number:
        return redirect(url_for("ticket.ticket", number=proper, **chosen().address()), 303)
    return page(proper)


def page(
    number: str,
    *,
    refused: str = "",
    kept: dict[str, str] | None = None,
    warning: HoldsSecret | None = None,
    newer_than: int | None = None,
    stranger: pages.TicketLine | None = None,
) -> str:
    """The ticket as it is now; ``refused`` says why an act was not done, ``kept`` is what was
    written for it, messages after ``newer_than`` are those its writer had not seen, and
    ``stranger`` is the ticket of somebody else that was to be merged into it."""
    wanted = chosen()
    who: Who = g.who
    router = here()
    with router.store.reading() as unit:
        before = request.args.get("before") or None
        ticket_id = pages.ticket_id(unit, number, who)
        shown = pages.ticket_view(unit, ticket_id, who, before=before)
        told: dict[str, Any] = {
            "shown": shown,
            "chosen": wanted,
            "agents": pages.all_agents(unit),
            "teams": pages.all_teams(unit),
            "heard": tickets.heard(unit, ticket_id),
            "begun": writings.of_ticket(unit, router.keys, who.id, ticket_id),
            "offer": pages.offer(unit, who, ticket_id),
            "macros": telling.filled(unit, who, shown.ticket),
            "kept_as": merging.kept_number(unit, ticket_id),
            "sleeps_until": snoozes.until(unit, ticket_id),
        }
        told |= _reach(unit, shown) | _around(unit, shown, who)
        if not request.headers.get("X-Part"):
            told |= beside(unit, who, wanted)
    _noticed(who, shown)
    told |= _said(shown, newer_than)
    told |= {
        "once": secrets.token_urlsafe(12),
        "refused": refused,
        "kept": kept or {},
        "warning": warning,
        "stranger": stranger,
        "vouched": desk.VOUCHED,
        "keeps_raw": router.settings.intake.keep_raw_days > 0,
    }
    whole = not request.headers.get("X-Part")
    return render_template("ticket/ticket.html" if whole else "ticket/pane.html", **told)


def _said(shown: pages.TicketView, newer_than: int | None) -> dict[str, Any]:
    """What was said on the ticket, and what its writer must heed."""
    line = shown.ticket
    return {
        "asked": sum(one.direction == "in" for one in shown.messages),
        "story": telling.story(shown.messages, shown.entries, shown.until),
        "stamp": _stamp(shown),
        "must_be_sure": line.state != "closed"
        and must_be_sure(line.category, line.verification, line.imitates),
        "newer": [one for one in shown.messages if _newer(one, newer_than)],
    }


def _next(climbing: list[Any], now: int) -> int | None:
    """When the next one is told of it; what is due already happens at this very moment."""
    return min((one.due_at for one in climbing if one.due_at and one.due_at > now), default=None)


def _reach(unit: Unit, shown: pages.TicketView) -> dict[str, Any]:
    """Whether an answer can go out now, until when, and where else it could go."""
    router, line = here(), shown.ticket
    place = tickets.place(unit, line.id)
    mails = desk.carrier(router, place) is not None
    speaker = router.doors.speaker(line.handle_kind, place.channel, place.account)
    if speaker is None:
        here_only = (place.identity_id, place.channel, place.account)
        ways = reaching.ways(router, unit, here_only, "human")
        return {"carried": False, "may": None, "ways": ways, "takes_files": True, "mails": mails}
    to = (place.identity_id, *speaker)
    may = reaching.can_send(router, unit, to, "human")
    ways = () if may.ok else reaching.ways(router, unit, to, "human")
    takes_files = router.doors.open(*speaker).limits.attachment_bytes > 0
    return {"carried": True, "may": may, "ways": ways, "takes_files": takes_files, "mails": mails}


def _around(unit: Unit, shown: pages.TicketView, who: Who) -> dict[str, Any]:
    """The calls of the ticket, whether its people wait for one, who else they may be, and what of
    it climbs."""
    line = shown.ticket
    climbing = climbs.running(unit, line.id)
    climbs_at = _next(climbing, unit.now_us)
    found = pages_calls.of_ticket(calls.of_ticket(unit, line.id), line.number)
    return {
        "called": found,
        "waits": calls.call_back(unit, line.id),
        "likely": one_person.likely(unit, line.requester_id, who),
        "joined": one_person.joined(unit, line.requester_id),
        "climbing": climbing,
        "climbs_at": climbs_at,
        "climbs_soon": climbs_at is not None and climbs_at - unit.now_us < _MINUTE_US,
    }


def _noticed(who: Who, shown: pages.TicketView) -> None:
    """Whoever was named here has looked now."""
    if shown.named:
        with suppress(StoreError):  # a full disk keeps nobody from reading
            here().store.write(lambda unit: mentions.look(unit, who.id, shown.ticket.id))


def _newer(message: pages.MessageView, than: int | None) -> bool:
    return than is not None and message.id > than and message.direction in ("in", "out")


def _stamp(shown: pages.TicketView) -> str:
    """A word that changes when anything shown of the ticket did; open pages compare it."""
    seen = [
        shown.ticket.updated_at.isoformat(),
        str(len(shown.messages)),
        str(shown.entries[-1].id if shown.entries else 0),
        *(f"{one.outbox_id}{one.outbox_state}" for one in shown.messages if one.outbox_id),
        *(copy.state for one in shown.messages for copy in one.copies),
    ]
    return hashlib.sha256(" ".join(seen).encode()).hexdigest()[:16]


# ---------------------------------------------------------------- acting


def act(
    number: str, work: Callable[[Who, int], object], *, seen: str = "", **kept: str
) -> AnyResponse:
    """Do it and show the ticket as it is then; refused, show why and keep what was written."""
    who: Who = g.who
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, who)
    try:
        work(who, ticket_id)
    except (Conflict, Invalid) as fault:
        status = 409 if isinstance(fault, Conflict) else 422
        reason = sentence(fault.code) or sentence(f"s{status}.title")
        than = int(seen.rpartition(".")[2]) if fault.code == "overtaken" else None
        return make_response(page(number, refused=reason, kept=kept, newer_than=than), status)
    if request.headers.get("X-Part"):
        return make_response(page(number))
    address = url_for("ticket.ticket", number=number, **chosen().address())
    return redirect(address, 303)


def warned(number: str, form: str, text: str, **kept: str) -> AnyResponse | None:
    """The page again, when the text holds a secret and nobody has said yes to its masked form."""
    if len(text) > LONGEST:
        return None  # refused by its length, before anybody reads through it
    masked = redact.mask(text)
    confirmed = here().keys.fingerprint(masked.text)
    if not masked.hits or given("confirmed") == confirmed:
        return None
    warning = HoldsSecret(form, masked.text, masked.hits, confirmed)
    return make_response(page(number, kept={form: text, **kept}, warning=warning), 422)


def given(name: str) -> str:
    """A field of the form; empty when it is not there."""
    return request.form.get(name, "")


def id_of(name: str) -> int | None:
    """An id out of a form; nobody is an empty one."""
    value = given(name)
    if not value:
        return None
    number = whole_number(value)
    if number is None:
        raise Invalid(name, f"unknown_{name}")
    return number


@blueprint.post("/ticket/<number>/reply")
@allowed("reply")
def reply(number: str) -> AnyResponse:
    """Send an answer to the requester, perhaps closing the ticket with it."""
    text, close = given("text"), bool(given("close"))
    once = given("once") or secrets.token_urlsafe(12)
    seen = given("seen") if SEEN.fullmatch(given("seen")) else ""

    def work(who: Who, ticket_id: int) -> None:
        files = _files(inside=bool(given("inside")))
        letter = Letter(text, files, desk.addresses(here(), given("cc")), id_of("by") or 0)
        desk.reply(here(), who, ticket_id, letter, once=once, close=close, seen=seen)

    cc = given("cc")
    return warned(number, "reply", text, cc=cc) or act(number, work, seen=seen, reply=text, cc=cc)


def _files(*, inside: bool) -> list[Attachment]:
    """The files put to a reply; pictures among them stand inside the mail when that is wished."""
    found = []
    for one in request.files.getlist("files"):
        if not one.filename:
            continue
        data = one.stream.read()
        mime = pictures.kind(data) or one.mimetype or "application/octet-stream"
        shown = inside and pictures.kind(data) != ""
        name = f"{secrets.token_hex(12)}@picture" if shown else ""
        found.append(Attachment(one.filename, mime, data, name))
    return found


@blueprint.post("/ticket/<number>/note")
@allowed("note")
def note(number: str) -> AnyResponse:
    """Write something that only colleagues see."""
    text, once = given("text"), given("once") or secrets.token_urlsafe(12)
    return warned(number, "note", text) or act(
        number,
        lambda who, ticket_id: desk.note(here(), who, ticket_id, text, once=once),
        note=text,
    )


@blueprint.post("/ticket/<number>/assign")
@allowed("assign")
def assign(number: str) -> AnyResponse:
    """Give it to somebody, to oneself (``me``) or to nobody."""

    def work(who: Who, ticket_id: int) -> None:
        wanted = who.id if given("agent") == "me" else id_of("agent")
        desk.assign(here(), who, ticket_id, wanted, given("words"))

    return act(number, work)


@blueprint.post("/ticket/<number>/team")
@allowed("move_team")
def team(number: str) -> AnyResponse:
    """Hand it to another team; who may not see that team's tickets goes back to the list."""
    who: Who = g.who
    chosen_team = id_of("team")
    if who.role in ("agent", "lead") and chosen_team not in who.teams:
        with here().store.reading() as unit:
            ticket_id = pages.ticket_id(unit, number, who)
        desk.move_team(here(), who, ticket_id, chosen_team or 0, given("words"))
        with here().store.reading() as unit:
            did = pages.offer(unit, who, ticket_id)
        undo: dict[str, Any] = {"did": did.batch, "done": 1, "of": 1} if did is not None else {}
        return redirect(url_for("inbox.inbox", **chosen().address(), **undo), 303)
    words = given("words")
    return act(
        number,
        lambda who, ticket_id: desk.move_team(here(), who, ticket_id, chosen_team or 0, words),
    )


@blueprint.post("/ticket/<number>/tag")
@allowed("tag")
def tag(number: str) -> AnyResponse:
    """Put a tag on."""
    word = given("tag")
    return act(number, lambda who, ticket_id: desk.tag(here(), who, ticket_id, word), tag=word)


@blueprint.post("/ticket/<number>/untag")
@allowed("tag")
def untag(number: str) -> AnyResponse:
    """Take a tag off."""
    return act(number, lambda who, ticket_id: desk.untag(here(), who, ticket_id, given("tag")))


@blueprint.post("/ticket/<number>/category")
@allowed("categorise")
def category(number: str) -> AnyResponse:
    """Correct what it is about."""
    wanted = given("category")
    return act(number, lambda who, ticket_id: desk.set_category(here(), who, ticket_id, wanted))


@blueprint.post("/ticket/<number>/urgency")
@allowed("categorise")
def urgency(number: str) -> AnyResponse:
    """Correct how soon it must be seen."""
    wanted = given("urgency")
    return act(number, lambda who, ticket_id: desk.set_urgency(here(), who, ticket_id, wanted))


@blueprint.post("/ticket/<number>/vouch")
@allowed("vouch")
def vouch(number: str) -> AnyResponse:
    """Say that one made sure who the requester is, and how."""
    return act(number, lambda who, ticket_id: desk.vouch(here(), who, ticket_id, given("how")))


@blueprint.post("/ticket/<number>/close")
@allowed("close")
def close(number: str) -> AnyResponse:
    """The matter is settled."""
    return act(number, lambda who, ticket_id: desk.close(here(), who, ticket_id))


@blueprint.post("/ticket/<number>/reopen")
@allowed("reopen")
def reopen(number: str) -> AnyResponse:
    """It is not settled after all."""
    return act(number, lambda who, ticket_id: desk.reopen(here(), who, ticket_id))

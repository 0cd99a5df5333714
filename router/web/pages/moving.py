"""Moving a ticket: to sleep, into another one, or beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, g, make_response
from werkzeug.wrappers import Response

from router import desk
from router.core.references import normalise_number
from router.core.rights import Who
from router.errors import Invalid, NotFound
from router.store import merging, pages
from router.web.pages.ticket import act, given, id_of, page
from router.web.rights import allowed, here

blueprint = Blueprint("moving", __name__)

#: How long a ticket may be put to sleep with one key, by the word of the form.
NAPS = ("hour", "three_hours", "tomorrow", "monday")


def wakes(nap: str, at: str = "") -> datetime:
    """When a ticket wakes: after a nap of ours, or at a moment typed in the desk's own time. Days
    begin when the desk opens."""
    zone, now = ZoneInfo(here().settings.desk.zone), here().clock.now()
    if nap == "at":
        try:
            return datetime.fromisoformat(at).replace(tzinfo=zone)
        except ValueError as fault:
            raise Invalid("until", "bad_moment") from fault
    if nap not in NAPS:
        raise Invalid("until", "bad_moment")
    if nap in ("hour", "three_hours"):
        return now + timedelta(hours=1 if nap == "hour" else 3)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = 1 if nap == "tomorrow" else 7 - midnight.weekday()
    day = midnight + timedelta(days=days)
    return here().policies.hours.next_open(day) or day


@blueprint.app_context_processor
def _naps() -> dict[str, object]:
    return {"naps": NAPS}


@blueprint.post("/ticket/<number>/snooze")
@allowed("snooze")
def snooze(number: str) -> Response:
    """Let it sleep for a while."""

    def work(who: Who, ticket_id: int) -> None:
        desk.snooze(here(), who, ticket_id, wakes(given("nap"), given("at")))

    return act(number, work)


def _other(who: Who) -> int:
    """The ticket somebody named beside the one in hand."""
    number = normalise_number(given("other"))
    if number is not None:
        with here().store.reading() as unit:
            try:
                return pages.ticket_id(unit, number, who)
            except NotFound:
                pass  # said below, in the words of the form
    raise Invalid("other", "unknown_ticket")


@blueprint.post("/ticket/<number>/merge")
@allowed("merge")
def merge(number: str) -> Response:
    """Bring another ticket into this one; whose requester is somebody else is asked about first."""
    stranger = None if given("sure") == "yes" else _stranger(g.who, number)
    if stranger is not None:
        return make_response(page(number, stranger=stranger), 409)
    return act(
        number,
        lambda who, ticket_id: desk.merge(here(), who, _other(who), ticket_id),
        other=given("other"),
    )


def _stranger(who: Who, number: str) -> pages.TicketLine | None:
    """The other ticket, when it is of another requester than this one."""
    other = normalise_number(given("other")) or ""
    with here().store.reading() as unit:
        kept_id = pages.ticket_id(unit, number, who)
        try:
            gone_id = pages.ticket_id(unit, other, who)
        except NotFound:
            return None  # said by the act itself
        if not merging.strangers(unit, gone_id, kept_id):
            return None
        return pages.ticket_view(unit, gone_id, who).ticket


@blueprint.post("/ticket/<number>/link")
@allowed("link")
def link(number: str) -> Response:
    """Say that another ticket belongs to this one."""
    return act(
        number,
        lambda who, ticket_id: desk.link(here(), who, ticket_id, _other(who)),
        other=given("other"),
    )


@blueprint.post("/ticket/<number>/split")
@allowed("split")
def split(number: str) -> Response:
    """Make a ticket of its own of a message, or of all that was said from it on."""

    def work(who: Who, ticket_id: int) -> None:
        first, onward = id_of("message"), bool(given("onward"))
        chosen = [] if first is None else [first]
        desk.split(here(), who, ticket_id, chosen, given("subject"), onward=onward)

    return act(number, work)

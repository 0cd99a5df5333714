"""Every question the pages ask, in one place; each takes the viewer and shows only what is theirs.

:mod:`~router.store.pages.listing` walks views, :mod:`~router.store.pages.finding` finds,
:mod:`~router.store.pages.ticket` reads one ticket
with its :mod:`~router.store.pages.messages`, :mod:`~router.store.pages.work` lists the outbox and
what is parked.
"""

from __future__ import annotations

from router.store.pages.acts import Offer, drafted, offer
from router.store.pages.finding import MOST, VIEWS, counts, list_tickets, search_tickets
from router.store.pages.incidents import (
    IncidentLine,
    IncidentView,
    Tied,
    incident_list,
    incident_view,
)
from router.store.pages.listing import (
    Filters,
    Page,
    TicketLine,
    all_agents,
    all_teams,
)
from router.store.pages.messages import (
    FindingView,
    MessageView,
    SecretView,
    attachment,
    message_html,
    pictures,
    ticket_of_message,
)
from router.store.pages.ticket import (
    ClockView,
    EntryView,
    TicketView,
    ticket_id,
    ticket_view,
)
from router.store.pages.work import (
    OUTBOX_STATES,
    OutboxLine,
    ParkedLine,
    held_since_restored,
    outbox_rows,
    parked_rows,
    parked_team,
)
from router.store.saved import SavedLine, saved_views

__all__ = [
    "MOST",
    "OUTBOX_STATES",
    "VIEWS",
    "ClockView",
    "EntryView",
    "Filters",
    "FindingView",
    "IncidentLine",
    "IncidentView",
    "MessageView",
    "Offer",
    "OutboxLine",
    "Page",
    "ParkedLine",
    "SavedLine",
    "SecretView",
    "TicketLine",
    "TicketView",
    "Tied",
    "all_agents",
    "all_teams",
    "attachment",
    "counts",
    "drafted",
    "held_since_restored",
    "incident_list",
    "incident_view",
    "list_tickets",
    "message_html",
    "offer",
    "outbox_rows",
    "parked_rows",
    "parked_team",
    "pictures",
    "saved_views",
    "search_tickets",
    "ticket_id",
    "ticket_of_message",
    "ticket_view",
]

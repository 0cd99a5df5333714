"""Every question the pages ask, in one place; each takes the viewer and shows only what is theirs.

:mod:`~router.store.pages_list` walks views, :mod:`~router.store.pages_ticket` reads one ticket
with its :mod:`~router.store.pages_message`, :mod:`~router.store.pages_work` lists the outbox and
what is parked.
"""

from __future__ import annotations

from router.store.counters import VIEWS
from router.store.pages_incidents import (
    IncidentLine,
    IncidentView,
    Tied,
    incident_list,
    incident_view,
)
from router.store.pages_list import (
    Filters,
    Page,
    TicketLine,
    all_agents,
    all_teams,
    counts,
    list_tickets,
    search_tickets,
)
from router.store.pages_message import (
    FindingView,
    MessageView,
    SecretView,
    attachment,
    message_html,
    pictures,
)
from router.store.pages_ticket import (
    ClockView,
    EntryView,
    TicketView,
    ticket_id,
    ticket_view,
)
from router.store.pages_work import (
    OUTBOX_STATES,
    OutboxLine,
    ParkedLine,
    outbox_rows,
    parked_rows,
    parked_team,
)

__all__ = [
    "OUTBOX_STATES",
    "VIEWS",
    "ClockView",
    "EntryView",
    "Filters",
    "FindingView",
    "IncidentLine",
    "IncidentView",
    "MessageView",
    "OutboxLine",
    "Page",
    "ParkedLine",
    "SecretView",
    "TicketLine",
    "TicketView",
    "Tied",
    "all_agents",
    "all_teams",
    "attachment",
    "counts",
    "incident_list",
    "incident_view",
    "list_tickets",
    "message_html",
    "outbox_rows",
    "parked_rows",
    "parked_team",
    "pictures",
    "search_tickets",
    "ticket_id",
    "ticket_view",
]

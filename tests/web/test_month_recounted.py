"""A month's report as files, against a count made here from the promises alone: no word of the
reports' own code is asked."""

import csv
import io
import json
import re
from datetime import timedelta
from random import Random

import openpyxl
import pypdf
import pytest

from router import desk, escalate, reports
from router.core.rights import Who
from router.errors import RouterError
from tests.web.conftest import submitted

MONTH = "from=2026-11-01&to=2026-11-30&lang=en"
KINDS = {
    "first_response": "First answer",
    "next_response": "Next answer",
    "resolution": "Settled",
}
WORDS = (
    "My transfer is still pending since yesterday",
    "There is a payment I did not make, somebody hacked my account",
    "我忘记密码了，重置链接打不开",
)


@pytest.fixture
def lived(router, frozen, agents):
    """Some busy days of a desk: answered in time, late or never, closed, opened again."""
    draw = Random(11)
    who = Who(agents["manager"], "Manager", "manager", frozenset({1, 2}))
    tickets = []
    for number in range(60):
        frozen.advance(timedelta(minutes=draw.choice((3, 20, 90, 400))))
        if number % 4 == 0:
            tickets.append(submitted(router, draw.choice(WORDS)).ticket_id)
        ticket, once = draw.choice(tickets), f"r{number}"
        act = draw.choice(
            (
                lambda ticket=ticket, once=once: desk.reply(
                    router, who, ticket, "Soon.", once=once
                ),
                lambda ticket=ticket: desk.close(router, who, ticket),
                lambda ticket=ticket: desk.reopen(router, who, ticket),
                lambda: escalate.sweep(router),
            )
        )
        try:
            act()
        except RouterError:
            continue  # closed twice, or reopened while it was open
    frozen.advance(timedelta(minutes=1))
    escalate.sweep(router)
    reports.sweep(router, timedelta(0))
    return router


@pytest.fixture
def counted(lived):
    """How many promises of each kind were (kept, broken), from the promises' own rows."""
    found = {kind: [0, 0] for kind in KINDS}
    with lived.store.reading() as unit:
        waived = {
            (row.ticket_id, json.loads(row.params)["kind"], row.at)
            for row in unit.rows("SELECT ticket_id, params, at FROM entry WHERE code='sla_waived'")
        }
        rows = unit.rows("SELECT ticket_id, kind, due_at, met_at, breached_at FROM sla_clock")
    for row in rows:
        late = row.met_at is not None and row.due_at is not None and row.met_at > row.due_at
        if row.breached_at is not None or late:
            found[row.kind][1] += 1
        elif row.met_at is not None and (row.ticket_id, row.kind, row.met_at) not in waived:
            found[row.kind][0] += 1
    assert all(sum(pair) for pair in found.values())
    return found


def test_the_csv_adds_up_to_the_recount(counted, browser_of):
    text = browser_of("manager").get(f"/reports/sla/file.csv?{MONTH}").text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    for kind, (kept, broken) in counted.items():
        assert sum(int(row[f"{kind}_kept"] or 0) for row in rows) == kept
        assert sum(int(row[f"{kind}_broken"] or 0) for row in rows) == broken


def test_the_workbook_says_what_the_recount_says(counted, browser_of):
    data = browser_of("manager").get(f"/reports/sla/file.xlsx?{MONTH}").data
    sheet = openpyxl.load_workbook(io.BytesIO(data))["All together"]
    rows = {row[0].value: [cell.value for cell in row[1:4]] for row in sheet.iter_rows()}
    for kind, (kept, broken) in counted.items():
        share, *counts = rows[KINDS[kind]]
        assert counts == [kept, broken]
        assert share == pytest.approx(100 * kept / (kept + broken), abs=0.05)


def test_the_pdf_says_what_the_recount_says(counted, browser_of):
    data = browser_of("manager").get(f"/reports/sla/file.pdf?{MONTH}").data
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    plain = re.sub(r"\s+", " ", text).partition("All together")[2]
    for kind, (kept, broken) in counted.items():
        share = 100 * kept / (kept + broken)
        assert f"{KINDS[kind]} {share:.1f}% {kept} {broken} " in plain

"""The reports over HTTP: right figures, each leading to its tickets, within rights, as files."""

import csv
import html
import io
import re
from datetime import timedelta

import openpyxl
import pypdf
import pytest

from router import desk, escalate, reports
from router.core.rights import Who
from router.store import calls
from router.store.shapes import CallRow
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database

NONE = timedelta(0)
PAGES = ("/reports/sla", "/reports/load", "/reports/quality")


def _count(router, frozen):
    frozen.advance(timedelta(minutes=1))
    escalate.sweep(router)
    reports.sweep(router, NONE)


@pytest.fixture
def worked(router, frozen, agents, calm, alarm):
    """One answered in time and closed, one security matter nobody looked at."""
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}))
    frozen.advance(timedelta(minutes=30))
    desk.reply(router, who, calm.ticket_id, "It arrives today.", once="r1", close=True)
    frozen.advance(timedelta(hours=3))
    _count(router, frozen)
    return router


def _text(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def _row(page, section, first):
    """The cells of one row of a section's table."""
    part = page.split(f'id="s-{section}"', 1)[1].split("<tbody>")[1].split("</tbody>")[0]
    for row in part.split("<tr>")[1:]:
        cells = [
            re.sub(r"<[^>]+>", "", one).strip()
            for one in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        if cells[0] == first:
            return cells
    raise AssertionError(f"no row {first} in {section}")


def test_the_share_met_stands_beside_its_counts(worked, browser_of):
    page = _text(browser_of("manager"), "/reports?lang=en")
    assert _row(page, "total", "First answer")[:4] == ["First answer", "50.0%", "1", "1"]
    assert _row(page, "security", "First answer")[:4] == ["First answer", "0.0%", "0", "1"]
    assert page.index('id="s-security"') < page.index('id="s-total"')
    assert _row(page, "agent_id", "Agent")[1:3] == ["100.0%", "1 / 1"]


def test_service_and_wall_time_stand_side_by_side(worked, browser_of):
    page = _text(browser_of("manager"), "/reports/sla?lang=en")
    assert _row(page, "times", "First answer")[:3] == ["First answer", "service time", "30 min"]


def test_a_breach_has_its_cause_and_leads_to_the_tickets_clock(worked, browser_of, alarm):
    browser = browser_of("manager")
    page = _text(browser, "/reports/sla?lang=en")
    assert _row(page, "causes", "Unassigned")[1] == "1"
    link = re.search(r'href="(/reports/tickets\?[^"]*detail=unassigned[^"]*)"', page)[1]
    behind = _text(browser, link.replace("&amp;", "&"))
    assert f'href="/reports/clock/{alarm.number}"' in behind
    clock = _text(browser, f"/reports/clock/{alarm.number}")
    assert "the promise was broken" in clock.lower()


def _links(page):
    return {
        one.replace("&amp;", "&"): int(shown.replace(",", ""))
        for one, shown in re.findall(r'href="(/reports/tickets\?[^"]+)">([\d,]+)</a>', page)
    }


@pytest.mark.parametrize("path", PAGES)
def test_every_figure_leads_to_as_many_tickets_as_it_says(worked, browser_of, path):
    browser = browser_of("manager")
    links = _links(_text(browser, path))
    assert links
    for link, n in links.items():
        assert _text(browser, link).count('<th scope="row">') == n, link


SECTIONS = ("security", "total", "times", "causes", "channel", "category", "agent_id")


def _parts(page):
    """The tables of a report by their section, without addresses."""
    plain = re.sub(r' href="[^"]*"', "", page)
    return {one: plain.split(f'id="s-{one}"', 1)[1].split("</section>")[0] for one in SECTIONS}


def test_what_was_told_is_told_again_whatever_happened_since(
    worked, router, frozen, browser_of, calm, agents
):
    browser = browser_of("manager")
    page = _text(browser, "/reports/sla?lang=en")
    link = (
        re.search(r'href="(/reports/sla\?[^"]*as_of=\d+[^"]*)"', page)[1].replace("&amp;", "&")
        + "&lang=en"
    )
    assert _parts(_text(browser, link)) == _parts(page)
    who = Who(agents["manager"], "Manager", "manager")
    desk.set_category(router, who, calm.ticket_id, "login.password_reset")
    desk.reopen(router, who, calm.ticket_id)
    desk.close(router, who, calm.ticket_id)
    frozen.advance(timedelta(days=2))
    submitted(router, "Another transfer is pending", subject="late")
    _count(router, frozen)
    later = browser_of("manager")
    assert _parts(_text(later, link)) == _parts(page)
    assert _parts(_text(later, "/reports/sla?lang=en")) != _parts(page)


def test_a_lead_sees_the_own_teams_figures_only(worked, browser_of):
    page = _text(browser_of("lead"), "/reports/sla?lang=en")
    assert _row(page, "total", "First answer")[:4] == ["First answer", "100.0%", "1", "0"]


def test_an_agent_has_no_reports(worked, browser_of):
    assert browser_of("agent").get("/reports").status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_an_empty_and_a_ten_year_period_are_told(router, browser_of, path, language):
    browser = browser_of("manager")
    for days in ("from=2031-01-01&to=2031-01-02", "from=2017-01-01&to=2026-12-31"):
        page = _text(browser, f"{path}?{days}&lang={language}")
        assert 'id="definitions"' in page


@pytest.mark.parametrize(
    "query",
    [
        "from=tomorrow",
        "from=2026-11-02&to=2026-11-01",
        "from=1900-01-01",
        "from=1990-01-01",
        "as_of=x",
    ],
)
def test_a_period_that_is_none_says_so(router, browser_of, query):
    answer = browser_of("manager").get(f"/reports/sla?{query}&lang=en")
    assert answer.status_code == 400
    assert "write dates like" in answer.text


def test_the_csv_has_one_row_a_ticket(worked, browser_of, calm, alarm):
    answer = browser_of("manager").get("/reports/sla/file.csv?lang=en")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["ticket"] for row in rows] == [calm.number, alarm.number]
    assert (rows[0]["first_response_kept"], rows[0]["first_response_service_minutes"]) == (
        "1",
        "30.0",
    )
    assert (rows[1]["first_response_broken"], rows[1]["first_response_cause"]) == (
        "1",
        "unassigned",
    )


def test_a_lead_reads_of_a_ticket_that_left_the_team_what_it_was_there(
    worked, router, browser_of, agents, calm
):
    who = Who(agents["manager"], "Manager", "manager")
    desk.set_category(router, who, calm.ticket_id, "security.compromised")
    desk.move_team(router, who, calm.ticket_id, 2)
    desk.assign(router, who, calm.ticket_id, agents["manager"])
    text = _text(browser_of("lead"), "/reports/sla/file.csv?lang=en")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["ticket"], row["category"]) == (calm.number, "transfer.pending")
    assert (row["team"], row["agent"]) == ("Support", "Agent")
    whole = _text(browser_of("manager"), "/reports/sla/file.csv?lang=en")
    assert "security.compromised" in whole


def test_the_workbook_has_the_figures_as_numbers(worked, browser_of):
    answer = browser_of("manager").get("/reports/sla/file.xlsx?lang=en")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = [[cell.value for cell in row] for row in book["All together"].iter_rows()]
    assert rows[1][:4] == ["First answer", 50, 1, 1]
    assert book["tickets"].max_row == 3


@pytest.mark.parametrize(("language", "words"), [("zh", "首次回复"), ("en", "First answer")])
@pytest.mark.parametrize("kind", ["sla", "load", "quality"])
def test_the_pdf_can_be_read_as_text(worked, browser_of, language, words, kind):
    answer = browser_of("manager").get(f"/reports/{kind}/file.pdf?lang={language}")
    pages = pypdf.PdfReader(io.BytesIO(answer.data)).pages
    text = "".join(page.extract_text() for page in pages)
    title = {"zh": "报表", "en": "report"}[language]
    assert title in text
    if kind == "sla":
        assert words in text


def test_an_export_is_audited(worked, browser_of):
    browser_of("manager").get("/reports/sla/file.csv")
    with worked.store.reading() as unit:
        found = unit.value("SELECT subject FROM audit WHERE action = 'report.export'")
    assert found.startswith("report:sla.csv:")
    page = browser_of("admin").get("/audit?lang=en").text
    assert re.search(r"SLA report \(CSV, \d+ \w+ \d{4} – \d+ \w+ \d{4}\)", page)


def test_a_picture_has_a_title_and_a_table(worked, browser_of):
    page = _text(browser_of("manager"), "/reports/load?lang=en")
    pictures = re.findall(r'<svg [^>]*role="img" aria-labelledby="([^"]+)"', page)
    assert len(pictures) == 3
    for labels in pictures:
        assert all(f'id="{one}"' in page for one in labels.split())
    assert page.count("The figures of this chart") == 3
    assert "style=" not in page


def test_the_oldest_that_wait_are_led_to(worked, browser_of, frozen, alarm):
    frozen.advance(timedelta(days=40))
    page = _text(browser_of("manager"), "/reports/load?lang=en")
    ages = page.split('id="s-ages"')[1].split("</section>")[0]
    link = html.unescape(re.findall(r'href="(/reports/tickets[^"]+)"', ages)[-1])
    assert alarm.number in _text(browser_of("manager"), link)


def test_the_load_of_another_channel_tells_nothing_of_this_one(browser_of, agents, alarm):
    whole = _text(browser_of("manager"), "/reports/load?lang=en")
    page = _text(browser_of("manager"), "/reports/load?lang=en&channel=wechat")
    assert "promises are due within two hours" in whole
    assert "No promise is due" in page
    assert "told for whole teams only" in page
    assert "<svg" not in page


def test_the_load_of_a_channel_tells_what_is_due_in_it(browser_of, agents, alarm):
    page = _text(browser_of("manager"), "/reports/load?lang=en&channel=webform")
    assert "promises are due within two hours" in page


def test_every_report_leads_to_all_others(worked, browser_of):
    tabs = (*PAGES, "/reports/wall", "/reports/whatif", "/reports/orders")
    manager = browser_of("manager")
    for path in tabs:
        page = manager.get(path).text
        nav = page[
            page.index('<nav class="tabs"') : page.index("</nav>", page.index('class="tabs"'))
        ]
        assert [re.search(rf'href="{one}["?]', nav) is not None for one in tabs] == [True] * 6
        assert len(re.findall('aria-current="page"', nav)) == 1, path


def test_the_wall_shows_who_waits(worked, browser_of, alarm):
    page = _text(browser_of("manager"), "/reports/wall?lang=en")
    assert re.search(r'href="/\?view=security">1</a>', page)
    oldest = page.split('id="w-oldest"')[1].split("</section>")[0]
    assert alarm.number in oldest
    lead = _text(browser_of("lead"), "/reports/wall?lang=en")
    assert alarm.number not in lead


def test_the_wall_counts_who_is_to_be_called_back(router, browser_of, calm):
    def missed(unit):
        call = unit.new_id()
        told = {"channel": "phone", "account": "line", "call_id": "c1", "ticket_id": calm.ticket_id}
        unit.put(CallRow, id=call, started_at=1, heard_at=1, changed_at=1, **told)
        unit.flush()
        calls.ask_back(unit, calm.ticket_id, call)

    router.store.write(missed)
    page = _text(browser_of("lead"), "/reports/wall?lang=en")
    assert re.search(r'To call back</h2>\s*<p class="big"><a href="/calls">1</a>', page)


def test_the_wall_tells_and_counts_what_is_due_within_two_hours(browser_of, agents, calm, alarm):
    for role, seen, hidden in (("manager", alarm, None), ("lead", calm, alarm)):
        page = _text(browser_of(role), "/reports/wall?lang=en")
        due = page.split('id="w-due"')[1].split("</section>")[0]
        assert int(re.search(r'href="/reports/load">(\d+)<', due)[1]) == due.count("<li>") > 0
        assert f'href="/ticket/{seen.number}"' in due
        assert hidden is None or hidden.number not in due


# ---------------------------------------------------------------- reports that come


def test_a_report_is_ordered_sent_now_and_ended(router, browser_of):
    browser = browser_of("manager")
    data = {"kind": "sla", "every": "month", "hour": "9", "form": "pdf", "target": "mail"}
    assert browser.post("/reports/orders", data).status_code == 303
    page = browser.get("/reports/orders?lang=en").text
    assert "on the first at 09:00" in page
    order = re.search(r"/reports/orders/(\d+)", page)[0]
    assert browser.post(order, {"now": "1"}).status_code == 303
    assert browser_of("lead").post(order).status_code == 404
    assert browser.post(order).status_code == 303
    assert browser.post(order).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "gossip"}, {"every": "blue moon"}, {"hour": "24"}, {"hour": "-1"}, {"target": "x"}],
)
def test_an_order_of_what_is_not_offered_is_refused(browser_of, wrong):
    data = {"kind": "sla", "every": "day", "hour": "9", "form": "pdf", "target": "mail", **wrong}
    assert browser_of("manager").post("/reports/orders", data).status_code == 400

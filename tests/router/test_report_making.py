"""The reports from the terminal: the figures of the pages, and the proof of what is kept."""

from datetime import timedelta

import pytest

from router import reports
from router.errors import Invalid
from router.reports import making
from router.terminal import recounting
from tests.fakes import FakeDoor, FakeDoors
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database
DAYS = ("2026-11-01", "2026-11-30")


@pytest.fixture
def desk(assembled, settings_of, frozen):
    """A desk with one ticket that was counted."""
    router = assembled(doors=FakeDoors(FakeDoor()))
    submitted(router, "My transfer is still pending since yesterday")
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, timedelta(0))
    return router


@pytest.mark.parametrize(("language", "words"), [("zh", "质量报表"), ("en", "Quality report")])
def test_a_report_is_told_in_the_managers_language(desk, language, words):
    told = making.made(desk, "quality", DAYS, "text", language).decode()
    assert told.startswith(words)
    row = next(line for line in told.splitlines() if line.startswith(("新工单", "New tickets")))
    assert row.split()[-2:] == ["1", "0"]


@pytest.mark.parametrize(
    ("form", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", "\ufeffticket".encode())]
)
def test_a_report_is_made_as_a_file(desk, form, begins):
    assert making.made(desk, "sla", DAYS, form, "zh").startswith(begins)


def test_days_that_are_none_are_refused(desk):
    for days in (
        ("soon", ""),
        ("2026-11-02", "2026-11-01"),
        ("0001-01-01", ""),
        ("", "9999-12-31"),
        ("1990-01-01", "2026-11-01"),
    ):
        with pytest.raises(Invalid, match="; write "):
            making.made(desk, "sla", days, "text", "en")


def test_a_recount_finds_what_was_forgotten_and_mends_it(desk):
    desk.store.write(lambda unit: unit.run("DELETE FROM figure WHERE what = 'arrived'"))
    assert {cell.what for cell in recounting.recount(desk, rebuild=False)} == {"arrived"}
    assert recounting.recount(desk, rebuild=True) == []

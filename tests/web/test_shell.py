"""What the pages around the inbox say: times to come, and whether everything is well."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.store import claims
from tests.pages import app_of

pytestmark = pytest.mark.one_database

ZONE = ZoneInfo("Asia/Shanghai")


def _words(page):
    return re.sub(r"<[^>]+>", "", page).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("at", "language", "said"),
    [
        (datetime(2026, 11, 24, 10, 0, tzinfo=ZONE), "en", "The desk closes today at 22:00."),
        (datetime(2026, 11, 24, 10, 0, tzinfo=ZONE), "zh", "服务至今天 22:00。"),
        (datetime(2026, 11, 24, 7, 0, tzinfo=ZONE), "en", "back today at 08:00 (in 1 h)."),
        (datetime(2026, 11, 24, 22, 0, tzinfo=ZONE), "en", "back tomorrow at 08:00 (in 10 h)."),
        (datetime(2026, 11, 24, 22, 0, tzinfo=ZONE), "zh", "将于明天 08:00（10 小时后）恢复"),
        (datetime(2026, 11, 24, 6, 0, 9, tzinfo=ZONE), "en", "back today at 08:00 (in 2 h)."),
        (datetime(2026, 11, 24, 7, 44, 50, tzinfo=ZONE), "zh", "今天 08:00（15 分钟后）"),
    ],
)
def test_the_form_says_when_people_are_there(browser_of, frozen, at, language, said):
    frozen.set(at)
    assert said in _words(browser_of(None).get(f"/contact?lang={language}").text)


@pytest.mark.parametrize("hotline", ["", "400 000 0000"])
def test_the_hotline_is_told_when_there_is_one(assembled, hotline):
    app = app_of(assembled(desk={"hotline": hotline}))
    page = app.test_client().get("/contact?lang=en").text
    app.extensions["hub"].close()
    assert ("Or call 400 000 0000." in page) == bool(hotline)
    assert ("Or call" in page) == bool(hotline)


def test_a_stranger_on_a_lost_link_is_not_told_of_teams(browser_of):
    page = browser_of(None).get("/t/made-up?lang=en").text
    assert "the link has expired" in page
    assert "another team" not in page


def test_status_is_well_while_the_worker_reports_and_ill_once_it_is_silent(
    router, browser_of, frozen
):
    browser = browser_of("manager")
    router.store.write(lambda unit: claims.report(unit, "clock", ok=True))
    assert "All is well" in browser.get("/status?lang=en").text
    frozen.advance(timedelta(minutes=3))
    page = _words(browser.get("/status?lang=en").text)
    assert "All is well" not in page
    assert "It has not reported since 3 min ago" in page

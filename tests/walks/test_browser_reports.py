"""The reports in a real browser: readable at every width, light and dark, without a barrier."""

from datetime import timedelta

import pytest

from router import desk, escalate, form, reports
from router.core.rights import Who
from router.store import people
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser

PATHS = (
    "/reports",
    "/reports/load",
    "/reports/quality",
    "/reports/wall",
    "/reports/tickets?what=decided",
)


@pytest.fixture
def worked(router, lead, frozen):
    """Some answered, some late, all counted; the number of one that was answered."""
    who = Who(lead, "王华", "lead", frozenset({1, 2}), "zh")
    taken = None
    for number in range(4):
        fields = {
            "idempotency_key": f"k{number}",
            "locale": "zh-CN",
            "body": "转账一直处理中" if number else "有一笔不是我的扣款",
            "subject": "wallet-" + "x" * 60,
            "email": f"p{number}@mail.example",
        }
        taken = form.submit(router, fields, [], source=f"203.0.113.{number}", spam=False)
    desk.reply(router, who, taken.ticket_id, "明天到账", once="r", close=True)
    frozen.advance(timedelta(hours=6))
    escalate.sweep(router)
    reports.sweep(router, timedelta(0))
    return taken.number


@pytest.mark.parametrize("look", looks())
def test_every_report_fits_and_has_no_barrier(router, lead, worked, visit, axe, look):
    width, scheme, locale = look
    secret = router.store.write(lambda unit: people.open_session(unit, lead, hours=12))
    cookie = {"name": "desk", "value": secret, "domain": "127.0.0.1", "path": "/"}
    kept = {**cookie, "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    page = visit(
        "/reports",
        storage_state={"cookies": [kept], "origins": []},
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale=locale,
    )
    for path in (*PATHS, f"/reports/clock/{worked}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert axe(page) == [], path

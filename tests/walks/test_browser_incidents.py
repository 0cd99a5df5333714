"""The pages of incidents in a real browser: readable at every width, worked by keys alone."""

import pytest

from router import form, incidents, waves
from router.core.rights import Who
from router.store import people
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser

ZH, EN = "请不要打开短信里的网址，我们从不这样联系您。", "Do not open that page; we never write so."


@pytest.fixture
def campaign(router, lead):
    """Five people name the same page, two of them write twice; the id of their incident."""
    for number in range(7):
        body = f"{number} they sent me a message that leads to https://pay-check.example/{number}"
        fields = {
            "idempotency_key": body,
            "locale": "zh-CN" if number % 2 else "en",
            "body": f"{body} 让我填写银行卡" if number % 2 else body,
            "subject": "短信里的网址 wallet-" + "x" * 40 if number == 1 else "A strange message",
            "email": f"p{number % 5}@mail.example",
        }
        form.submit(router, fields, [], source=f"203.0.113.{number}", spam=False)
    waves.sweep(router)
    with router.store.reading() as unit:
        return unit.value("SELECT id FROM incident")


@pytest.fixture
def lead_page(router, lead, visit):
    """Opens a page where the lead is signed in."""

    def make(path, **options):
        secret = router.store.write(lambda unit: people.open_session(unit, lead, hours=1))
        cookie = {"name": "desk", "value": secret, "domain": "127.0.0.1", "path": "/"}
        kept = {**cookie, "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
        return visit(path, storage_state={"cookies": [kept], "origins": []}, **options)

    return make


def _look(look):
    width, scheme, locale = look
    return {
        "viewport": {"width": width, "height": 900},
        "color_scheme": scheme,
        "locale": locale,
    }


@pytest.mark.parametrize("look", looks())
def test_every_page_fits_and_passes_the_check_of_accessibility(
    router, lead, campaign, lead_page, axe, look
):
    who = Who(lead, "王华", "lead", frozenset({1, 2}), "zh")
    incidents.write_answer(router, who, campaign, ZH, EN)
    incidents.set_banner(router, who, campaign, ZH, EN)
    page = lead_page("/incidents", **_look(look))
    with router.store.reading() as unit:
        number = unit.value("SELECT t.number FROM link l JOIN ticket t ON t.id = l.ticket_id")
    for path in ("/incidents", f"/incidents/{campaign}", f"/ticket/{number}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert axe(page) == [], path


def test_an_answer_is_written_seen_and_sent_by_keys_alone(router, campaign, lead_page):
    page = lead_page(f"/incidents/{campaign}", locale="en-GB")
    page.locator("#answer_zh").focus()
    page.keyboard.type(ZH)
    page.keyboard.press("Tab")
    page.keyboard.type(EN)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#preview")
    preview = page.locator("#preview")
    assert "7" in preview.inner_text()
    preview.locator("button").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    with router.store.reading() as unit:
        sent = unit.value("SELECT COUNT(*) FROM outbox WHERE once LIKE 'incident:%'")
    assert sent == 7


@pytest.mark.slow
def test_a_suggestion_is_accepted_without_leaving_the_ticket(router, campaign, lead_page):
    with router.store.reading() as unit:
        number = unit.value("SELECT t.number FROM link l JOIN ticket t ON t.id = l.ticket_id")
    page = lead_page(f"/ticket/{number}", locale="en-GB")
    page.locator("section.suggested button").first.click()
    page.locator("section.suggested").wait_for(state="detached")
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM link WHERE kind = 'related'") == 1

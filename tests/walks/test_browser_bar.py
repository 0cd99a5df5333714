"""The bar on top of every page in a real browser: whole at every width; its menu by keyboard."""

import pytest

from router.store import notices
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser

WIDTHS = (1920, 1440, 1200, 1024, 900, 768, 705, 600, 390)
#: Parts of the bar that are cut, or lie over one another or beyond the window.
FAULTS = """() => {
    const parts = ".bar .brand, .bar .pages > a, .bar summary, .bar .own > *";
    const shown = [...document.querySelectorAll(parts)]
        .filter((one) => one.getClientRects().length);
    const box = (one) => one.getBoundingClientRect();
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const over = shown.filter((one) => box(one).left < -1 || box(one).right > innerWidth + 9
        || shown.some((other) => other !== one && meet(box(one), box(other))));
    const name = document.querySelector(".bar .brand span");
    const cut = getComputedStyle(name).position !== "absolute"
        && name.scrollWidth > name.clientWidth + 1;
    return [...(cut ? ["the desk's name"] : []), ...over.map((one) => one.textContent.trim())];
}"""


@pytest.fixture
def router(assembled):
    """A desk that gives tickets out, so that everybody says whether they are here."""
    return assembled(assignment={"mode": "load"}, desk={"name_en": "Wallet Support Desk"})


@pytest.mark.parametrize("locale", ["zh-CN", pytest.param("en", marks=pytest.mark.slow)])
def test_the_bar_is_whole_at_every_width(signed_in, locale):
    page = signed_in("/macros", locale=locale)
    wrong = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if faults := page.evaluate(FAULTS):
            wrong[width] = faults
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    assert wrong == {}
    assert page.locator(".bar .presence button").is_visible()


def test_the_menu_is_opened_read_and_closed_with_the_keyboard_alone(signed_in):
    page = signed_in("/macros")
    menu = page.locator(".bar summary")
    assert menu.get_attribute("aria-current") == "true"
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.pathname") == "/outbox"
    page.keyboard.press("Escape")
    assert page.locator(".drawer").is_hidden()
    assert menu.evaluate("one => one === document.activeElement")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/macros")


@pytest.mark.slow
def test_the_menu_closes_when_somebody_goes_on(signed_in):
    page = signed_in("/macros")
    page.locator(".bar summary").click()
    page.mouse.click(20, 600)
    assert page.locator(".drawer").is_hidden()
    page.locator(".bar summary").click()
    page.locator(".bar .own a").first.focus()
    assert page.locator(".drawer").is_hidden()


@pytest.mark.slow
def test_the_menu_works_without_scripts(signed_in):
    page = signed_in("/macros", java_script_enabled=False)
    page.locator(".bar summary").click()
    page.locator(".drawer a", has_text="Status").click()
    page.wait_for_url("**/status")


@pytest.mark.parametrize("look", looks())
def test_the_open_menu_has_no_barrier(signed_in, axe, look):
    width, scheme, locale = look
    viewport = {"width": width, "height": 844}
    page = signed_in("/macros", viewport=viewport, color_scheme=scheme, locale=locale)
    page.locator(".bar summary").click()
    assert axe(page) == []
    heights = page.locator(".bar a:visible, .bar summary").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 24


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_the_number_of_notices_stands_on_no_word(router, signed_in, lead, locale):
    def work(unit):
        for one in range(12):
            named = {"channel": "email", "account": f"box {one}"}
            notices.tell(unit, f"stop {one}", "channel_stopped", [lead], [], **named)

    router.store.write(work)
    page = signed_in("/me", viewport={"width": 390, "height": 700}, locale=locale)
    over = page.evaluate(
        """() => {
            const badge = document.getElementById("unread").getBoundingClientRect();
            const words = document.createRange();
            return [...document.querySelectorAll(".bar .pages > a")].filter((link) => {
                words.selectNodeContents(link.firstChild);
                const one = words.getBoundingClientRect();
                return one.left < badge.right - 1 && one.right > badge.left + 1 && badge.width;
            }).map((link) => link.textContent);
        }"""
    )
    assert over == []

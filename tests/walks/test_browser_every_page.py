"""Every page that links lead to, found as a reader finds it: a new page is walked without being
named here."""

import re

import pytest

from router.web.speech import catalogue
from scripts import screenshots
from tests.walks.conftest import Complaints, looks

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

#: What a page says, but for names of settings and the like.
_WORDS = """() => {
    const all = document.body.cloneNode(true);
    for (const one of all.querySelectorAll("code, script")) one.remove();
    return all.textContent;
}"""
_DOTTED = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")


@pytest.fixture(scope="module")
def demo():
    with screenshots.demo_desk() as desk:
        yield desk


@pytest.mark.parametrize("look", looks())
def test_every_page_fits_speaks_and_has_no_barrier(browser, demo, axe, look):
    width, scheme, language = look
    asked = screenshots.Look(language[:2], scheme, (width, 900))
    complaints, found = Complaints(), {}
    with screenshots.opened(browser, demo, screenshots.Look()) as page:
        pages = {**dict(screenshots.found_pages(page)), **demo.made}
    assert len(pages) > 50
    with screenshots.opened(browser, demo, asked) as page:
        complaints.listen(page)
        for name, path in pages.items():
            page.goto(path)
            wrong = axe(page)
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                wrong.append("wider than the screen")
            if page.locator("html").get_attribute("lang") != language:
                wrong.append("in another language")
            said = _DOTTED.findall(page.evaluate(_WORDS))
            wrong += [f"untranslated: {one}" for one in said if one in catalogue()["en"]]
            if wrong:
                found[name] = wrong
    assert found == {}
    assert [one for one in complaints if "404" not in one] == []

"""The page on which managers suppose."""

import pytest

pytestmark = pytest.mark.one_database


def test_a_manager_supposes_and_reads_the_answer_in_their_language(calm, browser_of):
    browser = browser_of("manager")
    page = browser.get("/reports/whatif?lang=en&hours=07:00-23:00&targets=P2=60,+P3=100&agents=2")
    assert page.status_code == 200
    assert "Promises as they were and as they would be" in page.text
    assert 'value="07:00-23:00"' in page.text
    assert "假设推演" in browser.get("/reports/whatif?lang=zh").text
    assert "/reports/whatif" in browser.get("/reports").text


@pytest.mark.parametrize(
    "query", ["hours=always", "targets=P9", "agents=x", "from=soon", "holidays=zz", "agents=9999"]
)
def test_what_cannot_be_supposed_is_said_beside_the_form(browser_of, query):
    page = browser_of("manager").get(f"/reports/whatif?lang=en&{query}")
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_agents_and_leads_are_not_asked(browser_of):
    for role in ("agent", "lead"):
        assert browser_of(role).get("/reports/whatif").status_code == 403

"""An article written in a real browser: seen as it will be told while it is typed, and saved."""

import pytest

pytestmark = pytest.mark.browser

HOSTILE = "1. <img src=x onerror=alert(1)> **bold** {desk}\n\n<script>alert(1)</script>"


def _shown(page):
    return page.locator("#preview article[lang=en]")


def test_what_is_typed_is_shown_as_it_will_be_told_and_never_runs(signed_in):
    page = signed_in("/articles/login-reset")
    spoken = []
    page.on("dialog", lambda dialog: (spoken.append(dialog.message), dialog.dismiss()))
    page.locator("#body_en").fill(HOSTILE)
    page.wait_for_selector("#preview article[lang=en] strong")
    assert "<script>alert(1)</script>" in _shown(page).inner_text()
    assert "Wallet Support" in _shown(page).inner_text()
    assert _shown(page).locator("img, script").count() == 0
    assert page.locator("#unsaved").inner_text() == "Not saved yet"
    assert spoken == []


@pytest.mark.slow
def test_a_fault_is_said_beside_its_field_while_it_is_typed_and_goes_with_it(signed_in):
    page = signed_in("/articles/login-reset")
    body = page.locator("#body_en")
    body.fill("1. Go [there](javascript:alert(1))")
    page.wait_for_selector("#faults-body_en .fault")
    assert body.get_attribute("aria-invalid") == "true"
    body.fill("1. Go [there](https://desk.example/)")
    page.wait_for_selector("#faults-body_en .fault", state="detached")
    assert body.get_attribute("aria-invalid") is None


@pytest.mark.slow
def test_an_article_is_written_and_an_earlier_version_comes_back(signed_in):
    page = signed_in("/articles/login-reset")
    page.locator("#body_en").fill("1. Only this.")
    page.get_by_role("button", name="Save and publish").click()
    page.wait_for_selector("[role=status].notice")
    page.goto("/help/login-reset")
    assert page.locator("ol.next").inner_text() == "Only this."
    page.goto("/articles/login-reset")
    page.get_by_role("button", name="Restore version 1").click()
    page.wait_for_selector("[role=status].notice")
    page.goto("/help/login-reset")
    assert "Forgot password" in page.locator("ol.next").inner_text()


@pytest.mark.slow
def test_an_article_is_written_without_scripts(signed_in):
    page = signed_in("/articles/login-reset", java_script_enabled=False)
    page.locator("#body_en").fill("1. Only **this**.")
    page.get_by_role("button", name="Preview").click()
    assert _shown(page).locator("strong").inner_text() == "this"
    page.get_by_role("button", name="Save and publish").click()
    page.goto("/help/login-reset")
    assert page.locator("ol.next").inner_text() == "Only this."

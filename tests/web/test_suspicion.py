"""What no person types: NULs and halves of characters, wherever a request can hold them."""

import re

import pytest


@pytest.mark.parametrize(
    "address", ["/?q=a%00b", "/?q=after%3A2300-01-01&tag=%00", "/ticket/W%00T"]
)
def test_an_address_that_holds_what_no_database_keeps_breaks_nothing(browser_of, calm, address):
    assert browser_of("agent").get(address).status_code in (200, 404)


def test_what_nobody_types_is_left_out_of_a_reply(router, browser_of, calm):
    browser, at = browser_of("agent"), f"/ticket/{calm.number}"
    page = browser.get(at)
    said = {
        "text": "It will\0 arrive.",
        "once": "o1\0",
        "seen": re.search(r'name="seen" value="([^"]*)"', page.text)[1],
    }
    assert browser.post(f"{at}/reply", said).status_code == 303
    with router.store.reading() as unit:
        assert unit.value("SELECT text FROM message WHERE direction = 'out'") == "It will arrive."


@pytest.mark.parametrize("written", ["\\ud800", "a\\u0000b", "\\udc00\\ud83d"])
def test_half_a_character_from_the_wallets_programs_breaks_nothing(app, written):
    body = (
        f'{{"idempotency_key": "key-{written}-1", "email": "ann{written}@mail.example", '
        f'"body": "My transfer{written} is pending", "subject": "{written}"}}'
    )
    answer = app.test_client().post(
        "/api/v1/intake/webform", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (202, 400, 422)

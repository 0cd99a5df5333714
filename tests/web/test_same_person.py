"""Two requesters who may be one person: suggested with evidence, decided by people, taken back."""

import pytest

from tests.web.conftest import submitted

NUMBER = "+8613800000000"


@pytest.fixture
def two(router):
    """Ann wrote by mail address and gave a number; somebody left only that number another time."""
    first = submitted(
        router, "My transfer is pending", email="ann@mail.example", phone="138 0000 0000"
    )
    second = submitted(router, "I forgot my password", email="", phone=NUMBER, name="")
    return first, second


def rows(router, sql, **params):
    with router.store.reading() as unit:
        return unit.rows(sql, **params)


def requesters(router):
    return [row.requester_id for row in rows(router, "SELECT requester_id FROM ticket ORDER BY id")]


def other_of(router, taken):
    return str(
        rows(
            router,
            "SELECT requester_id FROM ticket WHERE number <> :number",
            number=taken.number,
        )[0].requester_id
    )


def test_it_is_suggested_on_both_sides_with_its_evidence_and_never_done_by_itself(
    router, browser_of, two
):
    first, second = two
    browser = browser_of("agent")
    assert len(set(requesters(router))) == 2
    page = browser.get(f"/ticket/{first.number}?lang=en").text
    assert "The same person?" in page
    assert "This requester gave the other" in page
    assert "138****0000" in page
    page = browser.get(f"/ticket/{second.number}?lang=en").text
    assert "The other gave this requester" in page
    assert f'href="/ticket/{first.number}"' in page


def test_joined_the_history_shows_all_channels_and_parted_it_is_as_before(router, browser_of, two):
    first, second = two
    browser, before = browser_of("agent"), requesters(router)
    other = other_of(router, first)
    path = f"/ticket/{first.number}/same-person"
    assert browser.post(path, {"requester": other, "accept": "yes"}).status_code == 303
    assert len(set(requesters(router))) == 1
    page = browser.get(f"/ticket/{first.number}?lang=en").text
    assert "I forgot my password" in page or second.number in page
    assert "Take it back" in page
    third = submitted(router, "and another matter", email="", phone=NUMBER, name="")
    assert len(set(requesters(router))) == 1
    (joining,) = rows(router, "SELECT * FROM one_person")
    part = f"/ticket/{first.number}/two-people"
    assert browser.post(part, {"joining": str(joining.id)}).status_code == 303
    after = requesters(router)
    assert after[:2] == before
    assert after[2] == before[1], third.number
    assert browser.post(part, {"joining": str(joining.id)}).status_code == 409
    actions = [row.action for row in rows(router, "SELECT action FROM audit ORDER BY id")]
    assert "requester.people_joined" in actions
    assert "requester.people_parted" in actions


def test_who_was_told_apart_is_not_suggested_again(router, browser_of, two):
    first, second = two
    browser = browser_of("agent")
    told = {"requester": other_of(router, first), "accept": "no"}
    browser.post(f"/ticket/{first.number}/same-person", told)
    for one in two:
        assert "same-person" not in browser.get(f"/ticket/{one.number}").text
    again = browser.post(f"/ticket/{second.number}/same-person", {**told, "accept": "yes"})
    assert again.status_code == 404


def test_nothing_is_joined_that_nothing_speaks_for(router, browser_of, two):
    first, _ = two
    stranger = submitted(router, "Where is my card", email="ann2@mail.example", name="Ann")
    (row,) = rows(
        router, "SELECT requester_id FROM ticket WHERE number = :number", number=stranger.number
    )
    answer = browser_of("agent").post(
        f"/ticket/{first.number}/same-person",
        {"requester": str(row.requester_id), "accept": "yes"},
    )
    assert answer.status_code == 404
    assert len(set(requesters(router))) == 3


def test_nobody_is_suggested_whose_tickets_the_viewer_may_not_see(router, browser_of):
    alarm = "There is a payment I did not make, somebody hacked my account"
    first = submitted(
        router, "My transfer is pending", email="ann@mail.example", phone="13800000000"
    )
    submitted(router, alarm, email="", phone="13800000000", name="")
    assert "same-person" not in browser_of("agent").get(f"/ticket/{first.number}").text
    assert "same-person" in browser_of("manager").get(f"/ticket/{first.number}").text


def test_one_number_in_two_spellings_is_evidence_and_two_numbers_are_none(router, browser_of):
    first = submitted(router, "Hello there", email="", phone="13800000000", name="")
    submitted(router, "Hello again here", email="", phone=NUMBER, name="")
    other = submitted(router, "Hello from elsewhere", email="", phone="+8613911112222", name="")
    browser = browser_of("agent")
    assert "two spellings" in browser.get(f"/ticket/{first.number}?lang=en").text
    assert "same-person" not in browser.get(f"/ticket/{other.number}").text


def test_joining_lets_no_handle_write_on_the_others_tickets(router, browser_of, two):
    first, _ = two
    participants = rows(router, "SELECT ticket_id, identity_id FROM participant ORDER BY 1, 2")
    told = {"requester": other_of(router, first), "accept": "yes"}
    browser_of("agent").post(f"/ticket/{first.number}/same-person", told)
    assert rows(router, "SELECT ticket_id, identity_id FROM participant ORDER BY 1, 2") == (
        participants
    )

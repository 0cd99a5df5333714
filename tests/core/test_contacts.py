"""Somebody who writes again about something else, on whatever channel, within a day."""

import pytest

from router.core.bilingual import for_reader
from router.core.waves.contacts import MOST, Contacts, keys_of

HOUR = 3_600_000_000
ANN = keys_of(1, "email", "ann@mail.example", ())


@pytest.fixture
def contacts():
    return Contacts(24 * HOUR)


def test_another_ticket_within_the_time_is_a_repeat(contacts):
    assert contacts.wrote(ANN, 100, 0) == 0
    assert contacts.wrote(ANN, 200, HOUR) == 100


def test_the_same_ticket_is_none(contacts):
    contacts.wrote(ANN, 100, 0)
    assert contacts.wrote(ANN, 100, HOUR) == 0


def test_after_the_time_it_is_none(contacts):
    contacts.wrote(ANN, 100, 0)
    assert contacts.wrote(ANN, 200, 25 * HOUR) == 0
    assert len(contacts) == len(ANN)


def test_a_number_given_in_a_form_is_known_when_it_calls(contacts):
    form = keys_of(1, "email", "ann@mail.example", [("phone", "138-0013-8000")])
    call = keys_of(2, "phone", "+8613800138000", ())
    contacts.wrote(form, 100, 0)
    assert contacts.wrote(call, 200, HOUR) == 100


def test_an_address_has_one_spelling(contacts):
    contacts.wrote(keys_of(1, "wechat", "openid", [("email", "Ann@Mail.example ")]), 100, 0)
    assert contacts.wrote(keys_of(2, "email", "ann@mail.example", ()), 200, 1) == 100


def test_strangers_are_strangers(contacts):
    contacts.wrote(ANN, 100, 0)
    assert contacts.wrote(keys_of(2, "email", "bo@mail.example", ()), 200, 1) == 0


def test_nobody_is_known_by_being_unknown(contacts):
    contacts.wrote(keys_of(9, "email", "unknown", ()), 100, 0)
    assert contacts.wrote(keys_of(9, "email", "unknown", ()), 200, 1) == 0


def test_a_machine_that_passes_messages_on_is_no_frightened_person(contacts):
    found = [contacts.wrote(ANN, ticket, ticket) for ticket in range(1, 20)]
    assert all(found[1 : MOST - 1])
    assert not any(found[MOST:])


def test_no_time_means_never():
    contacts = Contacts(0)
    contacts.wrote(ANN, 100, 0)
    assert contacts.wrote(ANN, 200, 0) == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "转账失败"), ("zh-Hant", "轉帳失敗"), ("en", "failed"), ("", "failed")],
)
def test_a_reader_gets_what_the_desk_wrote_in_their_own_script(language, text):
    assert for_reader(language, "转账失败", "failed") == text


def test_who_writes_in_no_known_language_reads_the_desks():
    assert for_reader("", "转账失败", "failed", "zh") == "转账失败"

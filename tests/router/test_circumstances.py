"""What is known of a message besides its words: hours, sender, earlier contact, files."""

from datetime import timedelta

import pytest

from router import pipeline
from router.prepared import Terms
from router.rulebook import Rulebook
from rules.engine import compile_files
from tests.drafts import SERVICE
from tests.fakes import FakeDoor, FakeDoors

RULE = (
    SERVICE
    + """
[[rule]]
id = "other.service.circumstance"
category = "other.service"
any = ["blue parrot"]
when = {{ {when} }}
match = ["a blue parrot"]
no_match = ["a wasp"]
"""
)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def judged(assembled, door):
    """Takes mails in under one rule with these conditions; tells each one's category."""

    def of(when, *mails, later=timedelta()):
        rules = Rulebook(compile_files([], {"a.toml": RULE.format(when=when)}), {})
        router = assembled(doors=FakeDoors(door), rules=rules)
        found = []
        for mail in mails:
            raw = door.arrives(**{"text": "a blue parrot", **mail})
            taken = pipeline.receive(router, door, [raw], Terms())[0]
            with router.store.reading() as unit:
                found.append(
                    unit.value(
                        "SELECT category FROM verdict WHERE message_id = :id", id=taken.message_id
                    )
                )
            router.clock.advance(later)
        return found

    return of


UNSORTED, MET = "other.unsorted", "other.service"


def test_a_stranger_is_unknown_and_somebody_who_wrote_before_is_known(judged):
    assert judged('sender = "known"', {}, {"subject": "again"}) == [UNSORTED, MET]


def test_the_first_message_of_a_sender_is_from_an_unknown_one(judged):
    assert judged('sender = "unknown"', {}, {"subject": "again"}) == [MET, UNSORTED]


@pytest.mark.parametrize(("minutes", "category"), [(29, MET), (31, UNSORTED)])
def test_a_repeat_counts_within_its_time(judged, minutes, category):
    found = judged("repeat_minutes = 30", {}, {"subject": "2"}, later=timedelta(minutes=minutes))

    assert found == [UNSORTED, category]


def test_others_who_wrote_are_no_repeat(judged):
    mails = {"from": "bob@mail.example"}, {"from": "eve@mail.example"}

    assert judged("repeat_minutes = 30", *mails) == [UNSORTED, UNSORTED]


@pytest.mark.parametrize(("hours", "later"), [("inside", 0), ("outside", 13)])
def test_hours_are_those_of_the_desk(judged, hours, later):
    found = judged(f'hours = "{hours}"', {}, {"subject": "2"}, later=timedelta(hours=later))

    assert found[-1] == MET


def test_the_channel_is_the_one_it_came_by(judged):
    assert judged('channel = "email"', {}) == [MET]
    assert judged('channel = ["chat", "phone"]', {"subject": "2"}) == [UNSORTED]


def test_our_own_rules_ask_for_no_look_up_of_senders(desk_router):
    assert desk_router.rules.asks.isdisjoint({"sender", "repeat_minutes"})

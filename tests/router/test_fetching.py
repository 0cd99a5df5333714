"""Files that lie at a platform: one that cannot be had keeps no other waiting."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.contract import Attachment
from router import fetching, pipeline
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors


class FilesElsewhere(FakeDoor):
    """Its messages have a picture that must be fetched; what it was asked for is in ``asked``,
    and ``meanwhile`` is what else happens while it is had."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.meanwhile = lambda: None

    def parse(self, raw):
        remote = json.loads(raw.data)["remote"]
        picture = Attachment("a.png", "image/png", remote=remote)
        return [replace(one, attachments=(picture,)) for one in super().parse(raw)]

    def fetch(self, remote):
        self.asked.append(remote)
        self.meanwhile()
        if remote == "broken":
            message = "an answer nobody foresaw"
            raise ValueError(message)
        if remote == "nothing":
            return None
        return Attachment("a.png", "image/png", b"\x89PNG")


@pytest.fixture
def door():
    return FilesElsewhere()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def arrive(router, door, frozen):
    def make(remote):
        frozen.advance(timedelta(seconds=1))
        pipeline.receive(router, door, [door.arrives(text="see this", remote=remote)], Terms())

    return make


def left(router):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT remote, attempts, error FROM remote_file ORDER BY attachment_id")
        return [(row.remote, row.attempts, row.error) for row in rows]


@pytest.mark.parametrize("remote", ["broken", "nothing"])
def test_a_file_that_raises_keeps_no_other_waiting(router, arrive, remote):
    arrive(remote)
    arrive("sound")
    assert fetching.sweep(router) == 1
    assert left(router) == [(remote, 1, "")]


def test_a_file_that_always_raises_is_given_up_with_its_reason(router, arrive, frozen):
    arrive("broken")
    for _ in range(12):
        fetching.sweep(router)
        frozen.advance(timedelta(days=1))
    assert left(router) == [("broken", 8, "ValueError")]


def test_two_workers_fetch_each_file_once_however_long_files_take(router, arrive, door, frozen):
    names = [f"file {number}" for number in range(9)]
    for name in names:
        arrive(name)

    def meanwhile():
        frozen.advance(timedelta(seconds=20))
        if len(door.asked) == 7:
            fetching.sweep(router)

    door.meanwhile = meanwhile
    fetching.sweep(router)
    assert sorted(door.asked) == names

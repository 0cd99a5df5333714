"""``router forget`` as an operator uses it."""

from dataclasses import replace

import pytest

from router import pipeline
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors
from tests.router.test_cli import Desk

ANN = "ann@mail.example"


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys, shipped_rules):
    return Desk(tmp_path, monkeypatch, capsys)


@pytest.fixture
def number(desk):
    """Ann wrote to this desk; the number of her ticket."""
    assert desk.run("migrate").code == 0
    door = FakeDoor()
    router = desk.assembled()
    raw = door.arrives(**{"from": ANN, "text": "My transfer is pending"})
    (taken,) = pipeline.receive(replace(router, doors=FakeDoors(door)), door, [raw], Terms())
    router.close()
    return taken.number


def texts(desk):
    return [text for (text,) in desk.rows("SELECT text FROM message")]


def test_a_dry_run_says_what_would_go_and_erases_nothing(desk, number):
    said = desk.run("forget", ANN, "--dry-run")
    assert said.code == 0
    assert "messages: 1" in said.out
    assert texts(desk) == ["My transfer is pending"]


def test_another_word_erases_nothing(desk, number):
    said = desk.run("forget", number, given="yes\n")
    assert said.code == 1
    assert "nothing was erased" in said.out
    assert texts(desk) == ["My transfer is pending"]


@pytest.mark.parametrize("by", ["number", "address"])
def test_the_word_erases_and_it_is_seen_through(desk, number, by):
    said = desk.run("forget", number if by == "number" else ANN, given="erase\n")
    assert said.code == 0, said.err
    assert said.out.endswith("erased\n")
    assert texts(desk) == [""]
    assert desk.rows("SELECT done_at FROM erasure")[0][0] is not None
    assert not (desk.database.parent / "router.sqlite3-wal").exists()


def test_nobody_of_that_name_is_said_in_one_line(desk, number):
    said = desk.run("forget", "nobody@mail.example", "--yes")
    assert said.code == 2
    assert "nobody with that handle" in said.err

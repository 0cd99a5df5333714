"""The log: both shapes, and no secret in either."""

import io
import json
import logging

import pytest

from router import log
from router.errors import StoreDown
from router.settings import LogSettings

PHRASE = "abandon " * 11 + "about"


@pytest.fixture
def written():
    """Begins a log as asked and gives the place it is written to."""
    root = logging.getLogger()
    before, level = root.handlers, root.level

    def begin(**settings):
        place = io.StringIO()
        log.begin(LogSettings(**settings), place)
        return place

    yield begin
    root.handlers = before
    root.setLevel(level)


def test_a_line_for_people_says_when_how_grave_and_who(written):
    place = written()
    logging.getLogger("router.deliver").warning("row %s waits", 7)
    assert " WARNING router.deliver: row 7 waits\n" in place.getvalue()


def test_a_json_line_is_one_object(written):
    place = written(json_lines=True)
    logging.getLogger("router.deliver").warning("第 %s 行", 7)
    line = json.loads(place.getvalue())
    assert (line["event"], line["level"], line["logger"]) == (
        "第 7 行",
        "warning",
        "router.deliver",
    )


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_seed_phrase_in_a_traceback_is_masked(written, json_lines):
    place = written(json_lines=json_lines)
    try:
        int(PHRASE)
    except ValueError:
        logging.getLogger("router.pipeline").exception("could not be read: %s", PHRASE)
    assert "Traceback" in place.getvalue()
    assert "abandon" not in place.getvalue()


def test_an_outage_of_the_database_is_told_by_the_store_alone(written):
    place = written()
    for _ in range(3):
        fault = StoreDown("the disk is full")
        logging.getLogger("router.sweeps").error("the duty deliver failed", exc_info=fault)
    logging.getLogger("router.store").error("nothing can be written")
    assert place.getvalue().count("\n") == 1
    assert "nothing can be written" in place.getvalue()


def test_what_is_below_the_level_is_left_out(written):
    place = written(level="error")
    logging.getLogger("router.deliver").warning("not told")
    assert place.getvalue() == ""


def test_a_browser_that_leaves_is_not_news(written):
    place = written(level="info")
    logging.getLogger("waitress").info("Client disconnected while serving /live")
    assert place.getvalue() == ""


def test_a_duty_still_at_work_when_its_turn_comes_again_is_not_news(written):
    place = written()
    clock = logging.getLogger("apscheduler.scheduler")
    clock.warning('Execution of job "attempt" skipped: maximum number of running instances')
    assert place.getvalue() == ""
    logging.getLogger("apscheduler.executors.default").error("a duty raised")
    assert "a duty raised" in place.getvalue()

"""Settings go from one desk to another as a file, and only what was looked at is brought in."""

import io
import json
import re

import pytest

from router import carrying
from router.core.rights import Who
from router.store import macros, teams
from router.store.macros import MacroView
from router.store.promises import calendar_days

pytestmark = pytest.mark.one_database

FILE = {
    "desk_settings": 1,
    "teams": [{"key": "vip", "zh": "贵宾组", "en": "VIP"}],
    "macros": [
        {"name": "On its way", "word": "way", "en": "Dear {name}", "does": {"then": "close"}}
    ],
    "views": [{"name": "Big money", "query": "view=open&tag=big"}],
    "dates": [{"calendar": "desk", "day": "2027-02-08", "kind": "closed", "note": "new year"}],
}
ARTICLE = {
    "name": "fees-explained",
    "title_zh": "手续费说明",
    "title_en": "Fees explained",
    "zh": "1. 看费率表。\n",
    "en": "1. Look at the table of fees.\n",
    "categories": ["other.fees"],
}


def _bring(browser, given, **more):
    data = json.dumps(given).encode() if isinstance(given, dict) else given
    form = {"csrf": browser.csrf, "file": (io.BytesIO(data), "desk.json"), **more}
    return browser.client.post("/settings?lang=en", data=form, content_type="multipart/form-data")


def _sure(browser, page):
    text = re.search(r'name="text" value="([^"]+)"', page.text)[1].replace("&#34;", '"')
    return browser.post("/settings?lang=en", {"text": text, "sure": "1"})


def test_nothing_changes_before_somebody_is_sure(router, browser_of):
    admin = browser_of("admin")
    page = _bring(admin, FILE)
    assert page.text.count('<span class="chip">new</span>') == 4
    with router.store.reading() as unit:
        assert [one.key for one in teams.listed(unit)] == ["support", "security"]
    assert "Done: 4 changes." in _sure(admin, page).text
    with router.store.reading() as unit:
        assert "vip" in {one.key for one in teams.listed(unit)}
        assert [one.word for one in macros.of_agent(unit, Who(0, "", "admin"))] == ["way"]
        assert [one.note for one in calendar_days.every(unit)["desk"]] == ["new year"]


def test_what_is_here_already_changes_nothing(router, browser_of):
    admin = browser_of("admin")
    _sure(admin, _bring(admin, FILE))
    taken = admin.post("/settings/file.json").data
    page = _bring(admin, taken)
    assert "All of it is here already." in page.text


def test_articles_go_along_and_are_told_at_once(router, browser_of):
    admin = browser_of("admin")
    page = _bring(admin, {"articles": [ARTICLE]})
    assert router.articles.serving("other.fees") is None
    _sure(admin, page)
    assert router.articles.serving("other.fees").told("en").title == "Fees explained"
    assert (
        "All of it is here already." in _bring(admin, admin.post("/settings/file.json").data).text
    )
    _sure(admin, _bring(admin, {"articles": [{**ARTICLE, "withdrawn": True}]}))
    assert router.articles.serving("other.fees") is None


def test_what_is_taken_out_holds_no_person_and_no_secret(router, browser_of, agents, calm):
    def work(unit):
        own = MacroView(unit.new_id(), "Mine", "mine", "", "", "canary-own", shared=False)
        macros.put(unit, own, agents["admin"])

    router.store.write(work)
    taken = browser_of("admin").post("/settings/file.json").text
    for canary in ("canary-own", "@desk.example", "@mail.example", calm.number, "Ann"):
        assert canary not in taken
    with router.store.reading() as unit:
        said = {row.action for row in unit.rows("SELECT action FROM audit")}
    assert "settings.taken_out" in said


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        {"desk_settings": 2},
        {"teams": [{"key": "V I P", "zh": "x", "en": "x"}]},
        {"people": [{"email": "evil@mail.example", "role": "admin"}]},
        {"macros": [{"name": "x", "word": "x", "en": "{password}"}]},
        {"macros": [{"name": "x", "word": "x", "does": {"assign": 7}}]},
        {"macros": [{"name": "x", "word": "x", "en": "x", "does": {"category": "no.such"}}]},
        {"dates": [{"calendar": "@CN", "day": "2027-02-08", "kind": "closed"}]},
        {"articles": [{**ARTICLE, "categories": ["no.such"]}]},
        {"articles": [{**ARTICLE, "en": "1. [go](javascript:alert)"}]},
        {"articles": [{**ARTICLE, "en": "no step"}]},
    ],
)
def test_what_is_no_file_of_ours_is_refused_whole(router, browser_of, given):
    admin = browser_of("admin")
    answer = _bring(admin, given, sure="1")
    assert answer.status_code == 422
    with router.store.reading() as unit:
        assert len(teams.listed(unit)) == 2
        assert macros.of_agent(unit, Who(0, "", "admin")) == []


def test_rules_arrive_as_a_draft_and_are_in_force_nowhere(router, browser_of):
    admin = browser_of("admin")
    before = router.rules.version
    page = _bring(admin, {"rules": {"desk.toml": "# from another desk\n"}})
    assert "as a draft" in page.text
    _sure(admin, page)
    assert router.rules.version == before
    with router.store.reading() as unit:
        assert unit.value("SELECT state FROM ruleset") == "draft"


HOURS = {
    "calendars": [
        {
            "name": "desk",
            "weeks": [
                {
                    "begin": "2026-11-01",
                    "weekly": {"mon": [["09:00", "18:00"]]},
                    "zone": "Asia/Tokyo",
                },
                {"begin": "2027-01-01", "weekly": {"tue": [["09:00", "18:00"]]}, "zone": "UTC"},
            ],
        }
    ],
    "promises": {"policies": [{"name": "vip", "first_response": 30}]},
}


def test_hours_and_promises_go_from_desk_to_desk_and_the_past_stays(router, browser_of, frozen):
    admin = browser_of("admin")
    page = _bring(admin, HOURS)
    assert page.text.count('<span class="chip warn">changed</span>') == 2
    assert "Done: 2 changes." in _sure(admin, page).text
    section = router.hours.settings.hours
    assert sorted(section.changes) == ["2026-11-24", "2027-01-01"]  # today is the 24th
    assert section.zones == {"2026-11-24": "Asia/Tokyo", "2027-01-01": "UTC"}
    assert [one.name for one in router.policies.own] == ["vip"]
    with router.store.reading() as unit:
        told = carrying.out(router, unit)
        said = {row.subject for row in unit.rows("SELECT subject FROM audit")}
    assert told.promises == router.hours.settings.sla
    assert {"calendar:desk@1", "policies@1"} <= said
    assert "All of it is here already." in _bring(admin, HOURS).text
    assert "All of it is here already." in _bring(admin, told.model_dump_json().encode()).text


@pytest.mark.parametrize(
    "given",
    [
        {"calendars": [{"name": "nowhere", "weeks": []}]},
        {"calendars": [{"name": "desk", "weeks": [{"begin": "2027-01-01", "weekly": {}}]}]},
        {
            "calendars": [
                {
                    "name": "desk",
                    "weeks": [
                        {"begin": "2027-01-01", "weekly": {"mon": [["8", "9"]]}, "zone": "UTC"}
                    ],
                }
            ]
        },
        {"promises": {"first_response": {"P1": 0}}},
        {"promises": {"policies": [{"name": "a"}, {"name": "a"}]}},
    ],
)
def test_hours_and_promises_that_cannot_be_are_refused_whole(router, browser_of, given):
    answer = _bring(browser_of("admin"), {**given, "teams": FILE["teams"]}, sure="1")
    assert answer.status_code == 422
    assert router.hours.settings == router.settings
    with router.store.reading() as unit:
        assert len(teams.listed(unit)) == 2


def test_a_file_too_large_is_refused():
    with pytest.raises(carrying.Invalid, match="file_too_big"):
        carrying.read(b" " * (carrying.LARGEST + 1))

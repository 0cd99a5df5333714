"""Rules that ask for tags, told in plain words: on the rules' page and on the ticket."""

import pytest

from router import desk
from router.core.rights import Who
from router.rulebook import Rulebook
from rules.engine import compile_files
from tests.drafts import WATCHED
from tests.fakes import FakeDoors
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database


@pytest.fixture
def router(assembled, door):
    rules = Rulebook(compile_files([], {"a.toml": WATCHED}), {})
    return assembled(doors=FakeDoors(door), rules=rules)


@pytest.fixture
def shown(router, agents, browser_of):
    """A ticket's page in a language, after an admin put tags on an earlier one of the person."""

    def of(language, *tags):
        who = Who(id=agents["admin"], name="Admin", role="admin")
        first = submitted(router, "hello", email="ann@mail.example")
        for tag in tags:
            desk.tag(router, who, first.ticket_id, tag)
        later = submitted(router, "a blue parrot", email="ann@mail.example")
        return browser_of("admin").get(f"/ticket/{later.number}?lang={language}").text

    return of


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Because another ticket of the same person was tagged “fraud-watch”, “vip”."),
        ("zh", "因为同一客户的其他工单带有标签“fraud-watch”、“vip”。"),
    ],
)
def test_the_ticket_says_in_plain_words_which_tags_made_a_rule_hold(shown, language, told):
    assert told in shown(language, "vip", "fraud-watch")


@pytest.mark.parametrize(
    ("language", "told"), [("en", "no such tag speaks for it"), ("zh", "没有这样的标签")]
)
def test_without_the_tag_the_ticket_says_what_was_lacking(shown, language, told):
    page = shown(language, "refund")

    assert told in page
    assert "fraud-watch" not in page


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Only when: the ticket bears the tag “fraud-watch” or “vip” (for a new ticket: "),
        (
            "zh",
            "仅限：工单带有标签“fraud-watch”或“vip”（若是新工单，则为同一客户未关闭",
        ),
    ],
)
def test_the_rules_page_tells_the_condition_in_plain_words(browser_of, language, told):
    assert told in browser_of("agent").get(f"/rules?lang={language}").text

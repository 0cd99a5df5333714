"""The inbox over HTTP: whose list it is, in which order, and how it is narrowed."""

import html
import re
from datetime import timedelta
from itertools import chain

import pytest

from router import desk, pipeline
from router.core.rights import Who
from router.prepared import Terms
from router.store.counters import VIEWS
from tests.web.conftest import ALARM, submitted


def _numbers(text):
    return re.findall(r'id="line-(WT-[A-Z0-9-]+)"', text)


def _who(agents, role, teams=(1, 2)):
    return Who(agents[role], role.title(), role, frozenset(teams), "en")


@pytest.fixture
def unclear(router):
    return submitted(router, "hello")


@pytest.fixture
def flood(router, door):
    """So many mails of as many people arrive at once."""

    def make(count, text):
        raws = [
            door.arrives(text=f"{text} {one}", **{"from": f"p{one}@m.example"})
            for one in range(count)
        ]
        return pipeline.receive(router, door, raws, Terms())

    return make


def test_security_stands_on_top_and_the_unsorted_right_below(browser_of, calm, unclear, alarm):
    text = browser_of("manager").get("/").text
    assert _numbers(text) == [alarm.number, unclear.number, calm.number]
    assert re.findall(r'data-band="(\w+)"', text) == ["security", "unsorted", "rest"]


def test_an_agent_sees_nothing_of_another_team(browser_of, calm, alarm):
    text = browser_of("agent").get("/?view=all").text
    assert _numbers(text) == [calm.number]
    assert "hacked" not in text


def test_every_view_opens_even_empty_and_says_what_belongs_there(browser_of):
    browser = browser_of("manager")
    for view in VIEWS:
        page = browser.get(f"/?view={view}")
        assert page.status_code == 200
        assert 'class="empty"' in page.text


def test_counts_stand_beside_the_views(browser_of, calm, alarm):
    text = browser_of("manager").get("/").text
    counted = dict(re.findall(r'href="/\?view=(\w+)"[^>]*>.*?class="count">(\d+)<', text))
    assert counted["open"] == "2"
    assert counted["security"] == "1"


def test_an_unknown_view_or_a_broken_cursor_is_no_crash(browser_of, calm):
    browser = browser_of("agent")
    assert _numbers(browser.get("/?view=nonsense").text) == [calm.number]
    assert browser.get("/?cursor=%00%ff!!").status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=transfer", True),
        ("category=transfer.pending", True),
        ("category=login", False),
        ("urgency=P1", False),
        ("channel=webform", True),
        ("channel=email", False),
        ("language=en", True),
        ("language=zh", False),
        ("team=support", True),
        ("team=security", False),
        ("tag=vip", False),
        ("q=pending", True),
        ("q=nowhere", False),
        ("q=pending&urgency=P1", False),
    ],
)
def test_filters_stand_in_the_address(browser_of, calm, query, found):
    text = browser_of("manager").get(f"/?{query}").text
    assert (_numbers(text) == [calm.number]) is found


def test_a_ticket_is_found_by_its_number_however_it_is_typed(browser_of, calm, alarm):
    typed = calm.number.lower().replace("-", " ")
    assert _numbers(browser_of("agent").get("/", query_string={"q": typed}).text) == [calm.number]


def test_search_finds_a_chinese_word_inside_a_sentence(router, browser_of):
    ticket = submitted(router, "您好,我的账号被冻结了,请帮忙解锁", locale="zh-CN")
    text = browser_of("manager").get("/", query_string={"q": "解锁"}).text
    assert _numbers(text) == [ticket.number]


def test_search_shows_nothing_of_another_team(browser_of, alarm):
    assert _numbers(browser_of("agent").get("/?q=hacked").text) == []


def test_a_name_full_of_markup_is_shown_as_it_was_typed(router, browser_of):
    submitted(router, "My transfer is pending", name="<script>alert(1)</script>", subject="<b>x")
    text = browser_of("agent").get("/").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;x" in text


def test_the_list_goes_on_where_the_page_ended(flood, browser_of):
    flood(53, "My transfer is still pending")
    browser = browser_of("manager")
    first = browser.get("/").text
    on = re.search(r'id="more"><a class="button" href="([^"]+)"', first)[1].replace("&amp;", "&")
    rest = browser.get(on, headers={"X-Part": "rows"}).text
    assert len(_numbers(first)) == 50
    assert len(_numbers(rest)) == 3
    assert not set(_numbers(first)) & set(_numbers(rest))


def test_a_part_is_only_the_moving_part(browser_of, calm):
    part = browser_of("agent").get("/", headers={"X-Part": "1"}).text
    assert 'id="views"' in part
    assert 'id="list"' in part
    assert "<html" not in part


def test_mine_holds_what_i_took(router, browser_of, agents, calm):
    desk.assign(router, _who(agents, "agent"), calm.ticket_id, agents["agent"])
    assert _numbers(browser_of("agent").get("/?view=mine").text) == [calm.number]
    assert _numbers(browser_of("lead").get("/?view=mine").text) == []
    assert _numbers(browser_of("lead").get("/?view=unassigned").text) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_inbox_speaks_both_languages(router, browser_of, calm, alarm, language):
    text = browser_of("manager").get(f"/?lang={language}").text
    assert ("安全 · 优先处理" in text) is (language == "zh")
    assert ("Security · top priority" in text) is (language == "en")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("category=no.such", "no.such (no longer there)"),
        ("category=gone", "gone (no longer there)"),
        ("team=nobody", "nobody (no longer there)"),
        ("urgency=P9", "P9 (no longer there)"),
        ("category=transfer", "Transfers "),
        ("team=support", "Support "),
        ("tag=vip", "vip "),
    ],
)
def test_a_filter_that_names_what_is_no_more_says_so(browser_of, calm, query, told):
    page = browser_of("agent").get(f"/?{query}&lang=en").text
    (chip,) = re.findall(r'<a class="chip".*?</a>', page, re.DOTALL)
    assert re.sub(r"<[^>]+>", "", chip.split("</span>", 1)[1]).startswith(told)


def test_what_warns_of_a_sender_stands_beside_the_name_and_is_never_cut_off(
    router, door, browser_of
):
    raw = door.arrives(text="My transfer is pending", name="Ann", verification="failed")
    pipeline.receive(router, door, [raw], Terms())
    page = browser_of("agent").get("/?lang=en").text
    (who,) = re.findall(r'<span class="l-who">.*?</b></span>', page)
    assert "<bdi>Ann</bdi>" in who
    assert "failed" in who


def test_a_picture_without_words_leaves_the_words_before_it_on_the_line(router, door, browser_of):
    first = door.arrives(text="My transfer is pending", message_id="<one@mail.example>")
    pipeline.receive(router, door, [first], Terms())
    second = door.arrives(text="", thread_ids=["<one@mail.example>"])
    pipeline.receive(router, door, [second], Terms())
    page = browser_of("agent").get("/?lang=en").text
    assert "2 messages" in page
    assert "<bdi>My transfer is pending</bdi>" in page


def test_the_inbox_is_light(flood, browser_of):
    flood(50, ALARM)
    page = browser_of("manager").get("/")
    assert len(page.data) < 90_000


# ---------------------------------------------------------------- lines kept for all who look


def test_a_line_says_the_time_as_it_is_when_somebody_looks(browser_of, calm, frozen):
    browser = browser_of("agent")
    assert "3 min ago" not in browser.get("/?lang=en").text
    frozen.advance(timedelta(minutes=3))
    assert "3 min ago" in browser.get("/?lang=en").text


def test_a_line_speaks_the_language_of_each_who_looks(browser_of, calm):
    assert '"nobody">Unassigned' in browser_of("agent").get("/?lang=en").text
    assert '"nobody">未分配' in browser_of("lead").get("/?lang=zh").text


def test_a_draft_of_mine_is_on_my_line_alone(browser_of, calm):
    mine, other = browser_of("agent"), browser_of("lead")
    mine.post(f"/ticket/{calm.number}/draft", {"kind": "reply", "text": "Dear Ann"})
    assert 'class="l-draft"' in mine.get("/").text
    assert 'class="l-draft"' not in other.get("/").text


# ---------------------------------------------------------------- searching on and on


def _found_on_all_pages(browser, address):
    """The numbers of each page, followed by its link to the next one."""
    pages = []
    while address and len(pages) < 10:
        page = browser.get(address).text
        pages.append(_numbers(page))
        link = re.search(r'class="button" href="(/\?[^"]*cursor=[^"]+)"', page)
        address = html.unescape(link[1]) if link else ""
    return pages


def test_a_search_finds_what_stands_behind_hundreds_of_another_teams(flood, browser_of):
    (old,) = flood(1, "My zebrafish transfer is still pending")
    flood(420, "somebody hacked my account, zebrafish payment I did not make")
    pages = _found_on_all_pages(browser_of("agent"), "/?q=zebrafish")
    assert list(chain(*pages)) == [old.number]


def test_a_search_within_a_filter_looks_on_until_it_finds(flood, browser_of):
    (old,) = flood(1, "I forgot my password, zebrafish")
    flood(60, "My zebrafish transfer is still pending")
    pages = _found_on_all_pages(browser_of("manager"), "/?q=zebrafish&category=login")
    assert pages == [[old.number]]


def test_no_page_of_a_search_repeats_a_ticket(router, flood, browser_of, agents):
    taken = flood(60, "My zebrafish transfer is still pending")
    me = Who(agents["manager"], "Manager", "manager")
    for one in taken:
        desk.note(router, me, one.ticket_id, "zebrafish again", once=f"n{one.number}")
    pages = _found_on_all_pages(browser_of("manager"), "/?q=zebrafish")
    assert len(pages) > 1
    assert sorted(chain(*pages)) == sorted(one.number for one in taken)

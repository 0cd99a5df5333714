"""The rules' pages: looking, drafting, checking, publishing by a second person, misroutes."""

import re

import pytest

from router import desk, rulemaking
from router.core.rights import Who
from router.store import people, rulesets
from rules.load import RulesFault, read
from tests.drafts import BEES
from tests.web.conftest import submitted

pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("desk_rules")]


@pytest.fixture
def lead(browser_of):
    return browser_of("lead")


@pytest.fixture
def second(router, app, browser_of, agents):
    """Another lead, signed in."""
    made = router.store.write(
        lambda unit: people.create_agent(unit, "two@desk.example", "Two", "lead", ["support"])
    )
    agents["second"] = made
    return browser_of("second")


@pytest.fixture
def drafted(router, lead):
    """A draft of the lead with this text; its address."""

    def make(text=BEES, act="save"):
        address = lead.post("/rules/draft").headers["Location"]
        answer = save(lead, address, {"desk.toml": text}, act=act)
        assert answer.status_code == 303
        return address

    return make


def save(browser, address, files, **more):
    seen = re.search(r'name="seen" value="(\w+)"', browser.get(address).text)[1]
    data = {"seen": seen, "file": list(files), "text": list(files.values()), **more}
    return browser.post(address, data)


def checked(app, browser, address, act="backtest", text=BEES):
    save(browser, address, {"desk.toml": text}, act=act)
    app.extensions["checks"].wait()


def publish(browser, address):
    seen = re.search(r'name="seen" value="(\w+)"', browser.get(address).text)[1]
    return browser.post(f"{address}/publish", {"seen": seen})


def row_of(router, address):
    with router.store.reading() as unit:
        return rulesets.find(unit, int(address.rpartition("/")[2]))


# ---------------------------------------------------------------- looking


@pytest.mark.parametrize("role", ["agent", "lead", "manager", "admin"])
def test_everybody_may_read_the_rules_and_only_leaders_change_them(browser_of, role):
    page = browser_of(role).get("/rules?lang=en").text
    assert "security.phishing.en" in page
    assert "Owner: payments desk" in page
    assert ("Begin a draft" in page) is (role != "agent")
    assert ("Misroutes" in page) is (role != "agent")


def test_a_rule_is_told_in_plain_words_of_the_readers_language(browser_of):
    reader = browser_of("agent")
    english = reader.get("/rules?lang=en").text
    assert "Looks for “transfer failed”, “transfer fail”" in english
    assert "Not when it is denied or already over." in english
    chinese = reader.get("/rules?lang=zh").text
    assert "查找“转账失败”、“转不了账”" in chinese
    assert "被否定或已经解决时不算。" in chinese


def test_the_page_says_how_often_a_category_was_found_lately(browser_of, calm):
    page = browser_of("agent").get("/rules?lang=en").text
    found = re.search(r'id="transfer.pending">.*?</summary>', page, re.DOTALL)[0]
    assert "found 0" not in found


# ---------------------------------------------------------------- a draft


def test_what_was_written_is_kept_and_what_is_wrong_stands_beside_it(lead, drafted, router):
    address = drafted('[[rule]]\nid = "x"\ncategory = "transfer.hw"')
    page = lead.get(f"{address}?lang=en").text
    assert "category = &#34;transfer.hw&#34;" in page
    assert "did you mean &#39;transfer.how_to&#39;?" in page
    assert 'aria-invalid="true"' in page
    assert "您是否想写" in lead.get(f"{address}?lang=zh").text


def test_a_text_with_markup_in_it_stays_text(lead, drafted):
    page = lead.get(drafted("# </textarea><script>alert(1)</script>")).text
    assert "<script>alert" not in page


def test_files_are_added_and_removed(lead, drafted, router):
    address = drafted()
    save(lead, address, {"desk.toml": BEES}, new_name="more.toml")
    assert set(row_of(router, address).files) == {"desk.toml", "more.toml"}
    save(lead, address, {"desk.toml": BEES, "more.toml": "#"}, remove="more.toml")
    assert set(row_of(router, address).files) == {"desk.toml"}


def test_a_bad_name_is_refused_and_the_text_comes_back(lead, drafted, router):
    address = drafted()
    answer = save(lead, address, {"desk.toml": "# new words"}, new_name="../evil.toml")
    assert answer.status_code == 422
    assert "# new words" in answer.text
    assert row_of(router, address).files == {"desk.toml": BEES}


def test_two_who_write_at_once_lose_nothing(lead, second, drafted, router):
    address = drafted()
    old = re.search(r'name="seen" value="(\w+)"', lead.get(address).text)[1]
    save(second, address, {"desk.toml": "# of the second"})
    answer = lead.post(address, {"seen": old, "file": "desk.toml", "text": "# of the first"})
    assert answer.status_code == 409
    assert "# of the first" in answer.text
    assert "# of the second" in answer.text
    assert row_of(router, address).files == {"desk.toml": "# of the second"}


def test_what_was_typed_into_a_draft_that_is_over_becomes_a_new_one(lead, second, drafted):
    address = drafted(BEES)
    seen = re.search(r'name="seen" value="(\w+)"', lead.get(address).text)[1]
    second.post(f"{address}/discard")
    typed = {"file": "desk.toml", "text": f"# mine\r\n{BEES}", "seen": seen, "act": "save"}
    answer = lead.post(address, typed)
    assert answer.status_code == 303
    page = lead.get(answer.headers["Location"] + "&lang=en").text
    assert "published or discarded meanwhile" in page
    assert "# mine" in page
    assert lead.post("/rules/draft/1", typed).status_code == 404


def test_a_conflict_keeps_a_file_that_is_named_again_as_new(lead, second, drafted):
    address = drafted()
    old = re.search(r'name="seen" value="(\w+)"', lead.get(address).text)[1]
    save(second, address, {"desk.toml": "# of the second"})
    typed = {"seen": old, "file": "desk.toml", "text": "# long work", "new_name": "desk.toml"}
    answer = lead.post(address, typed)
    assert answer.status_code == 409
    assert "# long work</textarea>" in answer.text


def test_a_draft_that_is_none_is_not_there(lead):
    assert lead.get("/rules/draft/12345").status_code == 404
    assert lead.post("/rules/draft/12345/publish").status_code == 404


# ---------------------------------------------------------------- checks


def test_a_backtest_runs_beside_and_shows_what_moves(app, lead, drafted, router):
    ticket = submitted(router, "the beehive fell on my phone", subject="")
    address = drafted()
    checked(app, lead, address)
    page = lead.get(f"{address}?lang=en").text
    assert "1 decisions change" in page
    assert ticket.number in page
    assert "<mark>beehive</mark>" in page
    assert '<path class="band calm"' in page
    assert "style=" not in page
    assert "Ready to publish." in page


def test_lint_shows_what_to_mend(app, lead, drafted):
    address = drafted()
    checked(app, lead, address, "lint", BEES.replace('"蜂箱"', '"hive"'))
    assert "has no rule in Chinese" in lead.get(f"{address}?lang=en").text


def test_the_page_asks_again_only_while_a_check_runs(app, lead, drafted, router, agents):
    address = drafted()
    assert "data-wait" not in lead.get(f"{address}/checks").text
    draft_id = int(address.rpartition("/")[2])
    who = Who(id=agents["lead"], name="Lead", role="lead", teams=frozenset({1}))
    check = rulemaking.Check(router, who, draft_id, "backtest")
    assert f'data-wait="{address}/checks"' in lead.get(f"{address}/checks").text
    check.run()
    assert "data-wait" not in lead.get(f"{address}/checks").text


def test_a_lead_sees_no_word_of_another_teams_tickets(app, lead, drafted, browser_of, router):
    ticket = submitted(router, "the beehive fell on my phone", subject="")
    router.store.write(
        lambda unit: unit.run(
            "UPDATE ticket SET team_id = (SELECT id FROM team WHERE key = 'security')"
        )
    )
    address = drafted()
    checked(app, lead, address)
    page = lead.get(f"{address}?lang=en").text
    assert "1 of them belong to teams whose tickets you may not see." in page
    assert ticket.number not in page
    assert "<mark>" not in page
    assert ticket.number in browser_of("admin").get(address).text


# ---------------------------------------------------------------- publishing


def test_a_second_person_publishes_and_the_author_does_not(app, lead, second, drafted, router):
    address = drafted()
    checked(app, lead, address)
    assert "You wrote this last" in lead.get(f"{address}?lang=en").text
    assert publish(lead, address).status_code == 409
    answer = publish(second, address)
    assert answer.status_code == 303
    assert "Version" in second.get(answer.headers["Location"] + "&lang=en").text
    assert "desk.bees" in router.rules.by_id
    assert submitted(router, "the beehive fell", subject="").number
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket WHERE category = 'other.bees'") == 1


def test_pages_said_under_other_rules_are_said_anew(app, lead, second, drafted, calm):
    """The select of a ticket, and the name on its line."""
    chosen = f"/ticket/{calm.number}?lang=en"
    assert 'value="other.bees"' not in _select(lead.get(chosen).text)
    address = drafted()
    checked(app, lead, address)
    publish(second, address)
    assert 'value="other.bees">Bees<' in _select(lead.get(chosen).text)
    lead.post(f"/ticket/{calm.number}/category", {"category": "other.bees"})
    assert '<span class="l-category">Bees</span>' in lead.get("/?view=all&lang=en").text
    other = BEES.replace('en = "Bees"', 'en = "Wasps"')
    address = drafted(other)
    checked(app, lead, address, text=other)
    publish(second, address)
    assert '<span class="l-category">Wasps</span>' in lead.get("/?view=all&lang=en").text


def _select(page):
    return re.search(r'<select id="t-category".*?</select>', page, re.DOTALL)[0]


def test_an_admin_is_told_that_publishing_their_own_is_written_down(app, browser_of, router):
    admin = browser_of("admin")
    address = admin.post("/rules/draft").headers["Location"]
    checked(app, admin, address)
    assert "it is in the audit log" in admin.get(f"{address}?lang=en").text
    assert publish(admin, address).status_code == 303


def test_what_would_lose_an_alarm_shows_no_button_and_is_refused(app, lead, second, router):
    alarm = BEES.replace("other.bees", "security.compromised").partition("[[rule]]")[2]
    alarm = f"[[rule]]{alarm}"
    address = lead.post("/rules/draft").headers["Location"]
    checked(app, lead, address, text=alarm)
    publish(second, address)
    submitted(router, "the beehive fell", subject="")
    address = lead.post("/rules/draft").headers["Location"]
    checked(app, lead, address, text="# nothing left")
    page = second.get(f"{address}?lang=en").text
    assert "1 security findings that nobody overruled would be lost" in page
    assert "Publish these rules" not in page
    assert publish(second, address).status_code == 409
    assert "desk.bees" in router.rules.by_id


def test_one_click_goes_back_to_an_earlier_version(app, lead, second, drafted, router):
    address = drafted()
    checked(app, lead, address)
    publish(second, address)
    page = lead.get("/rules?lang=en").text
    back = re.search(r'action="(/rules/version/\d+/restore)"', page)[1]
    address = lead.post(back).headers["Location"].partition("#")[0]
    app.extensions["checks"].wait()
    assert publish(lead, address).status_code == 409
    assert publish(second, address).status_code == 303
    assert "desk.bees" not in router.rules.by_id


def test_a_version_can_be_read_by_everybody(app, lead, second, drafted, router, browser_of):
    address = drafted()
    checked(app, lead, address)
    publish(second, address)
    page = browser_of("agent").get(f"/rules/version/{router.rules.version}?lang=en").text
    assert "the beehive fell" in page
    assert "written by Lead, published by Two" in page
    assert browser_of("agent").get("/rules/version/never").status_code == 404


# ---------------------------------------------------------------- why, and misroutes


def test_the_ticket_says_why_in_plain_words(browser_of, router):
    ticket = submitted(router, "my transfer is pending, how do I see my transfer history?")
    page = browser_of("admin").get(f"/ticket/{ticket.number}?lang=en").text
    assert "Looks for" in page
    assert "Owner: payments desk" in page
    assert f'href="/rules/version/{router.rules.version}"' in page


def test_the_ticket_says_what_else_scored_and_what_nearly_matched(browser_of, router):
    text = "My payment is pending and I forgot my password. I was not hacked."
    ticket = submitted(router, text)
    page = browser_of("admin").get(f"/ticket/{ticket.number}?lang=en").text
    assert "What else scored" in page
    assert "it is denied: “not”" in page
    chinese = browser_of("admin").get(f"/ticket/{ticket.number}?lang=zh").text
    assert "已被否定：“not”" in chinese


def test_a_rule_that_is_gone_is_said_to_be_gone(browser_of, router, calm):
    router.store.write(lambda unit: unit.run("UPDATE finding SET rule = 'of.another.time'"))
    page = browser_of("admin").get(f"/ticket/{calm.number}?lang=en").text
    assert "not among the rules in force any more" in page


def test_misroutes_list_what_people_made_of_it(browser_of, router, calm, agents):
    who = Who(id=agents["admin"], name="Admin", role="admin")
    desk.set_category(router, who, calm.ticket_id, "transfer.how_to")
    page = browser_of("lead").get("/rules/feedback?lang=en").text
    assert "Transfer or payment pending → How to transfer" in page
    assert f'href="/ticket/{calm.number}"' in page
    assert 'href="/rules#rule-transfer.pending.waiting"' in page
    assert browser_of("agent").get("/rules/feedback").status_code == 403


# ---------------------------------------------------------------- the loader's faults

WRONG = """
[nonsense]
[categories."bees"]
urgency = "P3"
[categories."other.bees"]
urgency = "P9"
en = "x"
zh = "x"
[categories."other.card"]
urgency = "P3"
en = "x"
zh = "x"
[categories."other.wasps"]
urgency = "P3"
en = "x"
[words]
bees = "bee"
loop = ["@loop"]
[[rule]]
category = "transfer.failed"
[[rule]]
id = "a"
categry = "x"
urgency = "P9"
any = "x"
negatable = "no"
near = [["a", "b"]]
weight = 99
owner = 3
regex = ["(", "(a)"]
[[rule]]
id = "a"
category = "transfer.faild"
any = ["a", "(", "@nothing", "@loop"]
[[rule]]
id = "c"
category = "other.unsorted"
floor = "P4"
when = { hour = "x", tagged = "a/b" }
[[rule]]
id = "d"
category = "other.card"
when = { hours = "x", language = "fr", repeat_minutes = 0.5, amount_over = { ABC = 1 } }
match = ["x"]
no_match = ["y"]
"""


def test_every_fault_of_the_loader_is_told_in_chinese_too(lead, drafted):
    with pytest.raises(RulesFault) as found:
        read([rulemaking.SHIPPED], {"desk.toml": WRONG})
    assert len(found.value.faults) > 25
    page = lead.get(drafted(WRONG) + "?lang=zh").text
    listed = re.findall(r"<li>(?:<code>[^<]*</code>: )?([^<]+)</li>", page)
    english = [one for one in listed if not re.search(r"[\u4e00-\u9fff]", one)]
    assert len(listed) >= 25
    assert english == []

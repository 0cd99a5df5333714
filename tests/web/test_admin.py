"""Setting the desk up in the browser: second step, teams, roles, the audit log."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from router import desk, form, sweeps
from router.core import totp
from router.core.rights import ACTIONS, Who
from router.store import audit, pages, people, second_steps, teams, timeline
from router.web.pages import signing
from router.web.pages.admin import PAGES
from router.web.speech import catalogue
from tests.fakes import FakeDoors
from tests.pages import app_of
from tests.web.conftest import ALARM, Browser

pytestmark = pytest.mark.one_database

LIGHT = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "made-up password"


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setattr(signing, "_HASHER", LIGHT)
    signing._nobody.cache_clear()
    yield
    signing._nobody.cache_clear()


@pytest.fixture
def browser(browser_of):
    return browser_of("agent")


def _code(router, agent_id, later=0):
    with router.store.reading() as unit:
        step = second_steps.of(unit, router.keys, agent_id)
    return totp.code(step.secret, totp.step_of(router.clock.now()) + later)


def _switch_on(router, browser, agent_id):
    browser.get("/me/second")
    answer = browser.post("/me/second", {"code": _code(router, agent_id)})
    return re.findall(r"<li><code>([a-z0-9]{5}-[a-z0-9]{5})</code>", answer.text)


def _password(router, agent_id):
    router.store.write(
        lambda unit: people.change(unit, agent_id, password_hash=LIGHT.hash(PASSWORD))
    )


def _enter(browser):
    data = {"email": "agent@desk.example", "password": PASSWORD, "next": "/me"}
    page = browser.post("/sign-in", data)
    return re.search(r'name="token" value="([^"]+)"', page.text)[1]


# ---------------------------------------------------------------- who leaves


def _added(text):
    return {"body": text, "idempotency_key": "a"}


def _held(router, agents, ticket):
    lead = Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")
    desk.assign(router, lead, ticket.ticket_id, agents["agent"])


def _counted(router, agents, team="support"):
    """What the agent's badges say, were they in this team."""
    with router.store.reading() as unit:
        mine = frozenset([people.team_ids(unit)[team]])
        counts = pages.counts(unit, Who(agents["agent"], "Agent", "agent", mine, "en"))
        return counts["mine"], counts["unassigned"]


def test_who_changes_team_lets_go_of_its_tickets(router, browser_of, agents, calm):
    _held(router, agents, calm)
    assert _counted(router, agents) == (1, 0)
    data = {"role": "agent", "team": "security", "active": "yes"}
    assert browser_of("admin").post(f"/people/{agents['agent']}", data).status_code == 303
    assert _counted(router, agents) == (0, 1)
    assert calm.number not in browser_of("agent").get("/?view=mine").text
    page = browser_of("lead").get(f"/ticket/{calm.number}?lang=en").text
    assert "Agent is not on its team: it goes back to the queue" in page


def test_who_leaves_the_desk_leaves_no_ticket_behind(router, browser_of, agents, calm):
    _held(router, agents, calm)
    data = {"role": "agent", "team": "support"}
    browser_of("admin").post(f"/people/{agents['agent']}", data)
    assert _counted(router, agents) == (0, 1)
    assert calm.number in browser_of("lead").get("/?view=unassigned").text


def test_who_stays_on_a_team_keeps_its_tickets(router, browser_of, agents, calm):
    _held(router, agents, calm)
    data = {"role": "lead", "team": ["support", "security"], "active": "yes"}
    browser_of("admin").post(f"/people/{agents['agent']}", data)
    assert _counted(router, agents) == (1, 0)


def test_a_ticket_opened_again_is_not_given_to_who_left(router, browser_of, agents, calm):
    _held(router, agents, calm)
    lead = Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")
    desk.close(router, lead, calm.ticket_id)
    browser_of("admin").post(f"/people/{agents['agent']}", {"role": "agent", "team": "support"})
    form.add(router, calm.ticket_id, _added("It has not arrived yet."), source="203.0.113.9")
    assert _counted(router, agents) == (0, 1)


def test_what_is_given_back_to_who_left_is_let_go_within_the_hour(router, browser_of, agents, calm):
    """So is what somebody held who left before anybody looked after that."""
    _held(router, agents, calm)
    lead = Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")
    desk.assign(router, lead, calm.ticket_id, None)
    with router.store.reading() as unit:
        batch = unit.value("SELECT MAX(batch) FROM act")
    browser_of("admin").post(f"/people/{agents['agent']}", {"role": "agent", "team": "support"})
    desk.undo(router, lead, batch)
    assert _counted(router, agents) == (1, 0)
    sweeps.tick(router, next(one for one in sweeps.DUTIES if one.name == "purge"))
    assert _counted(router, agents) == (0, 1)


def test_a_ticket_that_becomes_an_alarm_is_let_go_by_who_may_not_see_it(router, agents, calm):
    _held(router, agents, calm)
    form.add(router, calm.ticket_id, _added(ALARM), source="203.0.113.9")
    assert _counted(router, agents, "security") == (0, 1)


# ---------------------------------------------------------------- the second step


def test_an_app_that_proved_itself_is_asked_from_then_on(
    router, browser, browser_of, agents, frozen
):
    assert len(_switch_on(router, browser, agents["agent"])) == second_steps.CODES
    _password(router, agents["agent"])
    stranger = browser_of(None)
    token = _enter(stranger)
    assert stranger.get("/me").status_code == 303
    frozen.advance(timedelta(seconds=30))
    data = {"token": token, "code": _code(router, agents["agent"]), "next": "/me"}
    assert stranger.post("/sign-in/second", data).headers["Location"] == "/me"
    assert stranger.get("/me").status_code == 200


def test_an_app_that_proved_nothing_is_not_asked(router, browser, browser_of, agents):
    browser.get("/me/second")
    assert browser.post("/me/second", {"code": "000000"}).status_code == 422
    _password(router, agents["agent"])
    data = {"email": "agent@desk.example", "password": PASSWORD}
    assert browser_of(None).post("/sign-in", data).status_code == 303


def test_a_wrong_code_lets_nobody_in_and_can_be_mended(router, browser, browser_of, agents, frozen):
    _switch_on(router, browser, agents["agent"])
    _password(router, agents["agent"])
    stranger = browser_of(None)
    token = _enter(stranger)
    assert stranger.post("/sign-in/second", {"token": token, "code": "123"}).status_code == 401
    frozen.advance(timedelta(seconds=30))
    data = {"token": token, "code": _code(router, agents["agent"])}
    assert stranger.post("/sign-in/second", data).status_code == 303
    assert browser_of(None).post("/sign-in/second", data).status_code == 401


def test_codes_are_not_guessed_one_after_the_other(router, browser, browser_of, agents):
    _switch_on(router, browser, agents["agent"])
    _password(router, agents["agent"])
    stranger = browser_of(None)
    token = _enter(stranger)
    answers = [
        stranger.post("/sign-in/second", {"token": token, "code": f"{n:06}"}).status_code
        for n in range(12)
    ]
    assert answers[-1] == 429


@pytest.mark.parametrize("path", ["/me/second", "/me/second/codes"])
def test_codes_are_not_guessed_in_a_browser_that_is_signed_in(
    router, browser, agents, frozen, path
):
    if path.endswith("codes"):
        _switch_on(router, browser, agents["agent"])
        frozen.advance(timedelta(minutes=6))
    else:
        browser.get("/me/second")
    wrong = [browser.post(path, {"code": "000000", "end": "1"}).status_code for _ in range(12)]
    assert wrong == [422] * 10 + [429] * 2
    right = {"code": _code(router, agents["agent"])}
    assert browser.post(path, right).status_code == 429
    frozen.advance(timedelta(minutes=6))
    right = {"code": _code(router, agents["agent"])}
    assert browser.post(path, right).status_code == 200


def test_a_recovery_code_stands_in_once(router, browser, browser_of, agents):
    codes = _switch_on(router, browser, agents["agent"])
    _password(router, agents["agent"])
    one = browser_of(None)
    data = {"token": _enter(one), "code": codes[0].upper()}
    assert one.post("/sign-in/second", data).status_code == 303
    other = browser_of(None)
    data = {"token": _enter(other), "code": codes[0]}
    assert other.post("/sign-in/second", data).status_code == 401


def test_a_sign_in_link_asks_for_the_second_step_too(router, browser, browser_of, agents):
    _switch_on(router, browser, agents["agent"])
    link = router.store.write(lambda unit: people.one_time_link(unit, agents["agent"], "enter", 60))
    stranger = browser_of(None)
    assert 'name="token"' in stranger.post(f"/enter/{link}").text
    assert stranger.get("/me").status_code == 303


def test_switching_off_needs_a_code_of_the_app(router, browser, agents, frozen):
    _switch_on(router, browser, agents["agent"])
    assert browser.post("/me/second/codes", {"end": "1", "code": "1"}).status_code == 422
    frozen.advance(timedelta(seconds=30))
    data = {"end": "1", "code": _code(router, agents["agent"])}
    answer = browser.post("/me/second/codes?lang=en", data)
    assert (answer.status_code, "The second step is switched off." in answer.text) == (200, True)
    with router.store.reading() as unit:
        assert not second_steps.asked(unit, agents["agent"])


def test_an_admin_frees_somebody_whose_phone_is_gone(router, browser, browser_of, agents):
    _switch_on(router, browser, agents["agent"])
    admin = browser_of("admin")
    assert admin.post(f"/people/{agents['agent']}/sign-out", {"second": "1"}).status_code == 303
    assert browser.get("/me").status_code == 303
    with router.store.reading() as unit:
        assert not second_steps.asked(unit, agents["agent"])
        acts = [row.action for row in unit.rows("SELECT action FROM audit")]
    assert {"person.signed_out", "second_step.dropped"} <= set(acts)


def test_no_secret_of_an_app_is_kept_in_clear(router, browser, agents):
    page = browser.get("/me/second").text
    spelled = re.search(r"<code>([A-Z2-7 ]{30,})</code>", page)[1].replace(" ", "")
    with router.store.reading() as unit:
        row = unit.row("SELECT blob FROM second_step")
    assert spelled.encode() not in row.blob


# ---------------------------------------------------------------- teams and roles


def test_a_team_is_added_and_called_something_else(router, browser_of):
    admin = browser_of("admin")
    data = {"key": "vip", "zh": "贵宾组", "en": "VIP"}
    assert admin.post("/teams", data).status_code == 303
    assert admin.post("/teams", data).status_code == 409
    assert admin.post("/teams", {**data, "key": "V I P"}).status_code == 400
    assert "贵宾组" in admin.get("/teams?lang=zh").text
    with router.store.reading() as unit:
        team = next(one for one in teams.listed(unit) if one.key == "vip")
    admin.post(f"/teams/{team.id}", {"zh": "重要客户组", "en": "Key accounts"})
    assert "重要客户组" in admin.get("/people?lang=zh").text
    assert admin.post("/teams/999", {"zh": "无", "en": "none"}).status_code == 404


def test_a_team_that_cannot_be_added_keeps_what_was_typed(browser_of):
    data = {"key": "support", "zh": "夜班组", "en": "Night shift"}
    answer = browser_of("admin").post("/teams?lang=en", data)
    assert answer.status_code == 409
    assert "Another team has this key" in answer.text
    assert all(f'value="{one}"' in answer.text for one in data.values())


def test_an_invitation_that_cannot_be_made_keeps_what_was_typed(router, browser_of, agents):
    router.store.write(lambda unit: people.change(unit, agents["agent"], active=False))
    data = {"email": "agent@desk.example", "name": "Mei Lin", "role": "lead", "team": "security"}
    answer = browser_of("admin").post("/people/invite?lang=en", data)
    assert answer.status_code == 409
    assert "does not work here now" in answer.text
    assert 'value="Mei Lin"' in answer.text


def _shown(browser, agent_id):
    form = browser.get("/people").text.split(f'action="/people/{agent_id}"')[1]
    return re.search(r'name="seen" value="(\w+)"', form)[1]


def test_of_two_admins_at_once_the_second_writes_over_nothing(router, browser_of, agents):
    admin, agent = browser_of("admin"), agents["agent"]
    seen = _shown(admin, agent)
    left = {"role": "agent", "team": "support", "seen": seen}
    assert admin.post(f"/people/{agent}", left).status_code == 303
    stale = {"role": "agent", "team": ["support", "security"], "active": "yes", "seen": seen}
    answer = admin.post(f"/people/{agent}?lang=en", stale)
    assert answer.status_code == 409
    assert "Somebody changed this person meanwhile" in answer.text
    with router.store.reading() as unit:
        assert not people.agent(unit, agent).active
    assert (
        admin.post(f"/people/{agent}", {**stale, "seen": _shown(admin, agent)}).status_code == 303
    )


def test_a_new_team_can_be_handed_a_ticket(router, browser_of, calm):
    admin = browser_of("admin")
    admin.post("/teams", {"key": "vip", "zh": "贵宾组", "en": "VIP"})
    with router.store.reading() as unit:
        team = next(one for one in teams.listed(unit) if one.key == "vip")
    answer = admin.post(f"/ticket/{calm.number}/team", {"team": str(team.id)})
    assert answer.status_code == 303
    assert calm.number in admin.get("/?team=vip").text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_right_is_told_in_words(browser_of, language):
    page = browser_of("manager").get(f"/roles?lang={language}").text
    words = catalogue()[language]
    untold = [
        one for one in ACTIONS if f'<th scope="row">{words.get(f"words.right.{one}")}<' not in page
    ]
    assert untold == []


def test_who_sees_every_team_is_said_to(browser_of):
    page = browser_of("admin").get("/people?lang=en").text
    assert page.count("All teams") == 2  # the manager and the admin


@pytest.mark.parametrize(
    ("language", "told", "other"), [("en", "{agent}", "{坐席}"), ("zh", "{坐席}", "{agent}")]
)
def test_macros_name_their_variables_in_the_readers_language(browser_of, language, told, other):
    page = browser_of("agent").get(f"/macros?lang={language}").text
    assert told in page
    assert other not in page


def test_set_up_offers_only_what_a_reader_may_open(browser_of):
    for role in ("agent", "manager"):
        browser = browser_of(role)
        body = browser.get("/admin").text.partition("<main")[2]
        for address in re.findall(r'<li><a href="([^"]+)"', body):
            assert browser.get(address).status_code == 200, (role, address)
    assert 'href="/audit"' not in browser_of("agent").get("/admin").text


def test_a_link_of_set_up_is_called_as_the_page_it_leads_to(browser_of):
    browser = browser_of("admin")
    for name, address, _ in PAGES:
        page = browser.get(f"{address}?lang=en").text
        title = catalogue()["en"]["admin.page." + name]
        assert re.search(rf"<h1[^>]*>{re.escape(title)}</h1>", page), address


# ---------------------------------------------------------------- the audit log


def _done(router, many=3):
    def work(unit):
        for n in range(many):
            timeline.audit(unit, "router", "ticket.view", f"ticket:{n}")

    router.store.write(work)
    router.store.write(lambda unit: audit.seal(unit, router.keys))


def test_the_audit_log_is_read_and_narrowed(router, browser_of, agents, calm):
    manager = browser_of("manager")
    manager.post(f"/ticket/{calm.number}/close")
    page = manager.get(f"/audit?lang=en&actor=agent:{agents['manager']}&action=ticket.").text
    assert f'<bdi>Manager</bdi></b> closed <a href="/ticket/{calm.number}">' in page
    assert page.count('<td class="said">') == 1


def test_a_changed_line_is_found_and_named(router, browser_of):
    _done(router)
    manager = browser_of("manager")
    assert 'class="notice ok"' in manager.post("/audit/verify").text
    router.store.write(
        lambda unit: unit.run("UPDATE audit SET subject = 'ticket:9' WHERE position = 2")
    )
    answer = manager.post("/audit/verify?lang=en").text
    assert "broken at line 2" in answer


def test_a_long_log_is_read_page_by_page(router, browser_of):
    _done(router, 120)
    manager = browser_of("manager")
    page = manager.get("/audit?action=ticket.view").text
    assert page.count("<code>ticket.view</code>") == 100
    following = re.search(r'href="(/audit\?[^"]*cursor=[^"]+)"', page)[1].replace("&amp;", "&")
    assert manager.get(following).text.count("<code>ticket.view</code>") == 20


def test_an_invitation_leads_to_where_the_world_reaches_the_desk(assembled, door):
    router = assembled(doors=FakeDoors(door), web={"public_url": "http://help.desk.example/"})

    def work(unit):
        admin = people.create_agent(unit, "a@desk.example", "A", "admin", [])
        unit.flush()
        return people.open_session(unit, admin, hours=1)

    browser = Browser(app_of(router), router.store.write(work))
    page = browser.post("/people/invite", {"email": "b@desk.example", "role": "agent"}).text
    assert "http://help.desk.example/enter/" in page
    assert "localhost" not in page

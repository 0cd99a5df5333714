"""Signing in: by password or once by link; sessions end when they should."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from router.store import people
from router.web import signing

pytestmark = pytest.mark.one_database

SHIPPED = signing._HASHER
#: Who comes in is asked here; how long a guess takes is asked once.
LIGHT = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setattr(signing, "_HASHER", LIGHT)
    signing._nobody.cache_clear()
    yield
    signing._nobody.cache_clear()


@pytest.fixture
def link(router, agents):
    return router.store.write(lambda unit: people.one_time_link(unit, agents["agent"], "enter", 60))


@pytest.fixture
def password(router, agents):
    hashed = LIGHT.hash("made-up password")
    router.store.write(lambda unit: people.change(unit, agents["agent"], password_hash=hashed))
    return "made-up password"


def test_a_link_signs_in_once(browser_of, link):
    browser = browser_of(None)
    assert browser.get(f"/enter/{link}").status_code == 200
    assert browser.post(f"/enter/{link}").status_code == 303
    assert browser.get("/me").status_code == 200
    assert browser_of(None).post(f"/enter/{link}").status_code == 404


def test_opening_a_link_does_not_use_it(browser_of, link):
    for _ in range(3):
        browser_of(None).get(f"/enter/{link}")
    assert browser_of(None).post(f"/enter/{link}").status_code == 303


def test_a_link_that_is_over_opens_nothing(browser_of, link, frozen):
    frozen.advance(timedelta(minutes=61))
    assert browser_of(None).post(f"/enter/{link}").status_code == 404


def test_an_unused_link_is_over_once_its_person_is_signed_out_everywhere(browser_of, agents, link):
    browser_of("admin").post(f"/people/{agents['agent']}/sign-out")
    assert browser_of(None).post(f"/enter/{link}").status_code == 404


@pytest.mark.parametrize("changed", [{"role": "lead", "active": "yes"}, {"role": "agent"}])
def test_an_unused_link_is_over_once_its_person_is_changed(browser_of, agents, link, changed):
    admin, person = browser_of("admin"), f"/people/{agents['agent']}"
    admin.post(person, changed)
    admin.post(person, {"role": "agent", "active": "yes"})
    assert browser_of(None).post(f"/enter/{link}").status_code == 404


def test_an_unused_link_is_over_once_its_person_has_a_new_password(browser_of, link):
    browser_of("agent").post("/me/password", {"fresh": "another password"})
    assert browser_of(None).post(f"/enter/{link}").status_code == 404


def test_a_half_made_sign_in_is_over_once_its_person_is_signed_out_everywhere(
    router, browser_of, agents
):
    half = router.store.write(lambda unit: people.one_time_link(unit, agents["agent"], "second", 5))
    browser_of("admin").post(f"/people/{agents['agent']}/sign-out")
    with router.store.reading() as unit:
        assert people.holder(unit, half, "second") is None


def test_whoever_came_in_by_one_link_leaves_no_other_behind(router, browser_of, agents, link):
    other, of_lead = (
        router.store.write(lambda unit, one=one: people.one_time_link(unit, one, "enter", 60))
        for one in (agents["agent"], agents["lead"])
    )
    assert browser_of(None).post(f"/enter/{other}").status_code == 303
    assert browser_of(None).post(f"/enter/{link}").status_code == 404
    assert browser_of(None).post(f"/enter/{of_lead}").status_code == 303


def test_signing_out_one_browser_leaves_a_link_that_was_asked_for(browser_of, link):
    browser_of("agent").post("/sign-out")
    assert browser_of(None).post(f"/enter/{link}").status_code == 303


def test_the_right_password_signs_in(browser_of, password):
    data = {"email": "Agent@desk.example", "password": password, "next": "/me"}
    answer = browser_of(None).post("/sign-in", data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")


def test_a_guess_takes_as_long_as_argon2_advises():
    assert extract_parameters(SHIPPED.hash("made-up password")) == RFC_9106_LOW_MEMORY


@pytest.mark.parametrize("email", ["agent@desk.example", "nobody@desk.example"])
def test_a_wrong_password_looks_the_same_as_a_stranger(browser_of, password, email):
    answer = browser_of(None).post("/sign-in", {"email": email, "password": "wrong"})
    assert answer.status_code == 401
    assert "desk=" not in answer.headers.get("Set-Cookie", "")


def test_guessing_is_slowed_down(browser_of, password):
    browser = browser_of(None)
    codes = [
        browser.post("/sign-in", {"email": "agent@desk.example", "password": "x"}).status_code
        for _ in range(11)
    ]
    assert codes[-1] == 429
    assert set(codes[:-1]) == {401}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example/x",
        "/\n/evil.example",
        "/\r//evil.example",
        "/\r\nSet-Cookie: a=b",
        "/ /evil.example",
        "/inbox\\..\\evil",
        "/\u2028/evil.example",
        "/\x85/evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_signing_in_leads_only_to_our_own_pages(browser_of, password, target):
    data = {"email": "agent@desk.example", "password": password, "next": target}
    assert browser_of(None).post("/sign-in", data).headers["Location"] == "/"


def test_signing_in_leads_back_to_the_list_as_it_was_searched(browser_of, password):
    at = "/?q=%E8%BD%AC%E8%B4%A6&view=open"
    sent = browser_of(None).get(at)
    assert sent.status_code == 303
    data = {"email": "agent@desk.example", "password": password, "next": at}
    assert browser_of(None).post("/sign-in", data).headers["Location"] == at


def test_the_list_of_sessions_says_which_browser_each_is_of(browser_of, password):
    fox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for said in (fox, "curl/8.0"):
        browser = browser_of(None)
        data = {"email": "agent@desk.example", "password": password, "next": "/me"}
        browser.post("/sign-in", data, headers={"User-Agent": said})
    page = browser.get("/me?lang=en").text
    assert "Firefox · Linux" in page
    assert "does not say what it is" in page
    assert "Gecko" not in page


def test_an_idle_session_ends(browser_of, frozen):
    browser = browser_of("agent")
    frozen.advance(timedelta(minutes=31))
    assert browser.get("/me").status_code == 303


def test_a_session_in_use_stays_until_its_last_hour(browser_of, frozen):
    browser = browser_of("agent")
    for _ in range(5):
        frozen.advance(timedelta(minutes=11))
        assert browser.get("/me").status_code == 200
    frozen.advance(timedelta(minutes=11))
    assert browser.get("/me").status_code == 303


def test_signing_out_ends_the_session_on_the_server(app, browser_of):
    browser = browser_of("agent")
    secret = browser.client.get_cookie("desk").value
    browser.post("/sign-out")
    browser.client.set_cookie("desk", secret)
    assert browser.get("/me").status_code == 303


def test_whoever_loses_the_job_loses_the_session(browser_of, agents):
    browser, admin = browser_of("agent"), browser_of("admin")
    admin.post(f"/people/{agents['agent']}", {"role": "agent"})
    assert browser.get("/me").status_code == 303


def test_the_database_keeps_no_secret_of_a_session(router, browser_of):
    browser = browser_of("agent")
    secret = browser.client.get_cookie("desk").value
    with router.store.reading() as unit:
        kept = [row.secret_hash for row in unit.rows("SELECT secret_hash FROM session")]
    assert secret not in kept


def test_a_new_password_needs_the_present_one(browser_of, password):
    browser = browser_of("agent")
    refused = browser.post(
        "/me/password?lang=en", {"present": "wrong", "fresh": "another password"}
    )
    assert refused.status_code == 422
    assert "This is not your present password" in refused.text
    answer = browser.post("/me/password", {"present": password, "fresh": "another password"})
    assert answer.status_code == 303
    assert "password is changed" in browser.get(f"{answer.headers['Location']}&lang=en").text


def test_a_short_new_password_is_refused_beside_its_field(browser_of, password):
    data = {"present": password, "fresh": "short"}
    answer = browser_of("agent").post("/me/password?lang=en", data)
    assert answer.status_code == 422
    assert "10 characters or more" in answer.text


def test_a_new_password_signs_every_other_browser_out(browser_of, password):
    here, elsewhere = browser_of("agent"), browser_of("agent")
    here.post("/me/password", {"present": password, "fresh": "another password"})
    assert here.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303

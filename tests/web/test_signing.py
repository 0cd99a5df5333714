"""Signing in: by password or once by link; sessions end when they should."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from router.errors import StoreBusy
from router.store import people
from router.web.pages import signing

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


def signing_name(router, agent_id):
    """The cookie by which a browser is known to this person."""
    return f"known-{router.keys.fingerprint(f'known:{agent_id}')[:8]}"


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


@pytest.fixture
def guess(browser_of):
    """Tries a wrong password for an address from a network; what came of it."""

    def go(network, email="agent@desk.example", browser=None, word="x"):
        data = {"email": email, "password": word}
        of = {"REMOTE_ADDR": network}
        return (browser or browser_of(None)).post("/sign-in", data, environ_base=of).status_code

    return go


def test_guesses_from_ten_networks_lock_nobody_out(password, guess):
    assert [guess(f"198.51.{n}.1") for n in range(12)] == [401] * 12
    assert guess("203.0.113.9", word=password) == 303


def test_one_network_has_ten_tries_at_an_address_and_locks_only_itself_out(password, guess):
    assert [guess("198.51.100.1") for _ in range(12)] == [401] * 10 + [429] * 2
    assert guess("198.51.100.1", word=password) == 429
    assert guess("203.0.113.9", word=password) == 303


def test_one_network_has_thirty_tries_at_all_addresses(guess):
    codes = [guess("198.51.100.1", email=f"p{n}@desk.example") for n in range(32)]
    assert codes == [401] * 30 + [429] * 2


def test_a_thousand_networks_have_a_hundred_tries_an_hour_at_one_address(password, guess, frozen):
    def attack(seconds):
        found = 0
        for n in range(seconds // 30):
            frozen.advance(timedelta(seconds=30))
            found += guess(f"198.{n // 250}.{n % 250}.1") == 401
        return found

    assert attack(3600) == 100
    assert attack(2 * 3600) <= 2 * 100


def test_the_owners_known_browser_signs_in_while_many_networks_guess(browser_of, password, guess):
    own = browser_of(None)
    assert guess("203.0.113.9", browser=own, word=password) == 303
    own.client.delete_cookie("desk")
    assert [guess(f"198.51.{n}.1") for n in range(101)][-1] == 429
    assert guess("203.0.113.9", word=password) == 429
    assert guess("203.0.113.200", browser=own, word=password) == 303


def test_a_known_browser_has_ten_tries_too(browser_of, password, guess):
    own = browser_of(None)
    guess("203.0.113.9", browser=own, word=password)
    codes = [guess(f"198.51.{n}.1", browser=own) for n in range(12)]
    assert codes == [401] * 10 + [429] * 2


def test_a_browser_is_known_to_those_alone_who_signed_in_by_it(browser_of, agents, guess, link):
    other = browser_of(None)
    other.post(f"/enter/{link}")
    codes = [guess(f"198.51.{n}.1", "lead@desk.example", browser=other) for n in range(101)]
    assert codes[-1] == 429


def test_a_browser_is_forgotten_after_three_months(router, agents, browser_of, guess, frozen):
    own = browser_of(None)
    name = signing_name(router, agents["agent"])
    token = router.tokens.browser_token(agents["agent"], frozen.now() + timedelta(days=90))
    own.client.set_cookie(name, token, path="/sign-in")
    frozen.advance(timedelta(days=91))
    assert [guess(f"198.51.{n}.1", browser=own) for n in range(11)] == [401] * 11


@pytest.mark.parametrize("word", ["", "x", "a" * 40])
def test_a_made_up_word_makes_no_browser_known(router, agents, browser_of, guess, word):
    own = browser_of(None)
    own.client.set_cookie(signing_name(router, agents["agent"]), word, path="/sign-in")
    assert [guess(f"198.51.{n}.1", browser=own) for n in range(11)] == [401] * 11


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


@pytest.mark.parametrize("path", ["/enter/{link}", "/enter/x%0A2026 ERROR forged {link}"])
def test_a_link_that_cannot_be_used_now_stands_in_no_log(
    browser_of, router, link, caplog, monkeypatch, path
):
    def busy(*_, **__):
        raise StoreBusy("the work lost every race for its rows")

    browser = browser_of(None)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(router.store, "write", busy)
        assert browser.post(path.format(link=link)).status_code == 503
    assert caplog.messages == ["POST /enter/<token>: the work lost every race for its rows"]
    assert browser.post(f"/enter/{link}").status_code == 303

"""Every channel's secrets tried at its platform: what is right, wrong, and never answered."""

import socket
from functools import partial

import pytest

from router import logins
from router.vault import Vault
from tests.fakes import FakeDoor, FakeDoors

pytestmark = pytest.mark.one_database


def told(desk, **given):
    return {one.place: (one.ok, one.said) for one in logins.tried(desk, **given)}


@pytest.fixture
def switch(desk, sandbox):
    """Opens a sandbox channel anew with other options or secrets."""

    def change(kind, secrets=None, **options):
        given = {**sandbox.channels()[kind]["sandbox"], **options}
        lent = {f"channels.{kind}.sandbox.{name}": one for name, one in (secrets or {}).items()}
        lend = partial(Vault, store=desk.store, keys=desk.keys, lent=sandbox.secrets() | lent)
        desk.doors.switch_on({kind: {"sandbox": given}}, lend)

    return change


def test_every_channel_that_has_a_platform_is_tried_and_nothing_is_sent(desk, sandbox):
    found = told(desk)
    assert list(found) == [f"{kind}.sandbox" for kind in ("wechat", "messenger", "x", "phone")]
    assert {ok for ok, _ in found.values()} == {True}
    assert sandbox.ledger.told(way="out") == []
    assert [line.text for line in sandbox.ledger.told("wechat", "call", "token")] == ["False"]


@pytest.mark.parametrize(
    ("kind", "secrets", "options", "words"),
    [
        ("wechat", {"app_secret": "old"}, {}, "errcode 40125: the AppSecret is wrong"),
        ("wechat", {}, {"appid": "wx9"}, "errcode 40013: the platform knows no such AppID"),
        ("wechat", {"encoding_aes_key": "short"}, {}, "43 letters and digits; copy it"),
        ("messenger", {"page_token": "old"}, {}, "make a new one and set page_token"),
        ("messenger", {}, {"page_id": "9"}, "is the page 1000000000000001's; make one for page_id"),
        ("messenger", {}, {"app_id": "9"}, "is of the app 3000000000000001; write that one"),
        ("x", {"refresh_token": "used"}, {}, "authorise the account again and set refresh_token"),
        ("x", {}, {"user_id": "9"}, "is the account 7000000000000000001's"),
        ("phone", {"auth_token": "old"}, {}, "compare account_sid and auth_token"),
        ("phone", {}, {"folder": "/not/there"}, "/not/there is no folder that this user may read"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do_about_it(
    desk, switch, kind, secrets, options, words
):
    switch(kind, secrets, **options)
    ok, said = told(desk)[f"{kind}.sandbox"]
    assert not ok
    assert words in said


def test_who_does_not_answer_is_not_waited_for(desk, switch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        switch("messenger", base_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        found = told(desk, patience=0.5)
        assert found["messenger.sandbox"][0] is False
        assert "no answer" in found["messenger.sandbox"][1]
        silent.accept()[0].close()


class Odd(FakeDoor, FakeDoors):
    """A door whose platform answers as none should."""

    def __init__(self):
        FakeDoor.__init__(self)
        FakeDoors.__init__(self, self)

    def fresh(self, _kind, _account):
        return self

    def log_in(self):
        raise KeyError("made up")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_answers_oddly_is_not_said_to_be_out_of_reach(assembled):
    (told,) = logins.tried(assembled(doors=Odd()))
    assert (told.ok, "no answer" in told.said) == (False, False)

"""Renewing a mailbox's token: what is asked, and what an answer means."""

import http.server
import json
import threading
from datetime import timedelta

import pytest

from channels.contract import Refused, Token, Transient
from channels.email import Email, EmailOptions, oauth
from router.vault import Vault


@pytest.fixture
def provider():
    """A token endpoint on loopback; it answers what it is told to."""

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, said = self.server.answer
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
    server.asked, server.answer = [], (200, {"access_token": "at", "expires_in": 100})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def _grant(provider):
    return oauth.Grant(f"http://127.0.0.1:{provider.server_port}/token", "desk", "mail")


def test_a_grant_is_asked_for_as_the_standard_says(provider):
    token = oauth.renew(_grant(provider), "made-up", "")
    assert token == Token("at", timedelta(seconds=100), "made-up")
    assert provider.asked == [
        "grant_type=refresh_token&refresh_token=made-up&client_id=desk&scope=mail"
    ]


def test_a_provider_that_gives_another_refresh_token_is_asked_with_that_one(provider):
    provider.answer = (200, {"access_token": "at", "expires_in": 100, "refresh_token": "next"})
    assert oauth.renew(_grant(provider), "made-up", "").renewal == "next"


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, {"error": "invalid_grant"}, Refused),
        (401, {"error": "invalid_client"}, Refused),
        (503, {}, Transient),
        (429, {"error": "slow_down"}, Transient),
        (200, {"token": "none"}, Transient),
    ],
)
def test_an_answer_says_whether_to_come_again(provider, status, said, kind):
    provider.answer = (status, said)
    with pytest.raises(kind):
        oauth.renew(_grant(provider), "made-up", "")


def test_a_token_is_never_asked_for_in_clear_beyond_this_machine():
    with pytest.raises(Refused):
        oauth.renew(oauth.Grant("http://login.example/token", "desk", ""), "made-up", "")


def test_a_mailbox_logs_in_with_a_kept_token_until_it_is_refused(provider, store, keys):
    options = EmailOptions(
        address="help@desk.example",
        imap_auth="xoauth2",
        oauth_url=_grant(provider).url,
        oauth_client_id="desk",
    )
    lent = {f"channels.email.a.{oauth.REFRESH}": "made-up"}
    door = Email("a", options, Vault("email", "a", store=store, keys=keys, lent=lent))
    assert [door._login(), door._login()] == ["at", "at"]
    assert len(provider.asked) == 1
    provider.answer = (200, {"access_token": "other", "expires_in": 100})
    assert door._login("at") == "other"
    assert len(provider.asked) == 2

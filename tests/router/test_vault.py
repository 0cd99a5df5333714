"""Tokens of platforms: kept sealed, renewed once however many ask."""

import threading
from datetime import timedelta

import pytest

from channels.contract import Refused, Token, Transient
from router.store import claims
from router.vault import Vault

REFRESH = "oauth_refresh_token"


@pytest.fixture
def vault(store, keys):
    return Vault("email", "a", store=store, keys=keys)


class Provider:
    """Gives each refresh token one use, as the strictest do."""

    def __init__(self):
        self.used = []

    def renew(self, refresh):
        if refresh in self.used:
            raise Refused("used twice", channel_fault=True)
        self.used.append(refresh)
        number = len(self.used)
        return Token(f"access-{number}", timedelta(hours=1), f"refresh-{number}")


def test_a_token_is_renewed_before_it_ends_and_not_early(vault, frozen):
    provider = Provider()
    assert vault.token(REFRESH, provider.renew, seed="seed") == "access-1"
    frozen.advance(timedelta(minutes=41))
    assert vault.token(REFRESH, provider.renew, seed="seed") == "access-1"
    frozen.advance(timedelta(minutes=8))
    assert vault.token(REFRESH, provider.renew, seed="seed") == "access-2"
    assert provider.used == ["seed", "refresh-1"]


def test_a_refused_token_is_renewed_at_once_and_only_once(vault):
    provider = Provider()
    vault.token(REFRESH, provider.renew, seed="seed")
    for _ in range(2):
        said = vault.token(REFRESH, provider.renew, seed="seed", stale="access-1")
        assert said == "access-2"


def test_a_new_secret_begins_anew(vault):
    provider = Provider()
    vault.token(REFRESH, provider.renew, seed="seed")
    assert vault.token(REFRESH, provider.renew, seed="other") == "access-2"
    assert provider.used == ["seed", "other"]


def test_a_token_that_still_works_outlives_a_provider_in_trouble(vault, frozen):
    vault.token(REFRESH, Provider().renew, seed="seed")
    frozen.advance(timedelta(minutes=50))

    def trouble(refresh):
        raise Transient("not now")

    assert vault.token(REFRESH, trouble, seed="seed") == "access-1"
    frozen.advance(timedelta(minutes=11))
    with pytest.raises(Transient):
        vault.token(REFRESH, trouble, seed="seed")


def test_nothing_of_a_token_is_readable_in_the_database(vault, store):
    vault.token(REFRESH, Provider().renew, seed="seed")
    with store.reading() as unit:
        row = unit.row("SELECT * FROM platform_token")
    for word in (b"access-1", b"refresh-1"):
        assert word not in bytes(row.blob)
    assert row.seed != "seed"


def test_many_who_ask_at_once_renew_once(store, keys):
    provider, said = Provider(), []

    def ask():
        ours = Vault("email", "a", store=store, keys=keys)
        said.append(ours.token(REFRESH, provider.renew, seed="seed"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert said == ["access-1"] * 8
    assert provider.used == ["seed"]


def test_while_another_renews_one_waits_and_then_says_later(vault, store, monkeypatch):
    monkeypatch.setattr("router.vault._PATIENCE", 0.1)
    lease = f"token:email:a:{REFRESH}"
    store.write(lambda unit: claims.take(unit, lease, "other", lease_us=60_000_000))
    with pytest.raises(Transient):
        vault.token(REFRESH, Provider().renew, seed="seed")


def test_two_accounts_of_one_channel_share_no_token(store, keys):
    provider = Provider()
    for account, wanted in (("a", "access-1"), ("b", "access-2")):
        ours = Vault("email", account, store=store, keys=keys)
        assert ours.token(REFRESH, provider.renew, seed=f"seed-{account}") == wanted


def test_a_desk_without_a_database_lends_no_token():
    with pytest.raises(Transient):
        Vault("email", "a").token(REFRESH, Provider().renew, seed="seed")

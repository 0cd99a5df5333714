"""Two spellings of one mailbox meet, two mailboxes never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.identity import domain_of, looks_like, network_of, normalise

KNOWN = ("support@wallet.example", "wallet.example")


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("  Li.Wei@Example.COM ", "li.wei@example.com"),
        ("li@example.com.", "li@example.com"),
        ("li@MÜNCHEN.example", "li@xn--mnchen-3ya.example"),
        ("LI@例子.example", "li@xn--fsqu00a.example"),
        ("Jose\u0301@example.com", "jos\u00e9@example.com"),
        ("李伟@example.com", "李伟@example.com"),
        ("me@Stra\u00dfe.example", "me@xn--strae-oqa.example"),
        ("me@STRA\u1e9eE.example", "me@xn--strae-oqa.example"),
        ("me@\u03b2\u03cc\u03bb\u03bf\u03c2.example", "me@xn--nxasmm1c.example"),
        ("me@xn--strae-oqa.example", "me@xn--strae-oqa.example"),
        ("me@\uff45xample\u3002com", "me@example.com"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(spelling, expected):
    assert normalise("email", spelling) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("li+a@example.com", "li+b@example.com"),
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\u674estra\u00dfe@example.com", "\u674estrasse@example.com"),
        ("me@stra\u00dfe.example", "me@strasse.example"),
        (
            "me@\u03b2\u03cc\u03bb\u03bf\u03c2.example",
            "me@\u03b2\u03cc\u03bb\u03bf\u03c3.example",
        ),
        ("me@wal\u200dlet.example", "me@wallet.example"),
        ("me@\u0915\u094d\u200d\u0937.example", "me@\u0915\u094d\u0937.example"),
    ],
)
def test_mailboxes_that_may_be_two_peoples_stay_two(one, other):
    assert normalise("email", one) != normalise("email", other)


@pytest.mark.parametrize("domain", ["WALLET.example", "xn--strae-oqa.example", "a_b.example"])
def test_a_domain_of_plain_letters_is_spelt_as_it_always_was(domain):
    assert normalise("email", f"Li@{domain}.") == f"li@{domain.lower()}"


@given(st.text(alphabet="aZ.@+ \u00e9\u00dcßẞςΣİ\u200d\u3002李क्-_1", max_size=30))
def test_spelling_an_address_twice_changes_nothing(text):
    once = normalise("email", text)
    assert normalise("email", once) == once


@pytest.mark.parametrize(
    "spelling",
    [
        "+86 138-0013-8000",
        "0086 138 0013 8000",
        "+86 (138) 0013.8000",
        "\uff0b\uff18\uff1613800138000",
    ],
)
def test_a_number_has_one_spelling(spelling):
    assert normalise("phone", spelling) == "+8613800138000"


def test_a_number_without_a_country_keeps_what_it_has():
    assert normalise("phone", "138 0013 8000") == "13800138000"
    assert normalise("phone", " unknown ") == "unknown"


def test_a_platforms_own_id_is_left_alone():
    assert normalise("wechat", " oAbC_dEf ") == "oAbC_dEf"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Li@Example.COM", "example.com"),
        ('"a@b"@example.com', "example.com"),
        ("nobody", ""),
    ],
)
def test_the_domain_is_what_follows_the_last_at(address, expected):
    assert domain_of(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "support@wa11et.example",
        "support@w\u0430llet.example",
        "support@wal\u200dlet.example",
        "x@wal-let.example",
        "x@wallet.example.evil.test",
        "x@vvallet.example",
    ],
)
def test_an_address_that_imitates_ours_is_found_out(address):
    assert looks_like(address, KNOWN) in KNOWN


def test_an_imitation_is_found_in_its_encoded_spelling_too():
    encoded = "w\u0430llet.example".encode("idna").decode()
    assert looks_like(f"support@{encoded}", KNOWN) in KNOWN


@pytest.mark.parametrize(
    "address",
    ["support@wallet.example", "li@wallet.example", "li@mail.wallet.example", "li@example.com", ""],
)
def test_an_honest_address_imitates_nobody(address):
    assert looks_like(address, KNOWN) is None


def test_a_display_name_that_holds_our_address_is_dressed_up():
    assert looks_like("x@evil.test", KNOWN, "Support@Wallet.example") == "support@wallet.example"
    assert looks_like("support@wallet.example", KNOWN, "support@wallet.example") is None


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not an address", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_guest_is_counted_by_the_network_they_are_given(ip, expected):
    assert network_of(ip) == expected

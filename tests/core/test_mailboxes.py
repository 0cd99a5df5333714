"""Limits count mailboxes and owners of domains, not spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.mailboxes import mailbox, owned


@pytest.mark.parametrize(
    "spelling",
    ["lin@mail.example", "Lin+a@Mail.example", "lin+a+b@mail.example", "LIN+@mail.example."],
)
def test_what_a_plus_adds_is_no_other_mailbox(spelling):
    assert mailbox(spelling) == "lin@mail.example"


@pytest.mark.parametrize("spelling", ["l.i.n@gmail.com", "lin+x@gmail.com", "L.in@googlemail.com"])
def test_dots_count_for_nothing_where_their_provider_reads_over_them(spelling):
    assert mailbox(spelling) == "lin@gmail.com"


def test_dots_count_everywhere_else():
    assert mailbox("l.in@mail.example") != mailbox("lin@mail.example")


@pytest.mark.parametrize("given", ["+a@mail.example", "...@gmail.com", "no address", ""])
def test_what_would_be_nothing_stays_what_it_is(given):
    assert mailbox(given) == given


@given(st.text(alphabet="ab+.@-gmailco\u00df", max_size=24))
def test_a_mailbox_counted_twice_is_the_same(text):
    assert mailbox(mailbox(text)) == mailbox(text)


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("mail.example", "mail.example"),
        ("s1.mail.example", "mail.example"),
        ("a.b.c.mail.example", "mail.example"),
        ("a.one.co.uk", "one.co.uk"),
        ("one.co.uk", "one.co.uk"),
        ("x.two.com.cn", "two.com.cn"),
        ("a.co.example", "co.example"),
        ("a.shop.de", "shop.de"),
        ("localhost", "localhost"),
        ("[192.0.2.10]", "[192.0.2.10]"),
        ("", ""),
    ],
)
def test_names_below_a_domain_are_its_owners(domain, owner):
    assert owned(domain) == owner

"""Who wrote and to whom: addresses as people and programs write them, and ids of mails."""

import pytest

from channels.email.addresses import handles
from channels.email.parse import parse_mail
from channels.email.report import parse_report


def sender_of(header):
    sender = parse_mail(f"From: {header}\r\n\r\nhi".encode(), account="desk").sender
    return sender.value, sender.name


@pytest.mark.parametrize(
    ("header", "address", "name"),
    [
        ("li@mail.example (Wei (at work) Li)", "li@mail.example", "Wei (at work) Li"),
        ("li@mail.example (Wei \\) Li)", "li@mail.example", "Wei ) Li"),
        ("Wei <li(the one)@mail.example>", "li@mail.example", "Wei"),
        ('Wei <"li wei"@mail.example>', '"li wei"@mail.example', "Wei"),
        ("Li, Wei <li@mail.example>", "li@mail.example", "Li, Wei"),
        ('Wei "W." Li <li@mail.example>', "li@mail.example", "Wei W. Li"),
        ("Wei <li@mail.example", "li@mail.example", "Wei"),
        ('"Wei <li@mail.example>', "li@mail.example", "Wei"),
        ("Wei [li@mail.example]", "li@mail.example", "Wei"),
        ("Wei <li@[192.0.2.7]>", "li@[192.0.2.7]", "Wei"),
        ("Wei <li@[IPv6:2001:db8::7]>", "li@[IPv6:2001:db8::7]", "Wei"),
        ("Wei <li@mail.example.>", "li@mail.example", "Wei"),
        ("\r\nFrom: Wei <li@mail.example>", "li@mail.example", "Wei"),
    ],
)
def test_a_sender_is_read_however_the_address_is_written(header, address, name):
    assert sender_of(header) == (address, name)


@pytest.mark.parametrize(
    "header", ["Desk <desk@bank.example@evil.example>", 'Desk <"desk@bank.example"@evil.example>']
)
def test_an_address_within_an_address_is_not_its_senders(header):
    address, _ = sender_of(header)
    assert address != "desk@bank.example"
    assert address.endswith("@evil.example")


@pytest.mark.parametrize(
    "header",
    [
        "<a@mail.example> <b@mail.example>",
        "a@mail.example b@mail.example",
        "a@mail.example，b@mail.example",
        "甲 <a@mail.example>；乙 <b@mail.example>",
        "desk: a@mail.example; others: b@mail.example;",
    ],
)
def test_recipients_are_told_apart_whatever_parts_them(header):
    assert [one.value for one in handles(header)] == ["a@mail.example", "b@mail.example"]


@pytest.mark.parametrize(
    ("header", "message_id"),
    [
        ("=?utf-8?Q?=3Cone=40mail.example=3E?=", "<one@mail.example>"),
        ("<one\r\n @mail.example>", "<one@mail.example>"),
        ('"one@mail.example"', "<one@mail.example>"),
        ("\r\nMessage-ID: <one@mail.example>", "<one@mail.example>"),
    ],
)
def test_an_id_is_read_however_it_is_written(header, message_id):
    mail = parse_mail(f"Message-ID: {header}\r\n\r\nhi".encode(), account="desk")
    assert mail.message_id == message_id


@pytest.mark.parametrize("written", ["<a@m.example>,<b@m.example>", "a@m.example b@m.example"])
def test_a_thread_is_known_by_ids_that_are_written_badly(written):
    mail = f"From: li@mail.example\r\nReferences: {written}\r\n\r\nhi".encode()
    assert parse_mail(mail, account="desk").thread_ids == ("<b@m.example>", "<a@m.example>")
    assert parse_report(mail)["references"] == ["<a@m.example>", "<b@m.example>"]


def test_a_sender_whose_header_has_a_blank_is_no_line_of_a_mailbox():
    assert parse_mail(b"From : li@mail.example\r\n\r\nhi", account="desk").sender.value == (
        "li@mail.example"
    )


def test_words_around_an_id_are_no_ids():
    mail = b'In-Reply-To: Your mail of "Monday" <a@m.example>\r\n\r\nhi'
    assert parse_mail(mail, account="desk").thread_ids == ("<a@m.example>",)
    assert parse_report(mail)["in_reply_to"] == "<a@m.example>"

"""Mail made to hurt: nothing raises, hangs or eats the memory, and who sent it is still known."""

import json
import resource
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.parse import parse_mail, remote_id
from channels.email.report import parse_report
from router.core.cutting.quoting import split_reply
from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, receive

RECORDED = sorted((Path(__file__).parent.parent / "recorded" / "email").glob("*.eml"))
FROM = b"From: Li <li@mail.example>\r\nSubject: help me\r\n"
LONGEST = 15.0  # CPU seconds; linear work takes one, more than linear takes hours
STEERING = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F))}


def multipart(boundary, kind="mixed"):
    return f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode()


def nested(depth, kind="mixed"):
    opened = b"".join(multipart(n, kind) + f"--{n}\r\n".encode() for n in range(depth))
    return FROM + opened + b"Content-Type: text/plain\r\n\r\nhelp\r\n"


def nested_mails(depth):
    return (FROM + b"Content-Type: message/rfc822\r\n\r\n") * depth + b"\r\nhelp"


def many_parts(count):
    part = b"--b\r\nContent-Type: image/png; name=a.png\r\n\r\nx\r\n"
    return FROM + multipart("b") + part * count + b"--b--\r\n"


def text(content_type, data, *headers):
    return FROM + b"\r\n".join([f"Content-Type: {content_type}".encode(), *headers, b"", data])


HOSTILE = {
    "1,500 parts within parts": lambda: nested(1_500),
    "60 parts within parts": lambda: nested(60),
    "1,500 alternatives within": lambda: nested(1_500, "alternative"),
    "1,500 mails within mails": lambda: nested_mails(1_500),
    "100 large mails within mails": lambda: nested_mails(100) + b"a" * 4_000_000,
    "200,000 parts": lambda: many_parts(200_000),
    "200,000 boundaries without parts": lambda: FROM + multipart("b") + b"--b\r\n" * 200_000,
    "a boundary that begins all others": lambda: (
        FROM + multipart("a") + b"".join(b"--" + b"a" * n + b"\r\n" for n in range(1_000))
    ),
    "a boundary that blanks never end": lambda: (
        FROM + b"Content-Type: multipart/mixed\r\n\r\n--" + b" " * 1_000_000
    ),
    "100,000 boundaries that no header tells": lambda: (
        FROM
        + b"Content-Type: multipart/mixed\r\n\r\n"
        + b"".join(b"--%d\r\nContent-Type: multipart/mixed\r\n\r\n" % n for n in range(100_000))
    ),
    **{
        f"a recipient that is {mark[:4].decode()!r} for ever": lambda mark=mark: (
            FROM + b"To: " + mark * (30_000 // len(mark)) + b"@\r\n\r\nhelp"
        )
        for mark in (b"(\\", b"a,", b"a" * 1_000, b"()", b'"\\', b"<a@b>", b"a@", b" ")
    },
    "100,000 headers": lambda: FROM + b"X-A: b\r\n" * 100_000 + b"\r\nhelp",
    "one header of 5 MB": lambda: FROM + b"X-A: " + b"a" * 5_000_000 + b"\r\n\r\nhelp",
    "a header folded 200,000 times": lambda: FROM + b"X-A: a" + b"\r\n b" * 200_000 + b"\r\n\r\nx",
    "lines of spaces in the headers": lambda: FROM + b"X: a\r\n" + b" \r\n" * 80_000 + b"\r\nhelp",
    "a long line of spaces": lambda: FROM + b"X: a\r\n" + b" " * 250_000 + b"x\r\n\r\nhelp",
    "200,000 senders": lambda: b"From: " + b"a@b.example, " * 200_000 + b"\r\n\r\nhelp",
    "brackets in the sender": lambda: b"From: " + b"(<" * 100_000 + b"\r\n\r\nhelp",
    "encoded words without end": lambda: b"Subject: " + b"=?utf-8?b?" * 20_000 + b"\r\n\r\nx",
    "question marks in the sender": lambda: b"From: " + b"=?a?q?" * 20_000 + b"\r\n\r\nx",
    "encoded words in the header of a part": lambda: many_parts(1).replace(
        b"name=a.png", b"=?" * 500_000
    ),
    "encoded words in many parts": lambda: many_parts(4_000).replace(b"name=a.png", b"=?" * 2_000),
    "references without end": lambda: FROM + b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\nx",
    "parameters without end": lambda: text("text/plain" + "; a=b" * 50_000, b"help"),
    "quotes without end": lambda: many_parts(1).replace(b"a.png", b'"' + b'\\"' * 50_000),
    "a name in 50,000 pieces": lambda: many_parts(1).replace(
        b"name=a.png", b"; ".join(f"name*{n}*=%41".encode() for n in range(50_000))
    ),
    "broken base64": lambda: text(
        "text/plain", b"=a=b" * 300_000, b"Content-Transfer-Encoding: base64"
    ),
    "broken quoted-printable": lambda: text(
        "text/plain", b"=\r\n=Z=" * 300_000, b"Content-Transfer-Encoding: quoted-printable"
    ),
    "an unknown charset": lambda: text("text/plain; charset=klingon", b"\xe4\xbd\xa0help"),
    "a charset of no mail": lambda: text("text/plain; charset=punycode", b"a-" * 200_000),
    "UTF-7": lambda: text("text/plain; charset=utf-7", b"+AGE-" * 300_000),
    "UTF-8 that is none": lambda: text("text/plain; charset=utf-8", b"\xc3\r\n" * 500_000),
    "japanese that is none": lambda: text("text/plain; charset=iso-2022-jp", b"\x1b$B" * 300_000),
    "NUL": lambda: text("text/plain", b"he\0lp" * 200_000),
    "no line feed": lambda: FROM[:-2] + b" " + b"a" * 5_000_000,
    "only carriage returns": lambda: b"From: li@mail.example\r" + b"a\r" * 500_000,
    "flowed without end": lambda: text("text/plain; format=flowed", b"> a \r\n" * 200_000),
    "uuencode without end": lambda: text("text/plain", b"begin 644 a\r\n" * 50_000),
    "empty uuencoded files": lambda: text("text/plain", b"begin 644 a\r\n`\r\nend\r\n" * 30_000),
    "deep HTML": lambda: text("text/html", b"<div><blockquote type=cite>" * 100_000),
    "open tags": lambda: text("text/html", b"<blockquote " * 200_000),
    "quotations in turn": lambda: text("text/html", b"<blockquote>a</blockquote>b" * 9_000),
    "entities": lambda: text("text/html", b"&#x41;" * 200_000),
    "an envelope of files": lambda: text(
        "application/ms-tnef",
        b"\x78\x9f\x3e\x22\x01\x00" + (b"\x02\x02\x90\x06\x00" + bytes(6)) * 200_000,
    ),
    "quote marks": lambda: text("text/plain", b">" * 500_000 + b"\r\n> \r\n" * 100_000),
    "bounces of bounces": lambda: (
        FROM + multipart("b", "report") + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Final-Recipient: x\r\nAction: failed\r\n" + b"\r\nAction: failed\r\n" * 100_000
    ),
}


#: A megabyte of each, for whoever reads the text after the parser.
FLOODS = {
    "hashes": "0123456789abcdef" * 4 + "\n",
    "hashes in talk": "my transfer 0x" + "0123456789abcdef" * 4 + " is pending\n",
    "keys": "5" + "Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSz" + "abcdefghij\n",
    "seeds": "abandon ability able about above absent absorb abstract absurd abuse access act\n",
    "cards": "4111111111111111\n",
    "codes": "code 123456 验证码 654321\n",
    "letters apart": "f r o z e n ",
    "links": "https://a.example/x?y=1 ",
    "a word": "a",
}


def filled(piece):
    written = piece.encode()
    return written * (1_000_000 // len(written))


@dataclass(frozen=True)
class Told:
    """What a hostile mail was read as, in short, and the seconds that took."""

    seconds: float
    characters: int
    files: int
    whole: bool
    sender: str
    subject: str


@cache
def read(kind):
    data = HOSTILE[kind]()
    started = process_time()
    mail = parse_mail(data, account="desk")
    split_reply(mail.text, mail.subject, ("<o.1@desk.example>",))
    seconds = process_time() - started
    json.dumps(mail.text).encode()
    whole = "\0" not in mail.text + mail.subject
    sender = mail.sender.value if data.startswith(FROM) else ""
    return Told(seconds, len(mail.text), len(mail.attachments), whole, sender, mail.subject)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_mail_is_read_in_time(kind):
    told = read(kind)
    assert told.seconds < LONGEST
    assert told.characters <= 1_100_000
    assert told.files <= 500
    assert told.whole


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if HOSTILE[kind]().startswith(FROM)])
def test_a_hostile_mail_still_has_its_sender_and_subject(kind):
    told = read(kind)
    assert (told.sender, told.subject) == ("li@mail.example", "help me")


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("kind", [*HOSTILE, *FLOODS])
def test_a_hostile_mail_becomes_a_ticket_in_time(assembled, kind):
    """All of the way: masked, cut, judged, written down; nothing of it is parked."""
    door = Mailroom("help@desk.example")
    router = assembled(doors=FakeDoors(door))
    receive(router, door, FROM + b"\r\nhelp")  # what is loaded once
    data = HOSTILE[kind]() if kind in HOSTILE else FROM + b"\r\n" + filled(FLOODS[kind])
    started = process_time()
    taken = receive(router, door, data)
    assert process_time() - started < LONGEST
    assert taken.outcome == "new"


@pytest.mark.parametrize(
    "word", ["=?utf-8?b?YQ?=xy zz ", "=?a?b??=;<", '"=?,', "=? ", "=?x?=\u3000y "]
)
@pytest.mark.parametrize("name", ["Content-Type", "Content-Disposition"])
@pytest.mark.parametrize("size", [9_000, 30_000, 120_000])
def test_words_that_end_in_no_blank_are_decoded_in_time(word, name, size):
    words = word * (size // len(word))
    started = process_time()
    mail = parse_mail(FROM + f"{name}: {words}\r\n\r\nhelp".encode(), account="desk")
    part = f"--b\r\n{name}: x/y; name={words}\r\n\r\nhelp\r\n--b--".encode()
    parts = parse_mail(FROM + multipart("b") + part, account="desk")
    assert process_time() - started < 3
    assert mail.subject == parts.subject == "help me"


def test_hostile_mail_takes_no_more_memory_than_some_copies_of_it():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind in ("200,000 parts", "1,500 parts within parts", "a header folded 200,000 times"):
        parse_mail(HOSTILE[kind](), account="desk")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400 * 1024  # kilobytes


PIECES = st.sampled_from(
    [
        *(b"\r\n\r\n", b"\r\n", b"\0", b"\xff", b"=?gb2312?b?xOM=?=", b"--b", b"--b--", b"\x1b$B"),
        *(b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n"),
        *(
            b"Content-Type: multipart/alternative; boundary=b\r\n",
            b"charset=utf-7",
            b"begin 644 a\n",
        ),
        *(b"filename*0*=gbk''%C4; ", b'name="', b"<blockquote type=cite>", b"\x78\x9f\x3e\x22"),
        *(b"In-Reply-To: <", b"From: =?", "写道：".encode(), "写道：".encode("gb18030")),
    ]
)


@st.composite
def broken_mail(draw):
    """A recorded mail cut, doubled and written over in some places."""
    data = draw(st.sampled_from(RECORDED)).read_bytes()
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 200)))
        piece = draw(st.one_of(PIECES, st.binary(max_size=30), st.just(data[at:to] * 2)))
        data = data[:at] + piece + data[to:]
    return data


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(broken_mail())
def test_no_mutation_of_a_mail_raises(data):
    mail = parse_mail(data, account="desk")
    assert parse_mail(data, account="desk") == mail
    assert mail.remote_id == remote_id(data)
    split = split_reply(mail.text, mail.subject, ("<o.1@desk.example>",))
    assert len(split.reply) + len(split.rest) <= len(mail.text) + 2
    json.dumps(parse_report(data), ensure_ascii=False).encode()
    for file in mail.attachments:
        assert "/" not in file.name
        assert not set(file.name) & STEERING
        assert "\n" not in file.mime


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=30).map(b"".join))
def test_no_heap_of_pieces_raises(data):
    parse_mail(FROM + data, account="desk")
    json.dumps(parse_report(data), ensure_ascii=False).encode()

"""``winmail.dat``: what Outlook packed is unpacked; what is broken breaks nothing."""

import random
from email.message import EmailMessage
from time import process_time

import pytest

from channels.email import rtf, tnef
from channels.email.parse import parse_mail
from tests.channels import tnef_writer as write

CODEPAGE = write.attribute(0x69007, (936).to_bytes(4, "little") + bytes(4))
LETTER = (
    rb"{\rtf1\ansi\ansicpg936\uc1{\fonttbl{\f0 SimSun;}}\pard \'c4\'e3\'ba\'c3\par "
    rb"\u36716?\u36134? {\b 500}\tab\{ok\}\par}"
)


def envelope(*attributes):
    return write.BEGINS + CODEPAGE + b"".join(attributes)


def mail(data, text="请看附件"):
    made = EmailMessage()
    made["From"], made["Subject"] = "li@firm.example", "x"
    made.set_content(text)
    made.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return parse_mail(made.as_bytes(), account="desk")


def test_files_come_out_under_their_long_names():
    data = envelope(
        write.a_file("ZHUAN~1.PDF", b"%PDF", write.text(0x3707, "转账凭证.pdf")),
        write.a_file("凭证.txt", b"ok"),
    )
    assert [(file.name, file.data) for file in mail(data).attachments] == [
        ("转账凭证.pdf", b"%PDF"),
        ("凭证.txt", b"ok"),
    ]


def test_a_picture_within_the_letter_keeps_its_content_id():
    data = envelope(
        write.a_file(
            "IMG.PNG",
            b"png",
            write.named(0x1F, "x"),
            write.text(0x370E, "image/png"),
            write.text(0x3712, "<pic@1>"),
        )
    )
    [file] = mail(data).attachments
    assert (file.mime, file.content_id) == ("image/png", "pic@1")


def test_a_letter_in_rtf_is_the_text_of_a_mail_that_has_no_other():
    data = envelope(
        write.attribute(0x69003, write.properties(write.binary(0x1009, write.packed_rtf(LETTER))))
    )
    read = mail(data, text="")
    assert read.text == "你好\n转账 500\t{ok}"
    assert [file.name for file in read.attachments] == ["body.rtf"]
    assert mail(data).text.strip() == "请看附件"


def test_a_letter_in_html_is_kept_as_html():
    html = "<p>你好</p>".encode("gb18030")
    data = envelope(write.attribute(0x69003, write.properties(write.binary(0x1013, html))))
    read = mail(data, text="")
    assert read.html == "<p>你好</p>"
    assert read.text == "你好"


def test_a_mail_within_the_envelope_gives_its_files_too():
    inner = envelope(write.attribute(0x2800C, b"inner words\0"), write.a_file("a.txt", b"a"))
    data = envelope(
        write.a_file(
            "Message",
            b"",
            write.number(0x3705, 5),
            write.text(0x3001, "Earlier mail"),
            write.an_object(0x3701, inner),
        )
    )
    assert [file.name for file in mail(data).attachments] == ["Earlier mail.txt", "a.txt"]


def test_an_envelope_with_nothing_in_it_stays_a_file():
    assert [file.name for file in mail(envelope()).attachments] == ["winmail.dat"]


def test_an_envelope_that_ends_too_early_gives_what_came_before():
    data = envelope(write.a_file("a.txt", b"a"), write.a_file("b.txt", b"b" * 900))[:-400]
    read = mail(data)
    assert "tnef_cut" in read.defects
    assert [file.name for file in read.attachments] == ["a.txt", "b.txt"]


@pytest.mark.parametrize("depth", [3, 40])
def test_envelopes_within_envelopes_end_somewhere(depth):
    data = envelope(write.a_file("a.txt", b"a"))
    for _ in range(depth):
        data = envelope(
            write.a_file("m", b"", write.number(0x3705, 5), write.an_object(0x3701, data))
        )
    assert tnef.unpack(data).files


def test_hostile_envelopes_raise_nothing_and_end_soon():
    chance = random.Random(11)
    data = envelope(
        write.attribute(0x69003, write.properties(write.binary(0x1009, write.packed_rtf(LETTER)))),
        write.a_file("a", b"a" * 50, write.named(0x1F, "x"), write.text(0x3707, "b")),
    )
    started = process_time()
    for _ in range(3_000):
        broken = bytearray(data[: chance.randrange(4, len(data) + 1)])
        for _ in range(chance.randrange(1, 8)):
            broken[chance.randrange(4, max(5, len(broken))) % len(broken)] = chance.choice(
                (0, 255, 127, chance.randrange(256))
            )
        tnef.unpack(bytes(broken))
    assert process_time() - started < 60


@pytest.mark.parametrize(
    "piece", [b"{", b"}", b"\\'", b"\\u1", b"\\bin", b"{\\*", b"\\par ", b"\\\n"]
)
def test_hostile_rtf_is_read_in_linear_time(piece):
    started = process_time()
    rtf.plain(piece * (400_000 // len(piece)))
    assert process_time() - started < 15


def test_a_packed_letter_may_repeat_itself_but_not_for_ever():
    body = b"\x00aaaaaaaa" + b"\xff" + bytes(range(16)) * 20_000
    packed = len(body).to_bytes(4, "little") + b"\xff\xff\xff\x7f" + b"LZFu" + bytes(4) + body
    assert len(rtf.unpack(packed)) <= rtf.MOST


def test_of_many_envelopes_in_one_mail_only_so_much_is_unpacked():
    letter = b"\x00{\\rtf1 a" + b"\xff" + bytes(range(16)) * 20_000
    packed = len(letter).to_bytes(4, "little") + b"\xff\xff\xff\x7f" + b"LZFu" + bytes(4) + letter
    data = envelope(
        write.attribute(0x69003, write.properties(write.binary(0x1009, packed))),
        write.a_file("a.txt", b"a"),
    )
    room = rtf.Room(100_000)
    read = [tnef.unpack(data, room) for _ in range(5)]
    assert sum(len(one.rtf) for one in read) <= 100_000
    assert [one.whole for one in read[1:]] == [False] * 4
    assert [len(one.files) for one in read] == [1] * 5

import json
from datetime import UTC, datetime

import pytest

from channels.contract import Attachment, BadRequest, ChannelOptions, Handle, Raw
from channels.webform import Webform, check, document

NOW = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
GOOD = {"body": "My transfer is missing.", "email": "lin@mail.example"}
PDF = Attachment("a.pdf", "application/pdf", b"%PDF-1.7")


def form():
    return Webform("site", ChannelOptions(), None)


def test_a_complete_form_has_nothing_wrong():
    assert (
        check(GOOD | {"transaction_ref": "TX-20260203-01", "phone": "138 0000 0000"}, [PDF]) == []
    )


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"body": " \u202e\x00 "}, ("body", "required")),
        ({"body": "字" * 10_001}, ("body", "too_long")),
        ({"subject": "s" * 201}, ("subject", "too_long")),
        ({"email": ""}, ("email", "required")),
        ({"email": "lin@mail"}, ("email", "bad_email")),
        ({"email": "lin@mail.example\nBcc: x@y.example"}, ("email", "bad_email")),
        ({"phone": "call me"}, ("phone", "bad_phone")),
        ({"transaction_ref": "<b>"}, ("transaction_ref", "bad_reference")),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(changed, wrong):
    assert check(GOOD | changed, []) == [wrong]


def test_a_full_width_number_is_a_number():
    assert check({"body": "x", "phone": "\uff11\uff13\uff18" + "\uff10" * 8}, []) == []


def test_a_script_called_a_picture_is_refused():
    assert check(GOOD, [Attachment("a.png", "image/png", b"<script>")]) == [
        ("attachments", "bad_file_type")
    ]


def test_files_are_limited_in_number_and_size():
    large = Attachment("a.pdf", "application/pdf", b"%PDF-" + b"0" * (10 * 1024 * 1024))
    assert check(GOOD, [PDF] * 6) == [("attachments", "too_many_files")]
    assert check(GOOD, [large]) == [("attachments", "file_too_big")]


def test_the_same_key_and_body_are_the_same_form_on_another_day():
    again = NOW.replace(day=4)
    first = document(GOOD | {"idempotency_key": "k"}, [], received_at=NOW)
    second = document(GOOD | {"idempotency_key": "k"}, [], received_at=again)
    assert form().identify(first) == form().identify(second)


def test_the_same_key_with_another_body_is_another_form():
    first = document(GOOD | {"idempotency_key": "k"}, [], received_at=NOW)
    second = document(GOOD | {"idempotency_key": "k", "body": "else"}, [], received_at=NOW)
    assert form().identify(first) != form().identify(second)


def test_an_addition_sent_again_is_the_same_and_with_another_word_or_file_is_not():
    def added(body="more", files=(), day=3):
        given = {"idempotency_key": "k", "body": body}
        adds_to = ("a" * 32, Handle("email", "lin@mail.example"))
        written = document(given, files, received_at=NOW.replace(day=day), adds_to=adds_to)
        return form().identify(written)

    assert added() == added(day=4)
    assert len({added(), added("else"), added(files=[PDF])}) == 3


def test_two_forms_without_a_key_are_two():
    first = document(GOOD, [], received_at=NOW)
    second = document(GOOD | {"email": "mei@mail.example"}, [], received_at=NOW)
    assert form().identify(first) != form().identify(second)


def test_a_composed_letter_is_one_letter_and_controls_are_gone():
    written = json.loads(document({"body": "e\u0301\x07\u202e!"}, [], received_at=NOW))
    assert written["body"] == "\u00e9!"


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b'{"body": 1}', b'{"attachments": 3}', b'{"attachments": [{"data_b64": "?"}]}'],
)
def test_bytes_that_are_no_form_are_a_bad_request(data):
    with pytest.raises(BadRequest):
        form().parse(Raw("id", data))

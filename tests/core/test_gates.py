"""The arithmetic of identity gates and of signed calls."""

import pytest

from router.core import standard_webhooks
from router.core.gates import BLANK, Code, judge, masked, on_file

CODE = Code(7, 1, "salt")
HOUR = 3_600_000_000
SECRET = "whsec_c2FuZGJveC1zdGFuZGFyZC13ZWJob29rLXNlY3JldCE="  # made up


def judged(keys, given, **changes):
    told = {"now": 10, "expires_at": 20, "tries": 0, "most": 5, **changes}
    return judge(CODE, keys, given, **told)


def test_a_code_is_six_digits_and_another_one_for_each_send(keys):
    codes = {Code(7, number, "salt").digits(keys) for number in range(50)}
    assert len(codes) > 45
    assert all(len(one) == len(BLANK) and one.isdecimal() for one in codes)


def test_a_code_may_be_typed_with_blanks(keys):
    digits = CODE.digits(keys)
    assert judged(keys, f" {digits[:3]} {digits[3:]} ") == "right"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [({"now": 20}, "over"), ({"expires_at": None}, "over"), ({"tries": 5}, "spent")],
)
def test_the_right_code_is_worth_nothing_once_it_is_over_or_spent(keys, changes, outcome):
    assert judged(keys, CODE.digits(keys), **changes) == outcome


@pytest.mark.parametrize(
    "given", ["", "000", "\uff11\uff12\uff13\uff14\uff15\uff16", "é", "1" * 4000]
)
def test_anything_else_is_wrong(keys, given):
    assert judged(keys, given) == "wrong"


@pytest.mark.parametrize(
    ("since", "knows", "may"),
    [
        (None, False, False),
        (100 * HOUR - 23 * HOUR, False, False),
        (100 * HOUR - 24 * HOUR, False, True),
        (None, True, True),
    ],
)
def test_a_handle_is_on_file_once_it_was_proven_long_enough_ago(since, knows, may):
    assert on_file(since=since, now=100 * HOUR, known_hours=24, wallet_knows=knows) is may


@pytest.mark.parametrize(
    ("value", "shown"), [("ann@mail.example", "a••@mail.example"), ("+8613800001234", "••1234")]
)
def test_a_handle_is_told_only_as_far_as_its_owner_knows_it_again(value, shown):
    assert masked(value) == shown


def test_a_signed_call_is_known_again_and_nothing_else_is():
    body = b'{"type":"freeze.confirmed"}'
    signed = standard_webhooks.headers(SECRET, "call_1", 1000, body)
    assert standard_webhooks.genuine(SECRET, signed, 1200, body)
    assert not standard_webhooks.genuine(SECRET, signed, 1301, body)
    assert not standard_webhooks.genuine(SECRET, signed, 1000, body + b" ")
    other = {**signed, "webhook-signature": "v1,é"}
    assert not standard_webhooks.genuine(SECRET, other, 1000, body)
    assert not standard_webhooks.genuine(SECRET, {**signed, "webhook-id": "call_2"}, 1000, body)


def test_standard_webhooks_own_example_is_signed_alike():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = standard_webhooks.headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_§", "whsec_abc"])
def test_a_secret_that_is_none_is_refused(secret):
    with pytest.raises(ValueError, match="whsec_ and base64"):
        standard_webhooks.key_of(secret)

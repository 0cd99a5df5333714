"""The platforms' own test vectors, and their libraries as second opinions."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException

from channels.contract import BadRequest, BadSignature
from channels.wechat import envelope, pushes
from router.sandbox import wechat as far_side
from router.sandbox.ledger import Ledger
from tests.channels.test_conformance import call, door

VECTORS = json.loads((Path(__file__).parent.parent / "recorded" / "vectors.json").read_text())
WECHAT, X, MESSENGER = VECTORS["wechat"], VECTORS["x"], VECTORS["messenger"]
TWILIO, SIGNING = VECTORS["twilio"], VECTORS["standard_webhooks"]["secret"]
FORM = "application/x-www-form-urlencoded"
AT = datetime.fromtimestamp(int(WECHAT["timestamp"]), UTC)


def hook(**given):
    values = {"method": "POST", "body": "", "received_at": AT.isoformat(), **given}
    return call(values)


def test_wechats_envelope_is_made_and_opened_byte_for_byte():
    keys, appid = [WECHAT["encoding_aes_key"]], WECHAT["appid"]
    made = envelope.encrypt(
        WECHAT["plain_xml"].encode(), keys[0], appid, random=WECHAT["random16"].encode()
    )
    assert made == WECHAT["encrypt"]
    assert envelope.decrypt(made, keys, appid) == (WECHAT["plain_xml"].encode(), keys[0])
    stamp = (WECHAT["token"], WECHAT["timestamp"], WECHAT["nonce"])
    assert envelope.signature(*stamp) == WECHAT["signature"]
    assert envelope.signature(*stamp, made) == WECHAT["msg_signature"]
    assert pushes.encrypted(WECHAT["secure_body"].encode()) == made


def test_wechats_own_library_reads_what_we_seal_and_we_what_it_seals():
    oracle = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["appid"])
    for text in (
        WECHAT["plain_xml"],
        "<xml><Content><![CDATA[" + "字" * 2000 + "]]></Content></xml>",
    ):
        theirs = oracle.encrypt_message(text, WECHAT["nonce"], WECHAT["timestamp"])
        sealed = pushes.encrypted(theirs.encode())
        keys = [WECHAT["encoding_aes_key"]]
        assert envelope.decrypt(sealed, keys, WECHAT["appid"])[0].decode() == text
        ours = envelope.encrypt(text.encode(), keys[0], WECHAT["appid"])
        signed = envelope.signature(WECHAT["token"], WECHAT["timestamp"], WECHAT["nonce"], ours)
        body = f"<xml><Encrypt><![CDATA[{ours}]]></Encrypt></xml>"
        opened = oracle.decrypt_message(body, signed, WECHAT["timestamp"], WECHAT["nonce"])
        assert opened.decode() if isinstance(opened, bytes) else opened == text


def test_our_passive_answer_is_read_by_wechats_own_library():
    query = dict(part.split("=", 1) for part in WECHAT["query"].split("&"))
    request = hook(query=query, body=WECHAT["secure_body"])
    answer = door("wechat").passive(request, "工单 #1 ]]> 已受理 <b>&amp;</b>")
    oracle = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["appid"])
    outer = pushes.read(answer.body)
    opened = oracle.decrypt_message(
        answer.body.decode(), outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]
    )
    fields = pushes.read(opened if isinstance(opened, bytes) else opened.encode())
    assert fields["Content"] == "工单 #1 ]]> 已受理 <b>&amp;</b>"
    assert fields["ToUserName"] == "oSandboxOpenid_000000000042"


def test_wechats_library_and_ours_refuse_the_same_envelopes():
    oracle = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["appid"])
    other = envelope.encrypt(b"<xml/>", WECHAT["encoding_aes_key"], "wx-another")
    signed = envelope.signature(WECHAT["token"], WECHAT["timestamp"], WECHAT["nonce"], other)
    body = f"<xml><Encrypt><![CDATA[{other}]]></Encrypt></xml>"
    with pytest.raises(InvalidAppIdException):
        oracle.decrypt_message(body, signed, WECHAT["timestamp"], WECHAT["nonce"])
    with pytest.raises(BadSignature):
        envelope.decrypt(other, [WECHAT["encoding_aes_key"]], WECHAT["appid"])
    with pytest.raises(InvalidSignatureException):
        oracle.decrypt_message(body, "0" * 40, WECHAT["timestamp"], WECHAT["nonce"])
    assert not envelope.signed("0" * 40, WECHAT["token"])


@pytest.mark.parametrize("size", range(0, 65, 7))
def test_the_previous_key_still_opens_and_any_cut_is_refused(size):
    old = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
    sealed = envelope.encrypt(b"x" * size, old, "wx")
    assert envelope.decrypt(sealed, [WECHAT["encoding_aes_key"], old], "wx") == (b"x" * size, old)
    for cut in range(0, len(sealed), 5):
        with pytest.raises(BadSignature):
            envelope.decrypt(sealed[:cut], [old], "wx")


def test_the_sandbox_seals_as_the_platform_does():
    account = far_side.Account()
    assert (account.aes_key, account.appid) == (WECHAT["encoding_aes_key"], WECHAT["appid"])
    platform = far_side.WeChat(Ledger(AT.timestamp), "")
    assert platform.decrypt(WECHAT["encrypt"]).decode() == WECHAT["plain_xml"]
    sealed = platform.encrypt("转账".encode())
    assert envelope.decrypt(sealed, [account.aes_key], account.appid)[0].decode() == "转账"


def test_xs_challenge_and_signature():
    answer = door("x").receive(hook(method="GET", query={"crc_token": X["crc_token"]})).answer
    assert json.loads(answer.body) == X["crc_response"]
    heard = door("x").receive(hook(body=X["body"], headers={X["header"]: X["signature"]}))
    (inbound,) = door("x").parse(heard.items[0])
    assert inbound.text == "转账失败, 钱扣了没到账 #help"
    again = json.dumps(json.loads(X["body"]))
    with pytest.raises(BadSignature):
        door("x").receive(hook(body=again, headers={X["header"]: X["signature"]}))


@pytest.mark.parametrize("word", ["", X["body"], '{"a":1}', "a b", "转账", "a" * 129])
def test_x_is_told_no_signature_of_what_could_be_a_delivery(word):
    with pytest.raises(BadRequest):
        door("x").receive(hook(method="GET", query={"crc_token": word}))


def test_messengers_challenge_signature_and_proof():
    query = dict(part.split("=") for part in MESSENGER["verify_query"].split("&"))
    answer = door("messenger").receive(hook(method="GET", query=query)).answer
    assert answer.body.decode() == MESSENGER["verify_response"]
    headers = {MESSENGER["header"].lower(): MESSENGER["signature"]}
    heard = door("messenger").receive(hook(body=MESSENGER["body"], headers=headers))
    assert door("messenger").parse(heard.items[0])[0].text == "账户被盗 https://example.com/x"
    assert door("messenger")._proof() == {"appsecret_proof": MESSENGER["appsecret_proof"]}
    legacy = {"x-hub-signature": MESSENGER["legacy_sha1"]}
    with pytest.raises(BadSignature):
        door("messenger").receive(hook(body=MESSENGER["body"], headers=legacy))


def phone_call(path, params, headers):
    body = urlencode(params)
    return hook(path=path, body=body, headers={"content-type": FORM, **headers})


@pytest.mark.parametrize(
    "params",
    [
        TWILIO["params"],
        {"CallSid": "CA1", "CallStatus": "busy", "From": "", "Empty": "", "名": "值 +&=😀"},
        {"CallSid": "CA2", "CallStatus": "completed", "a": "2", "A": "1", "b": "x y"},
    ],
)
def test_twilios_own_validator_signs_what_we_take_and_refuses_what_we_refuse(params):
    oracle = RequestValidator(TWILIO["auth_token"])
    address = "https://help.example.com/hooks/phone/desk/status"
    for url in (address, "https://help.example.com:443/hooks/phone/desk/status"):
        signed = oracle.compute_signature(url, params)
        assert oracle.validate(address, params, signed)
        given = phone_call("/hooks/phone/desk/status", params, {"x-twilio-signature": signed})
        assert door("phone").receive(given).answer.status == 204
    for wrong in (
        oracle.compute_signature("http://help.example.com/hooks/phone/desk/status", params),
        oracle.compute_signature("https://other.example.com/hooks/phone/desk/status", params),
        oracle.compute_signature(address, {**params, "From": "+1"}),
    ):
        assert not oracle.validate(address, params, wrong)
        with pytest.raises(BadSignature):
            door("phone").receive(
                phone_call("/hooks/phone/desk/status", params, {"x-twilio-signature": wrong})
            )


def test_the_tokens_in_force_while_one_is_changed_are_both_taken():
    params = {"CallSid": "CA1", "CallStatus": "busy"}
    address = "https://help.example.com/hooks/phone/desk/status"
    opened = door("phone")
    opened.vault.secrets["auth_token_second"] = "made-up-second"
    for token in (TWILIO["auth_token"], "made-up-second"):
        signed = RequestValidator(token).compute_signature(address, params)
        given = phone_call("/hooks/phone/desk/status", params, {"x-twilio-signature": signed})
        assert opened.receive(given).items


def call_event(number="acd-1", **data):
    told = {"call_id": number, "direction": "inbound", "from": "+8613800000000", **data}
    return json.dumps({"type": "call.ended", "timestamp": "2026-11-23T01:33:20Z", "data": told})


def signed_event(body, at, *secrets):
    signatures = [Webhook(one).sign("msg_1", at, body) for one in secrets]
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def test_the_standards_own_library_signs_what_we_take():
    given = VECTORS["standard_webhooks"]
    body, other = call_event(), "whsec_" + base64.b64encode(b"another made-up one").decode()
    for secrets in ((given["secret"],), (other, given["secret"]), (given["secret"], other)):
        headers = signed_event(body, AT, *secrets)
        assert door("phone").receive(hook(body=body, headers=headers)).answer.status == 202
    with pytest.raises(BadSignature):
        door("phone").receive(hook(body=body, headers=signed_event(body, AT, other)))


@pytest.mark.parametrize("seconds", [-301, -300, 300, 301])
def test_a_moment_is_believed_for_five_minutes_either_way(seconds):
    body = call_event()
    headers = signed_event(body, AT + timedelta(seconds=seconds), SIGNING)
    if abs(seconds) > 300:
        with pytest.raises(BadSignature):
            door("phone").receive(hook(body=body, headers=headers))
    else:
        assert door("phone").receive(hook(body=body, headers=headers)).items


def test_only_the_version_we_know_counts():
    body = call_event()
    headers = signed_event(body, AT, SIGNING)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
    with pytest.raises(BadSignature):
        door("phone").receive(hook(body=body, headers=headers))


def test_standard_webhooks_as_the_sandbox_signs_them():
    given = VECTORS["standard_webhooks"]
    key = base64.b64decode(given["secret"].removeprefix("whsec_"))
    signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.{given['body']}".encode()
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{digest}" == given["webhook-signature"]


def test_twilios_form_as_the_sandbox_signs_it():
    given = VECTORS["twilio"]
    signed = given["url"] + "".join(
        f"{name}{given['params'][name]}" for name in sorted(given["params"])
    )
    digest = hmac.new(given["auth_token"].encode(), signed.encode(), hashlib.sha1).digest()
    assert base64.b64encode(digest).decode() == given["signature"]


def test_every_secret_of_the_vectors_is_visibly_made_up():
    secrets = [X["consumer_secret"], MESSENGER["app_secret"], MESSENGER["page_token"]]
    assert all(re.search("sandbox", one) for one in secrets)

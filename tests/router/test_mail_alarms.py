"""An alarm in a mail is heard whatever stands around it: no cut hides what somebody wrote."""

import pytest

from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, mail, receive

ANSWER = {"In_Reply_To": "<o.1@desk.example>"}


@pytest.fixture
def urgency_of(assembled):
    door = Mailroom("help@desk.example")
    router = assembled(doors=FakeDoors(door))

    def judged(subject, body, **headers):
        data = mail(Subject=subject, body=body, **headers)
        ticket_id = receive(router, door, data).ticket_id
        with router.store.reading() as unit:
            row = unit.row("SELECT urgency, state FROM ticket WHERE id = :t", t=ticket_id)
        return row.urgency, row.state

    return judged


@pytest.mark.one_database
@pytest.mark.parametrize(
    "body",
    [
        (
            "Is this mail from you?\n\nFrom: Wallet <safe@wa11et.example>\nSent: Monday\nTo: me\n"
            "Subject: locked\n\nClick here.\n\nI entered my seed phrase there!"
        ),
        (
            "这封信是你们发的吗？\n发件人: 客服 <safe@wa11et.example>\n发送时间: 周一\n收件人: 我\n"
            "主题: 异常\n请点击验证。\n我已经把助记词发给他了！"
        ),
        "Steps:\n> open the wallet\n> my account was hacked\nWhat now?",
    ],
)
def test_an_alarm_below_something_pasted_into_a_new_mail_is_heard(urgency_of, body):
    assert urgency_of("A question", body) == ("P1", "new")


@pytest.mark.one_database
@pytest.mark.parametrize(
    "head", ["", "\n\n________________________________\n", "发自我的iPhone\n\n"]
)
def test_our_own_words_given_back_are_no_alarm(urgency_of, head):
    body = (
        f"{head}发件人: 客服 <help@desk.example>\n发送时间: 2026年11月20日 14:05\n收件人: 李\n"
        "主题: 已收到您的来信\n\n有人冒充客服骗走了我的助记词，我的钱包被盗了。"
    )
    assert urgency_of("回复: 已收到您的来信", body, **ANSWER)[0] != "P1"

"""Letters of machines are known for what they are; letters of people are not taken for them."""

from time import process_time

import pytest

from channels.email.parse import parse_mail
from channels.email.report import parse_report


def read(sender, subject, text, *more):
    headers = [f"From: {sender}", "To: support@desk.example", f"Subject: {subject}", *more]
    head = "\r\n".join([*headers, "Content-Type: text/plain; charset=utf-8", "", ""])
    return parse_mail((head + text).encode(), account="desk")


BOUNCES = {
    "QQ Mail": (
        "PostMaster@qq.example",
        "来自qq.example的退信",
        (
            "尊敬的用户：很抱歉您发送的邮件被退回，以下是该邮件的相关信息：\n"
            "主题：回复\n收件人：li@qq.example\n退信原因：收件人邮箱不存在\n"
        ),
        "li@qq.example",
        "5.1.1",
    ),
    "NetEase": (
        "Postmaster@163.example",
        "系统退信",
        (
            "抱歉，您的邮件被退回来了……\n收件人：chen@163.example\n"
            "退信原因：对方邮箱容量已满，550 MI:CEL\n建议解决方案：请稍后重试\n"
        ),
        "chen@163.example",
        "5.2.2",
    ),
    "Alibaba": (
        "postmaster@aliyun.example",
        "系统退信: 回复：转账",
        (
            "您的邮件无法投递到以下收件人：\nliu@firm.example\n"
            "失败原因：554 RCPT (liu@firm.example) dosn't exist\n"
        ),
        "liu@firm.example",
        "5.0.0",
    ),
    "Exchange zh": (
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@firm.example>",
        "未传递: 回复：转账",
        (
            "向以下收件人或组传递邮件失败:\n\nwangfang@firm.example\n找不到您输入的电子邮件地址。\n"
            "#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##\n"
        ),
        "wangfang@firm.example",
        "5.1.10",
    ),
    "Exchange zh-Hant": (
        "Mail Delivery System <MAILER-DAEMON@firm.example>",
        "無法傳遞: 退款",
        "傳送至下列收件者或通訊群組清單失敗:\n\nchen@firm.example\n收件者信箱空間不足。\n",
        "chen@firm.example",
        "5.2.2",
    ),
    "a daemon without a standard": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        (
            "Hi. This is the mail program at mx.example.\nI'm afraid I wasn't able to deliver your "
            "message.\n\n<kim@mx.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n"
        ),
        "kim@mx.example",
        "5.1.1",
    ),
    "a delay": (
        "Mail Delivery System <MAILER-DAEMON@mx.example>",
        "Warning: message has not yet been delivered",
        "Your message to\n  kim@mx.example\nhas not yet been delivered: connection timed out.\n",
        "kim@mx.example",
        "4.4.7",
    ),
    "a server under another name": (
        "mail-service@isp.example",
        "Returned Mail - Error During Delivery",
        (
            "------ Failed Recipients ------\n<kim@isp.example>: mailbox unavailable. "
            "[SMTP Error Code 550]\nYour message could not be delivered.\n"
        ),
        "kim@isp.example",
        "5.1.1",
    ),
    "a sending service's JSON": (
        "no-reply@notices.example",
        "Notification",
        (
            '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":'
            '[{"emailAddress":"kim@mx.example","status":"5.1.1","diagnosticCode":"550 x"}]}}\n--'
        ),
        "kim@mx.example",
        "5.1.1",
    ),
}


@pytest.mark.parametrize("kind", BOUNCES)
def test_a_broken_bounce_is_a_bounce(kind):
    sender, subject, text, recipient, status = BOUNCES[kind]
    mail = read(sender, subject, text)
    assert mail.automatic == "bounce"
    assert (mail.bounce.recipients, mail.bounce.status) == ((recipient,), status)
    assert mail.bounce.permanent == status.startswith("5")


@pytest.mark.parametrize(
    "subject",
    [
        *("No se puede entregar: x", "Não é possível entregar: x", "Recapito non riuscito: x"),
        *("Onbestelbaar: x", "Niedostarczalny: x", "Недоставлено: x", "배달되지 않음: x"),
        *("Teslim edilemedi: x", "Kan inte levereras: x", "Nelze doručit: x"),
    ],
)
def test_a_refusal_that_a_daemon_quotes_is_a_bounce_in_any_language(subject):
    text = "…\n\nkim@mx.example\n\nRemote Server returned '550 5.1.10 RecipientNotFound'\n"
    mail = read("Microsoft Outlook <postmaster@mx.example>", subject, text)
    assert (mail.bounce.recipients, mail.bounce.status) == (("kim@mx.example",), "5.1.10")
    assert read("Kim <kim@mx.example>", subject, text).bounce is None
    assert (
        read("postmaster@mx.example", subject, "Version 5.1.10 is out, a@b.example").bounce is None
    )


def report(action, status="5.0.0", *more, envelope=""):
    fields = [f"Action: {action}", f"Status: {status}", *more]
    lines = [
        *(
            "From: x@mx.example",
            "Content-Type: multipart/report; boundary=b",
            "",
            "--b",
            "",
            "told",
        ),
        *("--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx"),
        *filter(None, [envelope]),
        "",
        *("Final-Recipient: rfc822; final@mx.example", *fields, "--b--", ""),
    ]
    return parse_mail("\r\n".join(lines).encode(), account="desk").bounce


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("smtp; 5.1.0 - Unknown address error 550-'5.7.1 <x@mx.example>... Denied'", "5.7.1"),
        ("smtp; 554 5.4.7 expired <550 5.2.2 mailbox full>", "5.2.2"),
        ("smtp; 550 5.1.1 no such user, delay was 4.4.1", "5.1.1"),
    ],
)
def test_a_server_that_quotes_another_ones_code_is_believed_in_the_quote(said, status):
    assert report("failed", "5.0.0", f"Diagnostic-Code: {said}").status == status


@pytest.mark.parametrize(
    ("field", "recipient"),
    [
        ("Original-Recipient: rfc822;kim+2Btag@mx.example", "kim+tag@mx.example"),
        ("Original-Recipient: rfc822;kim+2026@mx.example", "kim+2026@mx.example"),
        ("Original-Recipient: utf-8;小明@例子.example", "小明@例子.example"),
    ],
)
def test_a_recipient_is_read_as_its_server_writes_it(field, recipient):
    assert report("failed", "5.1.1", field).recipients == (recipient,)


def test_a_report_without_a_code_has_one_by_its_reason():
    told = report("failed", "none", "Diagnostic-Code: X-LOCAL; 550 (no such user)")
    assert told.status == "5.1.1"


def wrapped(sender):
    inner = (
        "From: postmaster@mx.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        "Final-Recipient: rfc822; kim@mx.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    head = f"From: {sender}\r\nSubject: Undeliverable\r\nContent-Type: multipart/mixed; boundary=a"
    part = f"Content-Type: message/rfc822\r\n\r\n{inner}"
    whole = f"{head}\r\n\r\n--a\r\n\r\nDelivery failed.\r\n--a\r\n{part}\r\n--a--\r\n"
    return parse_mail(whole.encode(), account="desk").bounce


def test_quotes_around_an_address_are_none_of_it():
    text = "Failed to deliver to 'kim@mx.example'\nSMTP module reports:\n 550 5.1.1 user unknown"
    bounce = read("MAILER-DAEMON@mx.example", "Undeliverable mail: x", text).bounce
    assert bounce.recipients == ("kim@mx.example",)


def test_a_header_that_says_no_machine_wrote_names_none():
    mail = b"From: li@mail.example\r\nX-Autoreply: no\r\n\r\nhello"
    assert parse_mail(mail, account="desk").automatic == ""


def test_a_report_in_the_envelope_of_a_gateway_is_one():
    bounce = wrapped("postmaster@mx.example")
    assert (bounce.recipients, bounce.status) == (("kim@mx.example",), "5.1.1")


def test_a_report_that_a_person_passes_on_is_none():
    assert wrapped("li@mail.example") is None


def test_who_was_not_reached_stands_below_the_words_that_say_so():
    text = (
        "Your message\n\n  To: all@mx.example\n  Subject: hello\n\n"
        "did not reach the following recipient(s):\n\nkim@mx.example on Monday\n"
        "    The recipient name is not recognized\n"
    )
    assert read("postmaster@mx.example", "Undeliverable: hello", text).bounce.recipients == (
        "kim@mx.example",
    )


SENT = f"<o.{'0a' * 16}@desk.example>"


def test_a_report_names_the_mail_by_its_envelope_alone():
    bounce = report("failed", "5.1.1", envelope=f"Original-Envelope-Id: {SENT.strip('<>')}")
    assert bounce.original_message_id == SENT


@pytest.mark.parametrize(
    "envelope", ["", "Original-Envelope-Id: QQ314159", "Original-Envelope-Id: <x>"]
)
def test_an_envelope_of_others_names_nothing(envelope):
    assert report("failed", "5.1.1", envelope=envelope).original_message_id == ""


def come_back(sender, subject, text):
    to = f"help+b.{'0a' * 16}@desk.example"
    head = f"From: {sender}\r\nDelivered-To: {to}\r\nSubject: {subject}\r\n\r\n{text}"
    return parse_mail(head.encode(), account="desk")


def test_a_bounce_names_the_mail_by_where_it_came_back_to():
    mail = come_back("MAILER-DAEMON@mx.example", "failure notice", "no such user: li@mx.example")
    assert mail.bounce.original_message_id == SENT


def test_what_answers_the_envelope_is_a_machine():
    assert come_back("li@mx.example", "hello", "I read it.").automatic == "auto_submitted"


@pytest.mark.parametrize("action", ["failed", "delayed", "expired", "FAILED (permanent)"])
def test_a_report_of_failure_is_a_bounce(action):
    assert report(action).recipients == ("final@mx.example",)


def test_of_several_recipients_those_count_that_were_given_up():
    late = "Final-Recipient: rfc822; late@mx.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
    for more, wanted in ((late, ("final@mx.example",)), ("", ("final@mx.example",))):
        bounce = report("failed", "5.1.1", f"\r\n{more}")
        assert (bounce.recipients, bounce.status, bounce.permanent) == (wanted, "5.1.1", True)
    delayed = report("delayed", "4.4.7", f"\r\n{late}")
    assert delayed.recipients == ("final@mx.example", "late@mx.example")
    assert not delayed.permanent


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "deliverable"])
def test_a_report_of_success_is_none(action):
    assert report(action, "2.0.0") is None


def test_the_address_we_wrote_to_counts_more_than_where_it_led():
    original = "Original-Recipient: rfc822;asked@mx.example"
    assert report("failed", "5.1.1", original).recipients == ("asked@mx.example",)


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("li@qq.example", "退信问题", "我给你们发的邮件总是被退回，怎么办？"),
        ("li@qq.example", "Re: 退信", "您好，收件人不存在是什么意思？我的地址 li@qq.example"),
        ("li@qq.example", "邮件发送失败", "我发送验证码失败，错误代码 550，请帮忙"),
        ("kim@mx.example", "Undeliverable", "Your letter says undeliverable. Is my address wrong?"),
        ("kim@mx.example", "Mail error 550", "The app says mail error. My friend is a@b.example."),
        ("kim@mx.example", "Fwd: Returned mail", "<help@wallet.example>: 550 unknown user, see."),
        ("kim@mx.example", "money returned", "The transfer was returned and rejected, 5.1.1?"),
        ("kim@mx.example", "{", '{"bounce": {"bouncedRecipients": "x"}}'),
        (
            "li@qq.example",
            "退信，联系不上你们",
            "给 a@b.example 写信被退回，550 5.1.1 用户不存在。币被盗了！",
        ),
        (
            "kim@mx.example",
            "Returned mail",
            "I wrote to a@b.example: 550 5.1.1 user unknown. Hacked!",
        ),
        (
            "kim@mx.example",
            "Undeliverable parcel",
            "It was not delivered: error 550. Ask c@d.example.",
        ),
        ("kim@mx.example", "Delivery failed", "My message to a@b.example was rejected: 550 5.7.1."),
        ("kim@mx.example", "系统退信", "发给 a@b.example 的邮件被退回：550 5.1.1。怎么联系你们？"),
        ("Kim Postmaster <kim@mx.example>", "Returned mail", "a@b.example: 550 5.1.1 user unknown"),
        ("bounce.dance@mx.example", "Returned mail", "a@b.example: 550 5.1.1 user unknown"),
    ],
)
def test_a_person_who_writes_about_bounces_is_no_bounce(sender, subject, text):
    assert read(sender, subject, text).bounce is None


@pytest.mark.parametrize(
    "text",
    [
        "I have left. This account is not read any more, the following address is: ann@b.example.",
        "Your mail was not delivered to my phone because I am away; ann@b.example reads it.",
        "The mailbox tom@b.example does not exist for orders. Please use orders@b.example.",
    ],
)
@pytest.mark.parametrize("header", ["Return-Path: <>", "Auto-Submitted: auto-replied"])
def test_who_is_away_and_names_another_is_no_bounce(text, header):
    assert read("Tom <tom@b.example>", "Automatic reply: x", text, header).bounce is None
    code = f"{text}\n550 5.1.1 user unknown"
    assert read("Tom <tom@b.example>", "Automatic reply: x", code, header).bounce is not None


REPORT = (
    "Content-Type: message/delivery-status\r\nContent-Disposition: attachment\r\n\r\n"
    "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
    "Action: failed\r\nStatus: 5.1.1\r\n"
)


def attached(sender, kind, original=""):
    """A mail with a server's report in it, and a mail that the report is about."""
    head = f"From: {sender}\r\nSubject: Cannot reach you\r\nContent-Type: {kind}; boundary=a"
    text = "Content-Type: text/plain\r\n\r\nSomebody took my coins, call me."
    copy = f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {original}\r\nSubject: x\r\n\r\nx\r\n"
    parts = [text, REPORT, *([copy] if original else [])]
    whole = "".join(f"\r\n--a\r\n{part}" for part in parts)
    return parse_mail(f"{head}\r\n{whole}\r\n--a--\r\n".encode(), account="desk")


@pytest.mark.parametrize("original", ["", "<1@mail.example>", "<o.5b1f@desk.example>"])
def test_a_report_that_a_person_attached_makes_no_bounce_of_his_mail(original):
    mail = attached("Ann <ann@mail.example>", "multipart/mixed", original)
    assert (mail.bounce, mail.automatic) == (None, "")
    assert mail.text.startswith("Somebody took my coins")


@pytest.mark.parametrize(
    ("sender", "kind", "original"),
    [
        ("MAILER-DAEMON@mx.example", "multipart/mixed", ""),
        ("Mail Delivery System <x@mx.example>", "multipart/mixed", ""),
        ("north-2.mail-gateway@mx.example", "multipart/mixed", ""),
        ("ann@mail.example", "multipart/report; report-type=delivery-status", ""),
        ("ann@mail.example", "multipart/mixed", SENT),
        ("<>", "multipart/mixed", ""),
    ],
)
def test_a_report_by_a_server_or_about_a_mail_of_ours_is_one(sender, kind, original):
    assert attached(sender, kind, original).bounce.recipients == ("a@b.example",)


ANSWERS = [
    "您好，我正在休假，期间无法及时回复邮件，11月30日返回后会尽快回复您。",
    "您好！本人出差，急事请致电 138。",
    "这是一封自动回复邮件，您的来信已收到。",
    "此邮件为系统自动发送，请勿回复。",
    "I am out of the office until Monday and will reply when I return.",
    "I'm currently on annual leave with limited access to email.",
    "This is an automated response. Your message was received.",
    "您好！邮件已收到，因出差无法及时回复，请见谅。如有急事请联系13800138000。",
    "Bin bis 30.11. nicht im Büro. Ihre E-Mail wird nicht weitergeleitet.",
    "Je suis absent jusqu'au 30 novembre. En cas d'urgence, contactez ann@firm.example.",
    "Estaré fuera de la oficina. Para asuntos urgentes contacte a ann@firm.example.",
    "ただいま休暇をいただいております。11月30日以降に返信いたします。",
    "这是来自QQ邮箱的假期自动回复邮件。\n您好，我最近正在休假中，无法亲自回复您的邮件。",
    "您好，我最近正在休假中，无法亲自回复您的邮件。我将在假期结束后，尽快给您回复。",
]


@pytest.mark.parametrize("text", ANSWERS)
def test_an_absence_told_in_words_alone_is_no_persons_answer(text):
    answering = "In-Reply-To: <o.1@desk.example>"
    assert read("li@mail.example", "回复：工单", text, answering).automatic == "auto_submitted"
    assert read("li@mail.example", "工单", text).automatic == ""  # it answers nothing


@pytest.mark.parametrize(
    "text",
    [
        "我正在出差，手机丢了，请联系我另一个号码 13800000000。",
        "我因出差无法及时查看验证码，请帮我解锁。",
        "Ich bin im Urlaub und meine Karte wurde gestohlen.",
        "Je suis en vacances et mon compte est vide, c'est urgent.",
        "我在休假，钱包突然被冻结，急着付酒店的钱，请尽快处理。",
        "I am on vacation until Monday and my card was stolen. Please block it, it is urgent.",
        "I was out of the office, sorry. Here is the number: 77.",
        "你们的自动回复说三天内处理，已经五天了。",
        "Is this an automatic reply? I need a person.",
        "我正在出差，手机被偷了，急事！请马上冻结账户。",
        "这个自动回复没有用，我的钱包被盗了，请马上人工处理。",
        "此自动回复让我等三天，钱已经没了。",
        "This is an automatic message your app shows me: wallet compromised.",
        "This is an automated reply that helps nobody. My coins are gone",
        "I am on vacation and my phone was stolen. I will answer your questions at my hotel.",
        "The message said this is an automatic reply, can somebody read it?",
    ],
)
def test_a_person_who_is_away_is_still_a_person(text):
    mail = read("li@mail.example", "Re: x", text, "In-Reply-To: <o.1@desk.example>")
    assert mail.automatic == ""


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "自动回复：工单",
            "【自动回复】您好",
            "自動回覆: x",
            "Automatic reply: x",
            "Auto-Reply: x",
        ),
        *("Automaattinen vastaus: x", "Balasan otomatis: x", "Trả lời tự động: x", "رد تلقائي: x"),
        *("Automatisk svar: x", "Automatická odpověď: x", "Αυτόματη απάντηση: x"),
        *("AUTO: x", "Odpowiedź automatyczna: x", "Automatische Eingangsbestätigung: x"),
        *("Abwesend: x", "Absence : x", "Yahoo! Auto Response"),
        *("Ann Lee is out of the office (returning 30/11/2026)", "I am out of the office Re: x"),
        *("Risposta automatica: x", "自動応答: x", "자동 회신: x", "Автоответ: x", "Autosvar: x"),
    ],
)
def test_an_automatic_answer_is_known_by_its_subject(subject):
    answering = "In-Reply-To: <o.1@desk.example>"
    assert read("li@mail.example", subject, "x", answering).automatic == "auto_submitted"
    assert read("li@mail.example", subject, "x").automatic == ""  # a person may begin one so
    told = "I am on holiday and will answer when I am back."
    assert read("li@mail.example", subject, told).automatic == "auto_submitted"


@pytest.mark.parametrize(
    "subject", ["自动回复: Re: x", "Automatic reply: RE: x", "OOO: Re[2]: x", "休假自动回复 Re: x"]
)
def test_one_that_answers_an_answer_needs_no_id(subject):
    assert read("li@mail.example", subject, "x").automatic == "auto_submitted"


@pytest.mark.parametrize("answering", ["", "In-Reply-To: <o.1@desk.example>"])
@pytest.mark.parametrize(
    "subject",
    [
        *("自动回复没有用，请人工处理", "自动回复没有用！币被盗", "自动应答总是答非所问"),
        *("Auto-reply again?! Please read this", "Auto response only - coins stolen"),
        *("Automatic reply is no answer: wallet stolen", "Out of office hours emergency: help"),
        *(
            "Vacation over: card stolen",
            "Your whole desk is out of the office, is it? Coins stolen",
            "Re: Ann is out of the office",
            "Autosvar hjälper inte",
            "Re: 自动回复：您好",
            "不在办公室也能登录吗",
        ),
    ],
)
def test_a_person_whose_subject_speaks_of_automatic_answers_is_none(subject, answering):
    text = "My coins were stolen, freeze my account."
    assert read("li@mail.example", subject, text, *filter(None, [answering])).automatic == ""


def test_a_new_mail_whose_subject_begins_as_an_answers_is_a_persons():
    assert read("li@mail.example", "Vacation: card stolen", "Freeze it.").automatic == ""
    assert read("li@mail.example", "不在办公室：手机被偷", "请冻结账户").automatic == ""


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Feedback-ID: 1:2:3:crm", "suppressed"),
        ("X-Auto-Response-Suppress: OOF", "suppressed"),
        ("Return-Path: <>", "null_sender"),
    ],
)
def test_a_header_that_forbids_answers_makes_no_machine_of_a_person(header, why):
    mail = read("li@mail.example", "Refund", "When will it come?", header)
    assert mail.automatic == why
    data = f"From: li@mail.example\r\nSubject: Refund\r\n{header}\r\n\r\nhello".encode()
    assert not parse_report(data)["is_auto_reply"]


@pytest.mark.parametrize("piece", ["-", "a@", "message ", "退信 ", "user ", "5.1.", "copy of the "])
def test_a_hostile_bounce_is_read_in_linear_time(piece):
    text = piece * (200_000 // len(piece))
    started = process_time()
    read("MAILER-DAEMON@mx.example", "failure notice", text)
    read("a@mx.example", "Returned mail", f"{text}\nundeliverable a@b.example")
    assert process_time() - started < 15

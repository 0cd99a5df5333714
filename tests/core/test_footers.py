"""A program's own line under a letter goes; a line of the writer's that begins like one stays."""

from time import process_time

import pytest

from router.core.cutting.quoting import split_reply

ASKED = "还是没有到账，请再查一下。\n订单号 20261124001"


@pytest.mark.parametrize(
    "footer",
    [
        *("Sent from my iPhone", "Sent from my Galaxy S24 Ultra", "Sent from my HUAWEI P30 Pro"),
        *("Sent from my T-Mobile 5G Device", "Sent from my phone", "Sent from Outlook for Android"),
        *("Sent via the Samsung Galaxy A54 5G, an AT&T 5G smartphone", "Sent from Spark"),
        *("Sent with [Proton Mail](https://p.example/a) secure email.", "Sent via Superhuman"),
        *(
            "Get Outlook for iOS<https://aka.example/o0>",
            "Get [Outlook for Mac](https://a.example)",
        ),
        *("Get BlueMail for Android", "Yahoo Mail: Search, Organize, Conquer", "用 Spark 发送"),
        *(
            "发自我的 iPhone",
            "发自我的小米手机",
            "从我的iPad发送",
            "從我的 iPhone 傳送",
            "來自我的 iPhone",
        ),
        *(
            "发自网易邮箱大师",
            "来自QQ邮箱",
            "发送自 Windows 10 版邮件应用",
            "获取 Outlook for iOS",
            "发自我的手机",
            "发自139手机邮箱",
            "Sent using https://www.zoho.com/mail/",
        ),
        *(
            "Von meinem iPhone gesendet",
            "Gesendet mit der GMX Mail App",
            "Gesendet von Outlook für iOS",
        ),
        *(
            "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
            "Küldve iPhone-ról",
        ),
        *("Envoyé de mon iPhone", "Envoyé à partir d\u2019Outlook pour Android", "Inviato da iPad"),
        *("Enviado desde mi iPhone", "Enviado do meu Samsung", "Verstuurd vanaf mijn iPhone"),
        *(
            "Отправлено \u0441 iPhone",
            "Отправлено из Outlook для Android",
            "Wysłane z iPhone\u2019a",
        ),
        *(
            "Skickat från min iPhone",
            "Sendt fra min iPad",
            "Lähetetty iPhonesta",
            "Trimis de pe iPhone",
        ),
        *(
            "iPhoneから送信",
            "Outlook for iOS を入手",
            "나의 iPhone에서 보냄",
            "Telefonumdan gönderildi",
        ),
        *("Sent from Canary (https://c.example)", "Sent from Workspace ONE Boxer", "Get Outlook"),
        *("Outlook voor Android downloaden", "Gửi từ Outlook cho Android", "Odesláno z iPhonu"),
        *("נשלח מה-iPhone שלי", "تم الإرسال من الـ iPhone", "Dikirim dari Outlook untuk Android"),
        *("Sent from my iPhone. Please excuse any typos!", "Sent from my phone, excuse brevity"),
        "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
        "Von meinem iPhone gesendet. Bitte entschuldigen Sie die Kürze.",
        *("iPhone'umdan gönderildi", "Đã gửi từ iPhone của tôi", "Dikirim dari iPhone saya"),
    ],
)
def test_what_a_program_signs_with_goes(footer):
    assert split_reply(f"{ASKED}\n\n{footer}\n").reply == ASKED


@pytest.mark.parametrize(
    "footer", ["Sent from my iPhone", "发自我的iPhone", "Sent from Yahoo Mail on Android"]
)
def test_a_footer_that_nobody_writes_by_hand_needs_no_empty_line(footer):
    assert split_reply(f"{ASKED}\n{footer}").reply == ASKED


def test_another_one_does():
    text = f"{ASKED}\n来自华为手机"
    assert split_reply(text) == (text, "")


def test_one_footer_goes_and_what_looks_like_more_of_them_stays():
    text = f"{ASKED}\n\nSent from my iPad\nSent from my iPhone"
    assert split_reply(text).reply == f"{ASKED}\n\nSent from my iPad"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "从我的钱包转出的USDT一直没到账",
            "从我的手机被盗到现在已经转走三笔",
            "来自华为钱包的转账没有到账",
        ),
        *(
            "从我的手机上转走了",
            "发自我的手机的转账没到",
            "通过QQ邮箱发送",
            "来自我的苹果账户的扣款",
            "从我的 iPhone 被偷",
        ),
        *(
            "发自我的手机，被盗了",
            "从我的设备发送了三笔转账",
            "用我的手机发送验证码",
            "来自三星钱包的地址",
        ),
        *("发自139手机邮箱的验证码没收到", "来自163的验证码"),
        *("Sent using https://wallet.example/pay?x=1", "Sent from https://zoho.example is a mail"),
        *("Sent from my bank account on Monday", "Sent from my iPhone wallet to a stranger"),
        *("Sent from my Ledger: 0.1 BTC", "Sent from my phone by a thief", "Sent by mail"),
        *("Sent by registered mail on Monday, number RR1234", "Sent from my Android wallet, 2 BTC"),
        *("Sent from my Gmail account by a hacker", "Get Outlook support fixed please"),
        *("Yahoo Mail does not receive your code", "Get my iPhone back", "Sent with love"),
        *("Enviado desde mi cuenta ES12 el lunes", "Gesendet von meinem Konto DE12 am Montag"),
        *("Envoyé de mon compte FR12 lundi", "Отправлено \u0441 моего кошелька в понедельник"),
        *(
            "Verzonden vanaf mijn rekening",
            "Inviato dal mio conto",
            "Sent from my old phone, stolen",
            "Sent from my phone, please excuse the thief for nothing",
            "Sent from my iPhone. Please excuse my mistakes: I paid 2 BTC to a thief",
        ),
        *(
            "Mein Geld wurde gesendet",
            "3 BTC gönderildi",
            "ウォレットから送信",
            "Sent 2 BTC from my iPhone",
        ),
    ],
)
def test_a_line_of_the_writers_own_stays(line):
    text = f"Hello\n\n{line}\n"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("piece", ["sent from my ", "sent from\n", "发自我的", "iphone ", "来自\n"])
def test_hostile_text_is_judged_in_linear_time(piece):
    started = process_time()
    split_reply(piece * (200_000 // len(piece)))
    assert process_time() - started < 10

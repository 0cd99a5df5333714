"""Verdicts on what people write, and the reasons that come with them."""

import pytest

from rules.contract import UNSORTED, Facts, Urgency


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("somebody stole my phone on the bus", "security.lost_or_stolen_device"),
        ("我的手机被偷了", "security.lost_or_stolen_device"),
        ("there is a withdrawal i did not make", "security.suspicious_transaction"),
        ("这笔转账不是我操作的", "security.suspicious_transaction"),
        ("我戶口啲錢唔見咗", "security.suspicious_transaction"),
        ("someone hacked my wallet", "security.compromised"),
        ("账号被盗了", "security.compromised"),
        ("freeze my account NOW", "security.freeze_request"),
        ("马上帮我冻结账户!!!", "security.freeze_request"),
        ("got a fake email pretending to be you", "security.phishing"),
        ("我被骗了三万块", "security.phishing"),
        ("your company leaked my personal data", "security.data_leak"),
        ("transfer failed again", "transfer.failed"),
        ("转账一直没到账", "transfer.pending"),
        ("insufficient funds but I have plenty", "transfer.insufficient_balance"),
        ("转账转错人了", "transfer.recipient_account"),
        ("payment was reversed, why", "transfer.reversed"),
        ("forgot my password", "login.password_reset"),
        ("我的账户被冻结了", "login.account_locked"),
        ("验证码收不到", "login.verification_code"),
        ("怎么修改登录密码", "login.credential_change"),
        ("the app shows network error at login", "login.network"),
        ("怎么导出交易明细", "records.export"),
        ("where can i see my transaction history", "records.view"),
        ("the deposit is not showing in my balance", "records.missing"),
        ("charged twice for one coffee", "records.wrong_entry"),
        ("top up not showing", "other.top_up"),
        ("the machine swallowed my card", "other.card"),
        ("转人工", "other.human_or_complaint"),
    ],
)
def test_a_message_is_about_what_it_says(judge, text, category):
    assert judge(text).category == category


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("my wallet was stolen", "P1"),
        ("my account is locked", "P2"),
        ("how do i change my pin", "P3"),
        ("thank you so much", "P4"),
        ("转了三天还没到账", "P2"),
        ("讲个笑话", "P4"),
    ],
)
def test_urgency_follows_the_trouble(judge, text, urgency):
    assert judge(text).urgency == urgency


@pytest.mark.parametrize(
    "text",
    [
        "my account was not hacked",
        "my phone wasn't stolen, just old",
        "我的账户没有被盗",
        "卡并没有丢失",
        "please don't freeze my account",
        "I lost my card but I found it in my coat",
        "手机丢了,后来又找到了",
    ],
)
def test_what_did_not_happen_or_is_over_is_no_alarm(judge, text):
    assert not judge(text).is_security


def test_of_some_alarms_in_chinese_the_second_reader_is_asked_first(ruleset):
    verdict = ruleset.judge(Facts(text="我被骗了三万块", language="zh"))

    assert (verdict.category, verdict.urgency) == ("security.phishing", Urgency.P1)
    assert verdict.until == (UNSORTED, Urgency.P2)
    held = verdict.held()
    assert (held.category, held.urgency, held.findings) == (*verdict.until, verdict.findings)
    assert held.may_alarm
    assert not held.is_security


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("got a fake email pretending to be you", "en"),
        ("我被骗了三万块，手机也被偷了", "zh"),
        ("我的手机被偷了", "zh"),
        ("转账失败", "zh"),
    ],
)
def test_nobody_is_asked_about_what_is_plain_or_no_alarm(ruleset, text, language):
    verdict = ruleset.judge(Facts(text=text, language=language))
    assert verdict.until is None
    assert verdict.held() is verdict


@pytest.mark.parametrize(
    "text",
    [
        "I did not make this payment",
        "I never authorised that transfer",
        "这不是我的交易",
        "我没有转账,钱却没了",
        "I'm not sure if my account was hacked",
        "账号是不是被盗了",
        "not only was my phone stolen, I cannot log in either",
        "别人把我的钱转走了",
        "My card was stolen. I have not found it.",
        "I did not get the code. My account was hacked.",
        "没收到验证码,但是账号被盗了",
    ],
)
def test_a_word_of_denial_does_not_calm_an_alarm(judge, text):
    assert judge(text).urgency is Urgency.P1


@pytest.mark.parametrize(
    "text",
    [
        "what if my phone was stolen",
        "万一手机被偷了怎么办",
        "in case my card gets stolen, who do I call",
    ],
)
def test_a_mere_supposition_wakes_nobody(judge, text):
    verdict = judge(text)

    assert verdict.urgency is not Urgency.P1
    assert any(reason.startswith("supposed: ") for _, reason in verdict.near)


def test_a_supposition_in_another_clause_calms_nothing(judge):
    assert judge("what if he comes back, my phone was stolen").urgency is Urgency.P1


def test_both_languages_in_one_message_are_read(judge):
    verdict = judge("你好, my wallet 被盗 please help 转账失败")

    assert verdict.is_security
    assert {f.category for f in verdict.findings} >= {"security.compromised", "transfer.failed"}


def test_a_message_that_says_nothing_is_unsorted_and_not_calmed(judge):
    verdict = judge("hello there, I have something to ask about the thing")

    assert (verdict.category, verdict.urgency) == (UNSORTED, Urgency.P3)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "???", "\u200b", "🙂🙂", "\x00\ufffe"])
def test_no_text_at_all_is_unsorted(judge, text):
    assert judge(text).category == UNSORTED


def test_a_long_letter_with_a_word_of_small_talk_is_not_calmed(judge):
    letter = "we were all sitting by the river and talked of this and that. " * 8

    assert judge(letter + "The weather was lovely.").category == UNSORTED


def test_thanks_do_not_calm_a_failed_transfer(judge):
    verdict = judge("transfer failed. thank you, good morning, how are you")

    assert (verdict.category, verdict.urgency) == ("transfer.failed", Urgency.P2)


def test_the_subject_is_read_too(judge):
    verdict = judge("see above", subject="My phone was stolen")

    finding = verdict.findings[0]
    assert finding.part == "subject"
    assert finding.words == "My phone was stolen"[finding.part_start :][: len(finding.words)]


def test_no_words_reach_from_the_subject_into_the_text(judge):
    assert not judge("stolen goods are sold here", subject="my phone").is_security


def test_automatic_mail_is_judged_like_any_other(judge):
    assert judge("my wallet was hacked", automatic=True).is_security


def test_a_near_miss_says_why(judge):
    verdict = judge("my account was not hacked")

    assert dict(verdict.near)["security.compromised.broken-into"] == "negated: not"


def test_an_excluded_rule_names_the_words_that_excluded_it(judge):
    near = dict(judge("how do i unfreeze my account, did you freeze my account").near)

    assert near["security.freeze_request.en"].startswith("excluded: ")


def test_scores_are_listed_from_the_strongest(judge):
    scores = [score for _, score in judge("hacked! transfer failed, thank you").scores]

    assert scores == sorted(scores, reverse=True)


def test_the_verdict_names_the_rules_it_came_from(judge, ruleset):
    assert judge("anything").ruleset == ruleset.version


@pytest.mark.parametrize("hint", ["login", "login.other", "security", "other.praise", "nonsense"])
def test_a_hint_never_calms_security(judge, hint):
    assert judge("someone stole my money", category_hint=hint).urgency is Urgency.P1


@pytest.mark.parametrize(
    ("hint", "category"),
    [
        ("login", "login.other"),
        ("records.export", "records.export"),
        ("security", "security.compromised"),
        ("other", UNSORTED),
        ("other.praise", UNSORTED),
        ("no.such", UNSORTED),
        ("", UNSORTED),
    ],
)
def test_a_hint_raises_what_was_not_understood(judge, hint, category):
    assert judge("please look at this", category_hint=hint).category == category


def test_a_hint_does_not_change_what_was_understood(judge):
    assert judge("transfer failed", category_hint="login").category == "transfer.failed"


@pytest.mark.parametrize(
    "text",
    ["the mobilephones of unstolen", "scrapins", "a transferable skill in hackathons"],
)
def test_latin_terms_stand_only_where_words_begin_and_end(judge, text):
    assert not judge(text).is_security

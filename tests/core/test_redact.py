"""What nobody should have sent is gone, what an agent needs stays."""

import random
import unicodedata
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from router.core.masking import cards, private_keys
from router.core.masking.redact import holds_secret, mask
from router.core.masking.secret import HIDDEN

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
WIDE = {digit: digit + 0xFEE0 for digit in range(48, 58)}
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHQCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk5\n"


def _is_zero(one):
    return unicodedata.decimal(one, None) == 0


LAYOUTS = {
    "one line": " ".join,
    "one a line": "\n".join,
    "numbered": lambda words: "\n".join(f"{n}. {word}" for n, word in enumerate(words, 1)),
    "with commas": ", ".join,
    "with Chinese commas": "，".join,
    "quoted": lambda words: "> " + "\n> ".join(words),
    "in capitals": lambda words: " ".join(words).upper(),
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4111 1111 1111 1111 please", "card •••• 1111 please"),
        ("4111-1111-1111-1111", "•••• 1111"),
        ("卡号4111111111111111，谢谢", "卡号•••• 1111，谢谢"),
        ("4111 1111 1111 1111 12/27", "•••• 1111 12/27"),
        ("amex 3782 822463 10005", "amex •••• 0005"),
        ("6222021234567890128".translate(WIDE), "•••• 0128"),
        ("4111\u200b1111\u200b1111\u200b1111", "•••• 1111"),
        ("4111\n> 1111\r\n>> 1111\n > 1111", "•••• 1111"),
        ("card 411111111111 1111 12/27", "card •••• 1111 12/27"),
        ("cc4111111111111111 and 2", "cc•••• 1111 and 2"),
        ("visa: 4111, 1111, 1111, 1111", "visa: •••• 1111"),
    ],
)
def test_a_card_keeps_its_last_four_digits_only(text, shown):
    assert mask(text) == (shown, ("card",))


@pytest.mark.parametrize(
    "text",
    [
        "订单号 4111111111111111 没到账",
        "order no. 4111111111111111",
        "4111 1111 1111 1112",
        "call 13800138000 on 2026-11-24 at 15:00",
        "I sent 0.4111111111111111 ETH",
        "ref TX4111111111111111",
        "流水号 20261124150000123456789012",
        "order No4111111111111111",
        "we sold 4111, 1111, 1111, 1111 of them",
        "4500/4600/4700/4800",
        "分别是4111、1111、1111、1111元",
        "4111,1111,1111,1111\n5012,1733,9126,4401\n4821,1932,4410,7715",
    ],
)
def test_numbers_that_are_no_cards_stay(text):
    assert mask(text) == (text, ())


@pytest.mark.parametrize(
    "sign",
    [*" -.\u2010\u2012\u2013\u2014\u2212·/|:*,，、_\t", "\n", "\n> ", "    ", "\u00a0", " - "],
)
def test_the_first_look_sees_whatever_the_groups_of_a_number_are_parted_by(sign):
    assert holds_secret(sign.join(("4111", "1111", "1111", "1111")))
    assert holds_secret(sign.join(("110105", "19491231", "002X")))


@pytest.mark.parametrize("zero", [code for code in range(0x110000) if _is_zero(chr(code))])
def test_digits_of_every_script_are_read(zero):
    assert holds_secret("".join(chr(zero + int(digit)) for digit in "4111111111111111"))


def test_an_identity_card_is_known_by_its_check_character():
    assert mask("身份证 11010519491231002X。") == (f"身份证 {HIDDEN}。", ("id_card",))
    assert mask("身份证 110105194912310021。").hits == ()
    assert mask("110105 19491231 002x").hits == ("id_card",)


@pytest.mark.parametrize("language", Mnemonic.list_languages())
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_seed_phrase_of_every_list_goes(language, layout):
    source = random.Random(f"{language} {layout}")
    words = Mnemonic(language).to_mnemonic(source.randbytes(16)).replace("\u3000", " ").split(" ")
    for form in ("NFC", "NFKD"):
        spelt = [unicodedata.normalize(form, word) for word in words]
        masked = mask(f"hallo: {LAYOUTS[layout](spelt)} - thanks")
        assert masked.hits == ("seed_phrase",)
        assert masked.text.startswith("hallo: ")
        assert masked.text.endswith(" - thanks")
        assert not set(spelt) & set(masked.text.split())


@pytest.mark.parametrize("place", [1, 5, 10])
def test_a_seed_phrase_with_a_misspelt_word_goes_too(place):
    words = PHRASE.split()
    words[place] = "wbrld"
    assert mask(f"Hello team, {' '.join(words)}. Thanks!").hits == ("seed_phrase",)


def test_of_a_flood_of_phrases_the_last_one_goes_as_the_first_one_did():
    talk = "My transfer of 12.50 dollars to Ann has not come; where did it go?"
    text = mask("\n\n".join([PHRASE, talk] * 1000)).text
    assert "sausage" not in text
    assert "winner" not in text
    assert text.count("of 12.50 dollars to Ann has not come") == 1000


def test_part_of_a_phrase_goes_when_it_is_called_one():
    part = " ".join(PHRASE.split()[:8])
    assert mask(f"the first words of my seed phrase are {part}").hits == ("seed_phrase",)


def test_a_joined_chinese_phrase_goes_when_it_is_announced():
    phrase = Mnemonic("chinese_simplified").to_mnemonic(bytes(range(16))).replace(" ", "")
    assert mask(f"我的助记词是：{phrase}，请帮我").text == f"我的助记词是：{HIDDEN}，请帮我"


@pytest.mark.parametrize(
    "text",
    [
        "我的助记词是什么我也不记得了怎么办啊",
        "Please help me recover my old wallet, I lost the phone, not the seed phrase.",
        "Where can I find my 12 words? I never saw them in the app.",
        "今天天气很好，我们一起去公园散步，然后吃饭，看电影，回家睡觉。",
    ],
)
def test_prose_is_no_seed_phrase(text):
    assert mask(text) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"0x{KEY}",
        f"my private key: {KEY}",
        f"私钥是{KEY}",
        f"交易失败了，私钥 {KEY}",
        f"tx failed, here is the key {KEY}",
        "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
        f"xprv{'9s21ZrQH143K3QTDL4LX' * 5}",
        f"{PEM}-----END EC PRIVATE KEY-----",
        PEM,
    ],
)
def test_private_keys_go(text):
    masked = mask(text)
    assert masked.hits == ("private_key",)
    assert KEY not in masked.text
    assert "MHQCAQEE" not in masked.text


@pytest.mark.parametrize(
    "text",
    [
        f"tx hash 0x{KEY}",
        f"交易哈希：{KEY}",
        f"https://explorer.example/tx/0x{KEY}",
        f"交易哈希：\n{KEY}\n{KEY[::-1]}",
        f"{KEY} (tx)",
        f"公钥 02{KEY}",
        "0x52908400098527886E0F7030069857D2E4169EE7",
    ],
)
def test_hashes_of_transactions_and_addresses_stay(text):
    assert mask(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my password is hunter2, ok", f"my password is {HIDDEN}, ok"),
        ("password: swordfish", f"password: {HIDDEN}"),
        ("密码是abc123。", f"密码是{HIDDEN}。"),
        ("支付密码 123456", f"支付密码 {HIDDEN}"),
        ("PIN is 1234", f"PIN is {HIDDEN}"),
        ("新密码改成了 Qwe!rty", f"新密码改成了 {HIDDEN}"),
        ("验证码 483920", f"验证码 {HIDDEN}"),
        ("123456是我的验证码", f"{HIDDEN}是我的验证码"),
        ("your verification code is 123 456", f"your verification code is {HIDDEN}"),
        ("My code is 4829", f"My code is {HIDDEN}"),
        ("cvv 123", f"cvv {HIDDEN}"),
        (
            "G-482193 is your Wallet verification code",
            f"G-{HIDDEN} is your Wallet verification code",
        ),
        ("The password I use is Sunny-Day-77", f"The password I use is {HIDDEN}"),
        ("我的密碼係 abc12345", f"我的密碼係 {HIDDEN}"),
        ("2FA backup code: 8fj2-k29d-x8s0", f"2FA backup code: {HIDDEN}"),
        ("the three digits on the back are 123", f"the three digits on the back are {HIDDEN}"),
        ("卡背面三位是 908", f"卡背面三位是 {HIDDEN}"),
        ("支付密码设的258036", f"支付密码设的{HIDDEN}"),
        ("谷歌验证 039481", f"谷歌验证 {HIDDEN}"),
        ("谷歌验证码收到的是 039481", f"谷歌验证码收到的是 {HIDDEN}"),
        ("Your Wallet code: 482193", f"Your Wallet code: {HIDDEN}"),
        ("Enter code 482193 in the app", f"Enter code {HIDDEN} in the app"),
        ("API key: sk_made_up_4eC39Hq", f"API key: {HIDDEN}"),
    ],
)
def test_told_passwords_and_codes_go(text, shown):
    assert mask(text).text == shown


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        *(("mi contraseña es {}", "Sol12345"), ("Mein Passwort ist {}", "Sonne123")),
        *(("mot de passe : {}", "Soleil123"), ("Пароль: {}", "Solnce123")),
        *(("パスワードは {} です", "Taiyo123"), ("비밀번호: {}", "Taeyang123")),
        *(("minha senha é {}", "Sol12345"), ("Hasło: {}", "Slonce123")),
        *(("código de verificación: {}", "482193"), ("Bestätigungscode: {}", "482193")),
        *(("code de vérification : {}", "482193"), ("認証コードは{}です", "482193")),
        *(("인증번호 {}", "482193"), ("код подтверждения {}", "482193")),
    ],
)
def test_passwords_and_codes_told_in_other_languages_go(said, secret):
    assert mask(said.format(secret)).text == said.format(HIDDEN)


@pytest.mark.parametrize(
    "text",
    [
        "my password is locked",
        *(
            "The password I typed is wrong",
            "mi contraseña es incorrecta",
            "Mein Passwort ist falsch.",
        ),
        *(
            "验证码短信来自 95588",
            "客服电话 95588 验证码",
            "your Error code: 5003",
            "谷歌验证开了2024年",
        ),
        *("my Promo code: 20261", "the API key does not work", "密码的长度不对"),
        *("mot de passe oublié", "パスワードは忘れました", "パスワードはLINEで送りました"),
        *(
            "비밀번호는 몰라요",
            "la senhora 12345",
            "código de verificación no llega",
            "on the back 123",
        ),
        *(
            "X-482193 is my code word",
            "recovery codes do not work",
            "认证码收不到",
            "银行卡背面 2026",
        ),
        "my password is not accepted",
        "密码错误5次",
        "我的密码是否正确",
        "密码是iPhone自动保存的",
        "password reset: https://wallet.example/reset",
        "验证码收不到，手机号13800138000",
        "2024年开始收不到验证码",
        "验证码等了3000秒",
        "error code 5001",
        "promo code 20261",
        "shopping 1234",
    ],
)
def test_talk_about_passwords_and_codes_stays(text):
    assert mask(text) == (text, ())


def test_several_kinds_are_each_named_once():
    masked = mask(f"card 4111111111111111 and 5500005555555559, seed {PHRASE}")
    assert set(masked.hits) == {"card", "seed_phrase"}


_PIECES = st.sampled_from(
    [
        *("4111 1111 1111 1111", "验证码", "123456", "密码是", "password: ", "my code is ", KEY),
        *("tx ", "private key ", " ", "\n", "•••• 1234", PHRASE, "助记词：", "11010519491231002X"),
        *("cvv 123", "0", "-", "谢谢"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=6), max_size=12).map("".join))
@settings(max_examples=200, deadline=None)
def test_masking_twice_changes_nothing_more(text):
    once = mask(text).text
    assert mask(once).text == once


@given(st.text(max_size=200))
def test_masking_never_fails(text):
    assert isinstance(mask(text).text, str)


@pytest.mark.parametrize(
    "piece",
    ["1 ", "4111 ", "a", "legal ", "password ", "的 ", "key ", "验证码 1234 ", "0f" * 32 + " "],
)
def test_hostile_text_is_read_in_linear_time(piece):
    text = piece * (100_000 // len(piece))
    started = process_time()
    mask(text)
    assert process_time() - started < 15  # CPU seconds; measured below 0.6


def test_the_checks_know_their_numbers():
    assert cards.luhn("79927398713")
    assert not cards.luhn("79927398710")
    assert private_keys.base58_holds("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ")
    assert not private_keys.base58_holds("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK")


def test_numbers_written_without_a_gap_are_all_masked():
    glued = "11010519491231002X" * 9 + "4111 1111 1111 1111"
    assert not any(one.isdigit() for one in mask(glued).text[:-4])


@pytest.mark.parametrize("piece", ["4 ", "41 ", "4\n", "4111 "])
def test_of_a_flood_of_groups_few_are_tried_as_numbers(piece, monkeypatch):
    tried = []
    holds = cards.PARTS["card"]
    monkeypatch.setitem(cards.PARTS, "card", lambda *given: tried.append(given) or holds(*given))
    mask(piece * 20_000)
    assert len(tried) <= 2 * 20_000


def test_a_password_of_several_words_goes_where_its_line_says_no_more_than_that():
    words = "correct horse battery staple"
    assert mask(f"hello\nmy password: {words}\nbye").text == f"hello\nmy password: {HIDDEN}\nbye"
    assert not holds_secret(f"there is a film called password: {words} again")
    assert not holds_secret(f"password: {words} is what the comic says")


@pytest.mark.parametrize("code", ["4 8 2 9 1 3", "48 29 13", "四八二九一三"])
def test_a_code_told_figure_by_figure_goes_right_after_the_words_for_it(code):
    assert mask(f"验证码是{code}。") == (f"验证码是{HIDDEN}。", ("one_time_code",))
    assert not holds_secret(f"验证码等了好久，{code}")

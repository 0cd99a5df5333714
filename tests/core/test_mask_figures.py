"""How much of what must go goes, and how little of what must stay: on secrets and decoys of ours.

``python -m tests.planted`` prints the same figures row by row.
"""

from collections import Counter

import pytest

from router.core.masking import cards, passwords, private_keys, seeds
from router.core.masking.redact import examine, mask
from tests import planted

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
#: Every detector there is, by module and name.
DETECTORS = [
    (module, part) for module in (seeds, private_keys, cards, passwords) for part in module.PARTS
]
#: Of passwords and codes only what has the shape of one is taken; the rest is talk.
LEAST = {"password": 0.9, "one_time_code": 0.9, "card_code": 0.9}


@pytest.fixture(scope="module")
def secrets():
    return planted.secrets()


@pytest.fixture(scope="module")
def decoys():
    return planted.decoys()


def test_there_are_enough_of_both_to_mean_something(secrets, decoys):
    assert len(secrets) > 1000
    assert len(decoys) > 400
    assert len({one.text for one in secrets}) == len(secrets)


@pytest.mark.parametrize(
    "kind",
    [
        *("seed_phrase", "private_key", "card", "id_card"),
        *("password", "one_time_code", "card_code"),
    ],
)
def test_planted_secrets_go(kind, secrets):
    own = [one for one in secrets if one.kind == kind]
    left = [one for one in own if planted.missed(one)]
    assert len(own) - len(left) >= LEAST.get(kind, 0.99) * len(own), left[:3]


def test_every_list_and_layout_of_seed_phrases_is_known(secrets):
    own = [one for one in secrets if one.kind == "seed_phrase"]
    whole, left = Counter(one.how for one in own), Counter()
    left.update(one.how for one in own if planted.missed(one))
    assert {how: count for how, count in left.items() if count > 0.01 * whole[how]} == {}


def test_no_decoy_is_masked(decoys):
    wrong = [(mask(one.text).hits, one.text) for one in decoys if mask(one.text).hits]
    assert wrong == []


@pytest.mark.parametrize(("module", "part"), DETECTORS)
def test_every_detector_is_needed(module, part, secrets, monkeypatch):
    monkeypatch.delitem(module.PARTS, part)
    assert any(planted.missed(one) for one in secrets)


def test_masked_secrets_are_masked_for_good(secrets):
    again = [one.text for one in secrets if mask(mask(one.text).text).hits]
    assert again == []


# ---------------------------------------------------------------- what is kept of a secret


def _print(value):
    return f"<{value}>"


def test_what_is_kept_of_a_phrase_is_its_kind_and_how_many_words_it_had():
    masked, (kept,) = examine(f"it is {PHRASE}, ok", _print)
    assert masked.text == "it is ••••, ok"
    assert (kept.kind, kept.length, kept.at) == ("seed_phrase", 12, 6)


def test_the_same_secret_in_another_layout_has_the_same_print():
    numbered = "\n".join(f"{n}. {word.upper()}" for n, word in enumerate(PHRASE.split(), 1))
    prints = {examine(text, _print)[1][0].fingerprint for text in (PHRASE, numbered)}
    assert len(prints) == 1
    cards_written = ("card 4111 1111 1111 1111", "卡号4111111111111111", "4111-1111-1111-1111")
    assert len({examine(text, _print)[1][0].fingerprint for text in cards_written}) == 1


def test_every_secret_of_a_text_is_kept_by_itself():
    _, kept = examine("card 4111111111111111 and card 5500005555555559, cvv 123", _print)
    assert [one.kind for one in kept] == ["card", "card", "card_code"]
    assert [one.length for one in kept] == [16, 16, 3]

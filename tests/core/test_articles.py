"""Articles: complete in both languages, one for each matter of the brief, told as steps."""

import pytest

from router.core.articles import Articles
from router.errors import SettingsFault

ARTICLES = Articles.load()


@pytest.mark.parametrize(
    "category",
    [
        *("login.password_reset", "login.account_locked", "login.network"),
        *("transfer.insufficient_balance", "transfer.network", "transfer.recipient_account"),
        *("records.view", "records.export"),
        *("security.freeze_request", "security.suspicious_transaction", "security.advice"),
    ],
)
def test_every_matter_of_the_brief_has_its_article(category):
    article = ARTICLES.serving(category)
    assert article is not None
    steps = {language: article.told(language).steps for language in ("zh", "zh-Hant", "en")}
    assert len({len(one.splitlines()) for one in steps.values()}) == 1
    assert steps["zh"] != steps["zh-Hant"]


def test_every_article_serves_categories_that_exist(shipped_rules):
    served = {one for article in ARTICLES.by_name.values() for one in article.categories}
    assert served <= set(shipped_rules.kinds)


def test_whoever_we_do_not_speak_to_is_told_in_english():
    assert ARTICLES.by_name["login-reset"].told("fr").title == "Forgotten password"


HEAD = '+++\ntitle = "t"\nversion = "1"\ncategories = ["a.b"]\n+++\n\n1. one\n'


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.zh.md": HEAD}, "is not written in en"),
        ({"a.zh.md": HEAD, "a.en.md": "hello"}, "begins with no head"),
        ({"a.zh.md": HEAD, "a.en.md": HEAD.replace("1. one", "one")}, "no numbered steps"),
        ({"a.zh.md": HEAD, "a.en.md": HEAD.replace("a.b", "a.c")}, "serves other categories"),
        ({"a.zh.md": HEAD, "a.en.md": HEAD.replace("title", "titel")}, "its head needs"),
        ({"A.md": HEAD}, "write name.zh.md"),
        (
            {"a.zh.md": HEAD, "a.en.md": HEAD, "b.zh.md": HEAD, "b.en.md": HEAD},
            "is served by a already",
        ),
    ],
)
def test_an_article_that_cannot_be_used_is_named(tmp_path, files, words):
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsFault, match=words):
        Articles.load(tmp_path)

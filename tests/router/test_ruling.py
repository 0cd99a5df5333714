"""``router rules lint`` and ``router rules backtest`` as an operator uses them."""

import json

import pytest

from router.errors import RouterError
from router.terminal import ruling
from router.web.speech import catalogue
from rules.lint import SHIPPED, Census, Remark
from tests.drafts import BEES
from tests.web.conftest import submitted

pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("desk_rules")]


@pytest.fixture
def folder(tmp_path):
    """Makes a folder with one rule file."""

    def make(text, name="site"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "desk.toml").write_text(text, "utf-8")
        return tmp_path / name

    return make


@pytest.fixture
def lint(settings_of, capsys):
    def run(path, **options):
        code = ruling.look(settings_of(), path, as_json=options.get("as_json", False))
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def tried(desk_router, settings_of, capsys):
    def run(old, new, *, as_json=False, every=False, since=None):
        words = (str(old), str(new))
        code = ruling.compare(settings_of(), words, since, as_json=as_json, every=every)
        return code, capsys.readouterr().out

    return run


def test_a_folder_with_nothing_to_mend_ends_well(lint, folder):
    code, out = lint(folder(BEES))
    assert code == 0
    assert "0 to mend" in out


def test_each_remark_names_file_rule_what_and_what_to_do(lint, folder):
    code, out = lint(folder(BEES.replace('"beehive"', '"beehive", "beehive"')))
    assert code == 1
    assert "desk.toml: desk.bees" in out
    assert "“beehive” in any is already said by “beehive”." in out
    assert "→ Remove one of the two." in out


def test_remarks_are_told_to_machines_too(lint, folder):
    code, out = lint(folder(BEES.replace('"蜂箱"', '"hive"')), as_json=True)
    (found,) = json.loads(out)["findings"]
    assert (code, found["file"], found["rule"], found["code"]) == (
        1,
        "desk.toml",
        "desk.bees",
        "sibling",
    )
    assert found["what"]
    assert found["do"]


def test_rules_that_cannot_be_read_are_told_like_the_rest(lint, folder):
    code, out = lint(folder("[[rule]]\nid = 'x'\nregex = ['(a+)+']"))
    assert code == 1
    assert "A pattern is refused" in out
    assert "no plain word outside brackets" in out


def test_hints_alone_end_well(lint, folder, desk_router):
    submitted(desk_router, "My transfer is pending")
    code, out = lint(folder(BEES))
    assert code == 0
    assert "0 to mend, 1 hints; tried on 1 stored messages" in out


def test_a_folder_that_is_none_is_said(lint, tmp_path):
    with pytest.raises(RouterError, match="is no folder"):
        lint(tmp_path / "missing")


def test_other_rules_of_a_folder_are_tried_on_what_is_stored(tried, folder, desk_router):
    ticket = submitted(desk_router, "the beehive fell on my phone", subject="")
    code, out = tried("shipped", folder(BEES))
    assert code == 0
    assert f"{ticket.number}  other.unsorted P3 → other.bees P3" in out
    assert "“beehive”  +desk.bees" in out
    assert "nothing speaks against publishing" in out


def test_a_copy_of_the_shipped_rules_stands_for_itself(tried, tmp_path, desk_router):
    submitted(desk_router, "There is a payment I did not make", subject="")
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in SHIPPED.glob("*.toml"):
        text = path.read_text("utf-8")
        if path.name.startswith("security-"):
            text = text.partition("[[rule]]")[0]
        (copy / path.name).write_text(text, "utf-8")
    code, out = tried(SHIPPED, copy)
    assert code == 1
    assert "✗ refused: 1 security verdicts that nobody overruled would be lost" in out


def test_a_backtest_is_told_to_machines_with_every_change(tried, folder, desk_router, monkeypatch):
    monkeypatch.setattr(ruling, "SHOWN", 2)
    for number in range(4):
        submitted(desk_router, f"the beehive number {number} fell", subject="")
    _, text = tried("published", folder(BEES))
    assert "and 2 more; --all lists them" in text
    assert "more; --all" not in tried("published", folder(BEES), every=True)[1]
    told = json.loads(tried("published", folder(BEES), as_json=True)[1])
    assert (told["changed"], len(told["changes"])) == (4, 4)
    assert told["flow"] == [["other.unsorted", "other.bees", 4]]
    assert told["changes"][0]["words"] == ["beehive"]


def test_what_a_requester_wrote_cannot_steer_the_terminal(tried, folder, desk_router):
    submitted(desk_router, "my bee\x1b[2Jhive", subject="")
    _, out = tried("shipped", folder(BEES))
    assert "\x1b" not in out


def test_a_word_that_names_no_rules_is_said(tried):
    with pytest.raises(RouterError, match="no folder, draft or version"):
        tried("shipped", "nothing-of-that-name")


def test_a_desk_without_a_database_has_nothing_to_try_rules_on(settings_of, tmp_path):
    nowhere = settings_of().model_copy(
        update={"database": settings_of().database.model_copy(update={"url": ""})}
    )
    with pytest.raises(RouterError, match="no database"):
        ruling.compare(nowhere, ("shipped", "shipped"), None, as_json=False, every=False)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_remark_has_words(language):
    params = dict.fromkeys(
        ("message", "example", "other", "category", "reason", "term", "list", "language", "tag"),
        "x",
    ) | {"messages": "1", "share": "1", "limit": "1"}
    codes = {key.split(".")[2] for key in catalogue()["en"] if key.startswith("rules.lint.")}
    assert len(codes) == 15
    for code in codes:
        remark = Remark("a.toml", "a", code, tuple(sorted(params.items())))
        assert all(ruling.said(remark, language))


def test_a_census_of_nothing_says_so(lint, folder):
    assert Census().messages == 0
    assert "no stored messages" in lint(folder(BEES))[1]

"""What was worked out of rule files is read again at the next start, and never for other files."""

import json
from dataclasses import replace

import pytest

from rules.contract import Facts
from rules.engine import compile_book, load
from rules.kept import Kept
from rules.load import Written

FILE = """
[categories]
"other.unsorted" = { urgency = "P3", en = "unsorted", zh = "未分类" }
"transfer.lost" = { urgency = "P2", en = "lost", zh = "丢失" }
[words]
thing = ["parcel", "钱包"]
[[rule]]
id = "lost"
category = "transfer.lost"
any = ["lost my @thing", "丢了@thing"]
match = ["lost my parcel"]
no_match = ["found it"]
"""


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "rules.kept")


def _found(written, kept, text="I lost my parcel"):
    verdict = compile_book(written.book(kept)).judge(Facts(text=text))
    return [finding.rule for finding in verdict.findings]


@pytest.fixture
def written():
    return Written.of([], {"a.toml": FILE})


def _changed(kept, change):
    said = json.loads(kept.path.read_text("utf-8"))
    change(said)
    kept.path.write_text(json.dumps(said), "utf-8")


def test_the_second_reading_is_the_first_one(kept, written):
    first = written.book(kept)
    again = written.book(kept)
    assert again.rules == first.rules
    assert again.lexicon.expand(["lost my @thing"]) == first.lexicon.expand(["lost my @thing"])
    assert compile_book(again).version == compile_book(first).version


def test_what_is_kept_is_what_is_read(kept, written):
    assert _found(written, kept) == ["lost"]
    _changed(kept, lambda said: said["terms"].update({"lost my @thing": ["nothing at all"]}))
    assert _found(written, kept) == []


def test_other_files_are_read_for_themselves(kept, written):
    _found(written, kept)
    other = Written.of([], {"a.toml": FILE.replace("parcel", "letter")})
    assert _found(other, kept, "I lost my letter") == ["lost"]
    assert _found(other, kept, "I lost my letter") == ["lost"]


def test_another_program_reads_them_for_itself(kept, written, monkeypatch):
    _found(written, kept)
    _changed(kept, lambda said: said["terms"].update({"lost my @thing": ["nothing at all"]}))
    monkeypatch.setattr("rules.kept._program", lambda: b"a later one")
    assert _found(written, kept) == ["lost"]


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"of": 1}', '{"of": "x", "terms": 3}'])
def test_a_damaged_file_is_made_anew(kept, written, damage):
    kept.path.write_text(damage, "utf-8")
    assert _found(written, kept) == ["lost"]
    assert json.loads(kept.path.read_text("utf-8"))["tables"][0][0] == "a.toml"


def test_terms_that_are_kept_wrongly_are_not_used(kept, written):
    _found(written, kept)
    _changed(kept, lambda said: said.update(terms=[1]))
    assert _found(written, kept) == ["lost"]


def test_where_nothing_can_be_written_rules_are_read_all_the_same(tmp_path, written):
    assert _found(written, Kept(tmp_path / "nowhere" / "rules.kept")) == ["lost"]


def test_files_with_a_fault_are_not_kept(kept, written):
    faulty = replace(written, files=(("a.toml", FILE.replace("lost my @thing", "@nothing")),))
    with pytest.raises(Exception, match="nothing"):
        faulty.book(kept)
    assert not kept.path.exists()


def test_files_of_one_name_in_two_folders_are_both_kept(kept):
    two = Written((("a.toml", FILE), ("a.toml", "[words]\nthing = ['letter']\n")))
    for _ in range(2):
        assert _found(two, kept, "I lost my letter") == ["lost"]


def test_the_shipped_rules_are_the_same_from_what_was_kept(kept, monkeypatch):
    monkeypatch.setattr("rules.engine._HELD", {})
    first = load(None, kept)
    monkeypatch.setattr("rules.engine._HELD", {})
    again = load(None, kept)
    assert (again is first, again.version) == (False, first.version)
    texts = [one for rule in first.rules for one in (*rule.match, *rule.no_match)][::40]
    judged = [(first.judge(Facts(text=one)), again.judge(Facts(text=one))) for one in texts]
    assert all(one == other for one, other in judged)

"""The house rules, loaded once, and a way to judge a sentence."""

from collections.abc import Callable

import pytest

from rules.contract import Facts, Verdict
from rules.engine import Ruleset, load


@pytest.fixture(scope="session")
def ruleset() -> Ruleset:
    return load()


@pytest.fixture(scope="session")
def judge(ruleset: Ruleset) -> Callable[..., Verdict]:
    def of(text: str, **more: object) -> Verdict:
        return ruleset.judge(Facts(text=text, **more))

    return of


@pytest.fixture
def site(tmp_path):
    """A folder of site rules: call it with file names and contents, get the folder."""

    def write(**files: str):
        for name, content in files.items():
            (tmp_path / f"{name}.toml").write_text(content, encoding="utf-8")
        return tmp_path

    return write

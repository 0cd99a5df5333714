"""Articles: what people can do themselves, in Chinese and English beside one another.

They ship as files, ``<name>.<language>.md`` with a head of TOML between two lines ``+++``: title,
version, the categories it serves. What the desk writes in their place is kept in the database. The
numbered lines are the steps that an acknowledgement tells; the whole is a page. Traditional
characters are made from the simplified ones. ``{desk}`` and ``{hotline}`` (``{团队}``, ``{热线}``)
stand for what the settings say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from router.core import markdown
from router.core.bilingual import for_reader
from router.errors import Fault, SettingsFault

LANGUAGES = ("zh", "en")
#: What stands in braces, by what it may be called in either language.
PLACEHOLDERS: Mapping[str, str] = {
    "desk": "desk",
    "团队": "desk",
    "hotline": "hotline",
    "热线": "hotline",
}
LONGEST_TITLE, LONGEST_BODY = 120, 20_000
_HEAD = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n+(.*)", re.DOTALL)
_NAME = re.compile(r"([a-z][a-z0-9-]*)\.(zh|en)\.md", re.ASCII)
_CALLED = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{\s*([^{}\n]{0,40}?)\s*\}")
_KEYS = {"title", "version", "categories"}


@dataclass(frozen=True, slots=True)
class Text:
    """An article in one language; ``body`` is Markdown."""

    title: str
    version: str
    body: str

    @property
    def steps(self) -> str:
        """Its numbered lines, plain."""
        return _steps(self.body)


@lru_cache(maxsize=512)
def _steps(body: str) -> str:
    return markdown.steps(body)


@dataclass(frozen=True, slots=True)
class Article:
    """What to do about some categories, in every language."""

    name: str
    categories: tuple[str, ...]
    texts: Mapping[str, Text]

    def told(self, language: str) -> Text:
        """The text for a reader; English for whom we do not speak to otherwise."""
        if not language.startswith("zh"):
            return self.texts["en"]
        text = self.texts["zh"]
        if language != "zh-Hant":
            return text
        title, body = (for_reader(language, one, "") for one in (text.title, text.body))
        return Text(title, text.version, body)

    def filled(self, values: Mapping[str, Mapping[str, str]]) -> Article:
        """The article with its braces filled in; ``values`` by language and placeholder."""
        texts = {
            language: Text(
                _fill(text.title, values[language]),
                text.version,
                _fill(text.body, values[language]),
            )
            for language, text in self.texts.items()
        }
        return replace(self, texts=texts)


def _fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known put in; braces that nobody knows stay, to be seen."""

    def value(found: re.Match[str]) -> str:
        name = PLACEHOLDERS.get(found[1].lower(), "")
        return values.get(name, found[0])

    return _PLACEHOLDER.sub(value, text)


class Articles:
    """All articles by name and by category."""

    def __init__(self, articles: Iterable[Article]) -> None:
        """Raises SettingsFault when two serve one category."""
        self.by_name = {one.name: one for one in articles}
        self._serving: dict[str, Article] = {}
        for one in self.by_name.values():
            for category in one.categories:
                other = self._serving.setdefault(category, one)
                if other is not one:
                    said = f"{category} is served by {other.name} already"
                    raise SettingsFault([Fault(f"articles/{one.name}", said)])

    @classmethod
    def load(cls, folder: Path | None = None) -> Articles:
        """Read the articles that ship, or those of a folder; raises SettingsFault with everything
        that is wrong in them."""
        root = folder or resources.files("router").joinpath("articles")
        faults: list[Fault] = []
        found: dict[str, dict[str, tuple[Text, tuple[str, ...]]]] = {}
        for file in sorted(root.iterdir(), key=lambda one: one.name):
            named = _NAME.fullmatch(file.name)
            if named is None:
                if file.name.endswith(".md"):
                    faults.append(Fault(f"articles/{file.name}", "write name.zh.md or name.en.md"))
                continue
            try:
                read = _read(file.read_text(encoding="utf-8"))
            except ValueError as fault:
                faults.append(Fault(f"articles/{file.name}", str(fault)))
                continue
            found.setdefault(named[1], {})[named[2]] = read
        articles = [one for name, texts in found.items() for one in _article(name, texts, faults)]
        if faults:
            raise SettingsFault(faults)
        return cls(articles)

    def serving(self, category: str) -> Article | None:
        """The article about a category, if there is one."""
        return self._serving.get(category)


def _read(text: str) -> tuple[Text, tuple[str, ...]]:
    parts = _HEAD.fullmatch(text.replace("\r\n", "\n"))
    if parts is None:
        raise ValueError("begins with no head between two lines +++")
    head: dict[str, Any] = tomllib.loads(parts[1])
    if head.keys() != _KEYS or not isinstance(head["categories"], list):
        raise ValueError("its head needs title, version and categories, and nothing else")
    read = Text(str(head["title"]), str(head["version"]), parts[2].strip() + "\n")
    if not read.steps:
        raise ValueError("has no numbered steps")
    return read, tuple(map(str, head["categories"]))


def _article(
    name: str, texts: Mapping[str, tuple[Text, tuple[str, ...]]], faults: list[Fault]
) -> Iterable[Article]:
    lacking = [one for one in LANGUAGES if one not in texts]
    if lacking:
        faults.append(Fault(f"articles/{name}", f"is not written in {', '.join(lacking)}"))
        return
    (chinese, categories), (english, others) = texts["zh"], texts["en"]
    if categories != others:
        faults.append(Fault(f"articles/{name}", "serves other categories in its other language"))
        return
    yield Article(name, categories, {"zh": chinese, "en": english})


# ---------------------------------------------------------------- what the desk writes


class Written(NamedTuple):
    """An article as somebody typed it."""

    name: str
    categories: tuple[str, ...]
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str

    @classmethod
    def of(cls, article: Article) -> Written:
        """An article as one would have typed it."""
        zh, en = article.texts["zh"], article.texts["en"]
        return cls(article.name, article.categories, zh.title, en.title, zh.body, en.body)

    def article(self, version: str) -> Article:
        """What it is once it holds."""
        texts = {
            "zh": Text(self.title_zh, version, self.body_zh),
            "en": Text(self.title_en, version, self.body_en),
        }
        return Article(self.name, self.categories, texts)


class Wrong(NamedTuple):
    """A fault of what was written: beside which field, a code, and what it is about."""

    field: str
    code: str
    about: str = ""


def faults(
    written: Written,
    categories: Collection[str],
    fillable: Collection[str],
    others: Iterable[Article],
) -> list[Wrong]:
    """Everything that is wrong with an article, in the order of its fields.

    ``categories`` are those there are, ``fillable`` the placeholders that the settings fill in,
    ``others`` the other articles in force.
    """
    found = [] if _CALLED.fullmatch(written.name) else [Wrong("name", "bad_article_name")]
    found += _served(written, categories, others)
    for language in LANGUAGES:
        title = getattr(written, f"title_{language}")
        body = getattr(written, f"body_{language}")
        found += _title(f"title_{language}", title, fillable)
        found += _body(f"body_{language}", body, fillable)
    return found


def _served(
    written: Written, categories: Collection[str], others: Iterable[Article]
) -> Iterable[Wrong]:
    if not written.categories:
        yield Wrong("categories", "no_category")
    taken = {one for other in others for one in other.categories}
    for one in written.categories:
        if one not in categories:
            yield Wrong("categories", "unknown_category", one)
        elif one in taken:
            yield Wrong("categories", "category_served", one)


def _title(field: str, title: str, fillable: Collection[str]) -> Iterable[Wrong]:
    if not title.strip():
        yield Wrong(field, "required")
    elif len(title) > LONGEST_TITLE:
        yield Wrong(field, "too_long")
    yield from _braces(field, title, fillable)


def _body(field: str, body: str, fillable: Collection[str]) -> Iterable[Wrong]:
    if not body.strip():
        yield Wrong(field, "article_empty")
        return
    if len(body) > LONGEST_BODY:
        yield Wrong(field, "too_long")
        return
    if not _steps(body):
        yield Wrong(field, "no_steps")
    yield from (Wrong(field, "bad_link", one) for one in markdown.bad_links(body))
    yield from _braces(field, body, fillable)


def _braces(field: str, text: str, fillable: Collection[str]) -> Iterable[Wrong]:
    for said in dict.fromkeys(_PLACEHOLDER.findall(text)):
        name = PLACEHOLDERS.get(said.lower())
        if name is None:
            yield Wrong(field, "unknown_placeholder", f"{{{said}}}")
        elif name not in fillable:
            yield Wrong(field, "empty_placeholder", f"{{{said}}}")

"""Playbooks: what is done about a kind of security matter, step by step. One TOML file each in
``router/playbooks/``, with its words in both languages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from router.errors import Fault, SettingsFault


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: its name in the playbook, and its words."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """What is done about some categories; ``freeze`` asks the wallet for a freeze at once."""

    name: str
    zh: str
    en: str
    categories: tuple[str, ...]
    freeze: bool
    steps: tuple[Step, ...]


class Playbooks:
    """All playbooks."""

    def __init__(self, books: Mapping[str, Playbook]) -> None:
        self.by_name = dict(books)
        self._serving = {one: book for book in books.values() for one in book.categories}

    @classmethod
    def load(cls) -> Playbooks:
        """Those that ship; raises SettingsFault with everything wrong in them."""
        folder = resources.files("router").joinpath("playbooks")
        texts = {
            path.name.removesuffix(".toml"): path.read_text("utf-8")
            for path in folder.iterdir()
            if path.name.endswith(".toml")
        }
        return cls.read(texts)

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Playbooks:
        """Those of these texts, by name."""
        books, faults, taken = {}, [], set[str]()
        for name, text in sorted(texts.items()):
            table = tomllib.loads(text)
            wrong = list(_wrong(table, taken))
            faults += [Fault(f"playbooks/{name}.toml", one) for one in wrong]
            if not wrong:
                books[name] = _book(name, table)
            taken |= set(table.get("categories", ()))
        if faults:
            raise SettingsFault(faults)
        return cls(books)

    def serving(self, category: str) -> Playbook | None:
        """The playbook of a category, or None."""
        return self._serving.get(category)

    def step(self, playbook: str, name: str) -> Step | None:
        """One step by its names; None for one that is not in the book any more."""
        book = self.by_name.get(playbook)
        return next((one for one in book.steps if one.name == name), None) if book else None


def _book(name: str, table: Mapping[str, Any]) -> Playbook:
    steps = tuple(Step(str(one["step"]), str(one["zh"]), str(one["en"])) for one in table["task"])
    return Playbook(
        name=name,
        zh=str(table["zh"]),
        en=str(table["en"]),
        categories=tuple(table["categories"]),
        freeze=bool(table.get("freeze", False)),
        steps=steps,
    )


def _wrong(table: Mapping[str, Any], taken: set[str]) -> Iterator[str]:
    for key in ("zh", "en", "categories", "task"):
        if not table.get(key):
            yield f"{key} is missing"
    for category in table.get("categories", ()):
        if category in taken:
            yield f"{category} has a playbook already"
    names = [one.get("step") for one in table.get("task", ())]
    for one in table.get("task", ()):
        if not all(one.get(key) for key in ("step", "zh", "en")):
            yield "a task needs step, zh and en"
    if len(set(names)) < len(names):
        yield "two tasks have one step"

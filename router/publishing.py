"""How articles change: written, looked over, and in force at once; an earlier version comes back;
one that helps nobody is withdrawn. Each with its line in the audit log.

Whoever saves says which version they had read. When another one is in force by then nothing is
written, and they are told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from router.assemble import Router
from router.core.articles import Article, Written, Wrong, faults
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.shelf import in_force
from router.store import articles, timeline
from router.store.articles import LIVE, WITHDRAWN, Edition
from router.store.unit import Unit

LONGEST_NAME = 40
#: What is to be written, and the columns that say where it is from.
Made = tuple[Written, dict[str, Any]]


class Standing(NamedTuple):
    """An article as it stands: its text, the number of its version, LIVE or WITHDRAWN, and whether
    the desk wrote it (else it is the file that ships)."""

    written: Written
    number: int
    state: str
    own: bool


def standing(router: Router, unit: Unit) -> dict[str, Standing]:
    """Every article by its name, those that are withdrawn too."""
    found = {name: _shipped(one) for name, one in router.articles.shipped.by_name.items()}
    for name, one in articles.newest(unit).items():
        found[name] = Standing(one.written, one.number, one.state, own=True)
    return dict(sorted(found.items()))


def _shipped(article: Article) -> Standing:
    version = article.texts["zh"].version
    number = int(version) if version.isdecimal() else 1
    return Standing(Written.of(article), number, LIVE, own=False)


def history(router: Router, unit: Unit, name: str) -> list[Edition]:
    """Every version of an article, the present one first. Raises NotFound."""
    found = articles.history(unit, name)
    if not found and name not in router.articles.shipped.by_name:
        raise NotFound("there is no such article")
    return found


def look_over(router: Router, unit: Unit, written: Written) -> list[Wrong]:
    """Everything that is wrong with what was written, beside the other articles in force."""
    others = [
        one
        for one in in_force(router.articles.shipped, articles.newest(unit))
        if one.name != written.name
    ]
    return faults(written, router.rules.categories, router.articles.fillable, others)


# ---------------------------------------------------------------- changing


def save(router: Router, who: Who, written: Written, seen: int) -> int:
    """Put what was written in force; the number of its version. ``seen`` is the number of the
    version its writer had read, 0 for an article that is new.

    Raises Conflict ``article_changed`` when another version is in force by now, Invalid with
    everything that is wrong.
    """

    def work(_unit: Unit, _before: Standing | None) -> Made:
        return written, {}

    return _write(router, who, written.name, seen, "changed" if seen else "begun", work)


def restore(router: Router, who: Who, name: str, number: int, seen: int) -> int:
    """Put an earlier version in force again, as a version of its own; its number. Raises as
    :func:`save`, and NotFound."""

    def work(unit: Unit, before: Standing | None) -> Made:
        row = articles.find(unit, name, number)
        if row is None or before is None:
            raise NotFound("there is no such version")
        return row.written, {"origin": "restored", "from_edition": number}

    return _write(router, who, name, seen, "restored", work)


def withdraw(router: Router, who: Who, name: str, seen: int) -> int:
    """Tell an article no more; every version stays and can be restored. Raises Conflict."""

    def work(_: Unit, before: Standing | None) -> Made:
        if before is None:
            raise NotFound("there is no such article")
        return before.written, {"state": WITHDRAWN}

    return _write(router, who, name, seen, "withdrawn", work)


def bring(router: Router, unit: Unit, who: Who, written: Written, state: str) -> None:
    """Put an article of another desk in force, over what is here. Raises Invalid."""
    before = standing(router, unit).get(written.name)
    number = _put(router, unit, who, before, written, state=state, origin="brought")
    _audit(unit, who, "brought", written.name, str(number))


def _write(
    router: Router,
    who: Who,
    name: str,
    seen: int,
    done: str,
    make: Callable[[Unit, Standing | None], Made],
) -> int:
    if not may(who, "edit_articles"):
        raise NotAllowed(f"a person with the role {who.role} may not edit articles")

    def work(unit: Unit) -> int:
        articles.grow(unit)  # whoever else writes one waits for this to be committed
        before = standing(router, unit).get(name)
        if before is not None and not seen:
            raise Invalid("name", "article_exists")
        if (before.number if before else 0) != seen:
            raise Conflict("article_changed")
        written, more = make(unit, before)
        if before is not None and (written, more.get("state", LIVE)) == (
            before.written,
            before.state,
        ):
            return before.number
        number = _put(router, unit, who, before, written, **more)
        _audit(unit, who, done, name, str(number))
        return number

    number = router.store.write(work)
    router.articles.follow(router.store)
    return number


def _put(
    router: Router,
    unit: Unit,
    who: Who,
    before: Standing | None,
    written: Written,
    **more: Any,
) -> int:
    """Write the next version; the file that ships is kept as the one before it."""
    if more.get("state", LIVE) == LIVE and (wrong := look_over(router, unit, written)):
        raise Invalid(
            wrong[0].field,
            wrong[0].code,
            more=[(one.field, one.code) for one in wrong],
            where=f"{written.name} {wrong[0].field}",
            said=wrong[0].about,
        )
    if before is not None and not before.own:
        articles.add(unit, before.written, before.number, None, origin="shipped")
    number = before.number + 1 if before else 1
    articles.add(unit, written, number, who.id, **more)
    return number


def _audit(unit: Unit, who: Who, done: str, name: str, digest: str = "") -> None:
    timeline.audit(unit, f"agent:{who.id}", f"article.{done}", f"article:{name}", digest)

"""Finding messages by their words, Chinese included.

Neither database can find 转账 inside a sentence by its own means, so we cut the text ourselves:
Latin words and numbers whole, Chinese runs into overlapping pairs. Both databases index the same
pairs, each message's distinct ones once, newest first on reading. Pairs alone would also find text
that holds all of them apart, so what is found is checked against the text before it is shown.
A text is indexed as it is written; who looks for 转账 looks for 轉帳 and its other spellings too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from operator import add as add_words
from typing import Any

from router.core.spelling import simplified, spellings
from router.store.unit import Unit

_PIECES = re.compile(
    r"[a-z0-9]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_a-z0-9]+"
)
_HAN = "\u3040"
#: No part of any word, and in most Chinese texts all that would have to be folded.
_WIDE_SIGNS = "\uff0c\uff1a\uff01\uff1f\uff08\uff09\uff1b"
_LONGEST = 40
#: No text shorter than this was ever cut for the index: no setting allows it.
_NEVER_CUT = 200
#: So many words of a message are looked for at a time.
_ASKED = 50
#: So many pages of SQLite's index are merged at a time.
_PAGES = 64
#: A query of more pairs than this is looked for as it is written only.
_SPELT = 40
#: A query reads so many candidates at most before it says "no more".
_CANDIDATES = 400

#: PostgreSQL cannot tell a word that is frequent from one that is nowhere, and its plan for the one
#: is ruin for the other. So some of the newest messages are walked first: where the word is not
#: among them it is rare and looked up, with sums that keep the planner from walking; where it is,
#: more are walked. How many is written out: of a limit it does not know PostgreSQL fears the worst,
#: and plans each search anew, for longer than it takes.
_WALK = (
    "SELECT message_id FROM (SELECT message_id, tokens FROM search WHERE message_id < :before "
    "ORDER BY message_id DESC LIMIT {}) AS newest "
    "WHERE tokens @@ CAST(:match AS tsquery) ORDER BY message_id DESC LIMIT :n"
)
_GLANCE, _WALKED = _WALK.format(200), _WALK.format(4000)
_LOOKED_UP = (
    "SELECT message_id, FALSE AS walked FROM search WHERE tokens @@ CAST(:match AS tsquery) "
    "AND message_id + 0 < :before {unless} ORDER BY message_id + 0 DESC LIMIT :n"
)
_RARE = _LOOKED_UP.format(unless="")
_EITHER = (
    f"WITH near AS MATERIALIZED ({_GLANCE}) SELECT message_id, TRUE AS walked FROM near "  # noqa: S608
    f"UNION ALL ({_LOOKED_UP.format(unless='AND NOT EXISTS (SELECT 1 FROM near)')})"
)


def folded(text: str) -> str:
    """Text as the index sees it: compatibility forms and case folded."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()


def tokens(text: str) -> set[str]:
    """The distinct words and pairs of a text."""
    found: set[str] = set()
    for sign in _WIDE_SIGNS:
        text = text.replace(sign, " ")
    for piece in _PIECES.findall(folded(text)):
        if piece[0] < _HAN:
            found.add(piece[:_LONGEST])
        elif len(piece) == 1:
            found.add(piece)
        else:
            found.update(map(add_words, piece, piece[1:]))
    return found


def prepare(text: str, limit: int) -> str:
    """The index entry of a text, of which only the first ``limit`` characters count."""
    return " ".join(tokens(text[:limit]))


def create(connection: Any) -> None:
    """Make the index; called by the first migration."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE search USING fts5(tokens, content='', columnsize=0, "
            "detail=none, tokenize='ascii')"
        )
        return
    connection.exec_driver_sql(
        "CREATE TABLE search (message_id BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL)"
    )
    connection.exec_driver_sql("ALTER TABLE search ALTER COLUMN tokens SET STATISTICS 1000")
    # What waits to be filed is read whole by every search, so it stays short (in kB).
    connection.exec_driver_sql(
        "CREATE INDEX ix_search_tokens ON search USING gin (tokens) "
        "WITH (gin_pending_list_limit = 256)"
    )


def add(unit: Unit, entries: Sequence[tuple[int, str]]) -> None:
    """Index messages by id; the entries were made by :func:`prepare`."""
    if not entries:
        return
    if unit.dialect == "sqlite":
        sql = "INSERT INTO search (rowid, tokens) VALUES (?, ?)"
    else:
        sql = (
            "INSERT INTO search (message_id, tokens) "
            "VALUES (%s, array_to_tsvector(string_to_array(%s, ' ')))"
        )
    rows = [(message_id, entry) for message_id, entry in entries if entry]
    if rows:
        unit.run_rows(sql, rows)


def remove(unit: Unit, entries: Iterable[tuple[int, str]]) -> None:
    """Take messages out of the index, given the entries they were indexed with."""
    for message_id, entry in entries:
        if unit.dialect == "sqlite":
            unit.run(
                "INSERT INTO search (search, rowid, tokens) VALUES ('delete', :id, :tokens)",
                id=message_id,
                tokens=entry,
            )
        else:
            unit.run("DELETE FROM search WHERE message_id = :id", id=message_id)


def erase(unit: Unit, entries: Sequence[tuple[int, str]]) -> None:
    """Take every trace of these messages, given their whole texts, out of the index, wherever the
    texts were cut when they were indexed. The bytes leave with :func:`tidy`.

    SQLite only marks words as gone and must be told which. It asks for just those that stand there:
    what is added first, to be marked with the rest, cancels its own mark out when both are merged,
    and the older entry would be found again.
    """
    if not entries:
        return
    if unit.dialect != "sqlite":
        unit.run("DELETE FROM search WHERE message_id IN :ids", ids=[one for one, _ in entries])
        return
    filed = [(message_id, _filed(unit, message_id, text)) for message_id, text in entries]
    remove(unit, [(message_id, " ".join(found)) for message_id, found in filed if found])


def _filed(unit: Unit, message_id: int, text: str) -> list[str]:
    """Which tokens of a text the index has of this message; mostly all of them."""
    whole = sorted(tokens(text))
    parts = (whole[start : start + _ASKED] for start in range(0, len(whole), _ASKED))
    if all(_has(unit, message_id, part) for part in parts):
        return whole
    return [one for one in sorted(_every(text)) if _has(unit, message_id, [one])]


def _has(unit: Unit, message_id: int, words: Iterable[str]) -> bool:
    return bool(
        unit.value(
            "SELECT 1 FROM search WHERE search MATCH :match AND rowid = :id",
            match=" AND ".join(f'"{word}"' for word in words),
            id=message_id,
        )
    )


def _every(text: str) -> set[str]:
    """Every token a text may have been indexed with, however short it was cut."""
    found = tokens(text)
    if len(text) < _NEVER_CUT:
        return found
    words = {word[:end] for word in found if word[0] < _HAN for end in range(1, len(word))}
    return found | words | {word[0] for word in found if word[0] >= _HAN}


def tidy(unit: Unit, *, first: bool) -> bool:
    """A little of the work by which erased words leave the index file; False when none is left.
    ``first`` begins it. PostgreSQL does this when it vacuums."""
    if unit.dialect != "sqlite":
        return False
    driver = unit.connection.driver
    before = driver.total_changes
    unit.run(
        "INSERT INTO search (search, rank) VALUES ('merge', :n)", n=-_PAGES if first else _PAGES
    )
    moved: int = driver.total_changes - before
    return first or moved > 1


def _spelt(keys: set[str]) -> list[list[str]]:
    """For each word or pair its spellings, any of which will do."""
    if len(keys) > _SPELT:
        return [[key] for key in sorted(keys)]
    return [
        ["".join(one) for one in product(*map(spellings, key))] if key[0] >= _HAN else [key]
        for key in sorted(keys)
    ]


def _newest(unit: Unit, words: Sequence[Sequence[str]], before: int, limit: int) -> list[int]:
    """The newest messages that hold one spelling of each of these words, newest first."""
    if unit.dialect == "sqlite":
        match = " AND ".join("(" + " OR ".join(f'"{way}"' for way in ways) + ")" for ways in words)
        sql = (
            "SELECT rowid FROM search WHERE search MATCH :match AND rowid < :before "
            "ORDER BY rowid DESC LIMIT :n"
        )
        return [row[0] for row in unit.rows(sql, match=match, before=before, n=limit)]
    match = " & ".join("(" + " | ".join(f"'{way}'" for way in ways) + ")" for ways in words)
    rows = unit.rows(_EITHER, match=match, before=before, n=limit)
    if rows and rows[0].walked and len(rows) < limit:
        rows = unit.rows(_WALKED, match=match, before=before, n=limit)
        if len(rows) < limit:
            rows = unit.rows(_RARE, match=match, before=before, n=limit)
    return sorted((row[0] for row in rows), reverse=True)


@dataclass(frozen=True, slots=True)
class Hits:
    """(message id, ticket id) of the messages found, newest first; ``next`` is the message before
    which one may look on, None when there are no more."""

    found: list[tuple[int, int]]
    next: int | None = None


def find(
    unit: Unit,
    words: str,
    *,
    teams: Sequence[int] | None,
    limit: int = 50,
    before: int = 2**62,
) -> Hits:
    """The newest messages that hold every word. It may end before ``limit`` and say where to go on:
    only so many candidates are read at a time.

    ``teams`` limits to tickets of those teams; None means all. Each space-separated word must
    occur as written (case, width and the spelling of Chinese characters aside).
    """
    wanted, keys = _wanted(words), _spelt(tokens(words))
    found: list[tuple[int, int]] = []
    read = 0
    while keys and len(found) < limit and read < _CANDIDATES:
        ids = _newest(unit, keys, before, limit)
        read += len(ids)
        found += _checked(unit, ids, wanted, teams) if ids else []
        if len(ids) < limit:
            break
        before = ids[-1]
    else:
        if keys and len(found) <= limit:
            return Hits(found, before)
    if len(found) > limit:
        return Hits(found[:limit], found[limit - 1][0])
    return Hits(found)


def newer(unit: Unit, words: str, ticket_ids: Sequence[int], since: int) -> set[int]:
    """Of these tickets those that hold every word in a message from ``since`` on."""
    wanted = _wanted(words)
    rows = unit.rows(
        "SELECT ticket_id, subject, text, rest FROM message WHERE ticket_id IN :ids "
        "AND id >= :since",
        ids=list(ticket_ids),
        since=since,
    )
    return {
        row.ticket_id for row in rows if _holds(f"{row.subject}\n{row.text}\n{row.rest}", wanted)
    }


def _wanted(words: str) -> list[str]:
    return [simplified(folded(word)) for word in words.split()]


def _checked(
    unit: Unit, ids: list[int], wanted: list[str], teams: Sequence[int] | None
) -> list[tuple[int, int]]:
    """Those candidates that hold every word as written, in tickets one may see."""
    scope = "" if teams is None else " AND t.team_id IN :teams"
    params: dict[str, Any] = {"ids": ids} if teams is None else {"ids": ids, "teams": list(teams)}
    rows = unit.rows(
        "SELECT m.id, m.ticket_id, m.subject, m.text, m.rest FROM message m "  # noqa: S608  # ours
        f"JOIN ticket t ON t.id = m.ticket_id WHERE m.id IN :ids{scope} ORDER BY m.id DESC",
        **params,
    )
    return [
        (row.id, row.ticket_id)
        for row in rows
        if _holds(f"{row.subject}\n{row.text}\n{row.rest}", wanted)
    ]


def _holds(text: str, wanted: Iterable[str]) -> bool:
    spelt = simplified(folded(text))
    return all(word in spelt for word in wanted)

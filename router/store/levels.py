"""The levels of SQLite's full-text index.

A merge of all there is files it below a level that it leaves empty, and older programs of SQLite
never take one away. An index of more than two thousand is called damaged, and nothing can be
written to it any more: a thousand erasures were enough. So the empty ones are taken out.
"""

from __future__ import annotations

from router.store.pool import Connection

#: Where the index keeps what it is made of.
_RECORD = 10
#: Bytes at its beginning that are not ours.
_COOKIE = 4


def flatten(connection: Connection) -> None:
    """Take the empty levels out. By a connection of its own, for one that writes to the index
    remembers its levels until somebody else has written."""
    connection.execute("BEGIN IMMEDIATE")
    record = connection.execute(
        "SELECT block FROM search_data WHERE id = ?", (_RECORD,)
    ).fetchone()[0]
    flat = flattened(record)
    if flat != record:
        connection.execute("UPDATE search_data SET block = ? WHERE id = ?", (flat, _RECORD))
    connection.execute("COMMIT")


def flattened(record: bytes) -> bytes:
    """The record without its empty levels but the first; as it is while anything is being merged.

    It has numbers: levels, segments, a counter; of each level how many segments are being merged,
    how many it has, and three numbers of each.
    """
    count, segments, counter, *rest = [*_numbers(record[_COOKIE:]), 0, 0, 0]
    levels: list[list[int]] = []
    while len(rest) > 1 and len(levels) < count:
        end = 2 + 3 * rest[1]
        levels.append(rest[:end])
        rest = rest[end:]
    if rest != [0, 0, 0] or len(levels) < count or any(level[0] for level in levels):
        return record
    kept = [*levels[:1], *(level for level in levels[1:] if level[1])]
    told = [len(kept), segments, counter, *(one for level in kept for one in level)]
    return record[:_COOKIE] + b"".join(map(_written, told))


def _numbers(data: bytes) -> list[int]:
    """Numbers as SQLite writes them: seven bits a byte, the last of each without the eighth."""
    found, number = [], 0
    for byte in data:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            found.append(number)
            number = 0
    return found


def _written(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))

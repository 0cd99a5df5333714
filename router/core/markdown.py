"""The little Markdown that articles are written in, read into pieces.

Headings (``##``), numbered steps, lists (``-``), paragraphs; in a line **bold**, `code` and
[words](address). Whatever else somebody writes is text: a page escapes every piece, so nothing of
an article is ever markup, and an address that is no https, mailto or tel link is no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEADING = re.compile(r"#{1,6} +(.+)")
_STEP = re.compile(r"\d{1,3}\. +(.+)")
_ITEM = re.compile(r"[-*] +(.+)")
_KINDS = (("heading", _HEADING), ("steps", _STEP), ("items", _ITEM))
_INLINE = re.compile(
    r"\*\*([^*\n]+)\*\*|`([^`\n]+)`|\[([^\[\]\n]+)\]\(((?:[^()\s]|\([^()\s]*+\))*+)\)"
)
_ADDRESS = re.compile(
    r"https://[\w.-]+(?::\d+)?(?:[/?#][^\s<>\"'\\]*)?|mailto:[\w.+-]+@[\w.-]+|tel:\+?[\d-]+",
    re.ASCII | re.IGNORECASE,
)


class Piece(NamedTuple):
    """A part of a line: ``kind`` is text, strong, code or link (to ``address``)."""

    kind: str
    text: str
    address: str = ""


class Block(NamedTuple):
    """``kind`` is heading, steps, items or text; a heading and a text have one line."""

    kind: str
    lines: tuple[str, ...]


def blocks(body: str) -> list[Block]:
    """What a text consists of. A line right below a step or an item belongs to it."""
    found: list[tuple[str, list[str]]] = []
    apart = True
    for written in body.splitlines():
        line = written.strip()
        if not line:
            apart = True
            continue
        kind, words = _kind(line)
        last = found[-1] if found else ("", [])
        if kind == "text" and not apart and last[0] != "heading":
            last[1][-1] += f" {words}"
        elif kind in ("steps", "items") and kind == last[0]:
            last[1].append(words)
        else:
            found.append((kind, [words]))
        apart = False
    return [Block(kind, tuple(lines)) for kind, lines in found]


def _kind(line: str) -> tuple[str, str]:
    for kind, pattern in _KINDS:
        if match := pattern.fullmatch(line):
            return kind, match[1]
    return "text", line


def pieces(line: str) -> list[Piece]:
    """A line cut where its looks change."""
    return list(_pieces(line))


def _pieces(line: str) -> Iterator[Piece]:
    after = 0
    for found in _INLINE.finditer(line):
        strong, code, words, address = found.groups()
        if words is not None and not _ADDRESS.fullmatch(address):
            continue  # it stays what it is: text
        if found.start() > after:
            yield Piece("text", line[after : found.start()])
        after = found.end()
        if strong is not None:
            yield Piece("strong", strong)
        elif code is not None:
            yield Piece("code", code)
        else:
            yield Piece("link", words, address)
    if after < len(line):
        yield Piece("text", line[after:])


def plain(line: str) -> str:
    """A line where nothing can look different: links tell their address behind their words."""
    return "".join(
        f"{one.text} ({_told(one.address)})" if one.kind == "link" else one.text
        for one in pieces(line)
    )


def _told(address: str) -> str:
    return address.removeprefix("mailto:").removeprefix("tel:")


def steps(body: str) -> str:
    """The steps of a text, numbered from 1, one a line, plain."""
    lines = [line for block in blocks(body) if block.kind == "steps" for line in block.lines]
    return "\n".join(f"{number}. {plain(line)}" for number, line in enumerate(lines, start=1))


def bad_links(body: str) -> list[str]:
    """The addresses of links that are none: neither https nor mailto nor tel."""
    return [
        found[4]
        for found in _INLINE.finditer(body)
        if found[4] is not None and not _ADDRESS.fullmatch(found[4])
    ]

"""HTML that somebody sent: read as text, or made harmless before it is shown.

Three layers stand between it and an agent: the caps and the strict list here, and a frame without
scripts around what is left. nh3 is quadratic in depth, so depth is capped before it looks.
"""

from __future__ import annotations

import html as entities
import re

import nh3
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_LONGEST = 1_000_000
_DEEPEST = 200
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>")
_VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    )
)
_HIDDEN = re.compile(r"<(script|style|head|title)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>")
_ALLOWED = frozenset(
    (
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
    )
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start"},
}


def _source(tag: str, attribute: str, value: str) -> str | None:
    """Only pictures that came with the mail: a remote one would tell its sender who reads."""
    if tag == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


def too_deep(html: str) -> bool:
    """Whether elements are nested deeper than any honest mail, or it is longer than one."""
    if len(html) > _LONGEST:
        return True
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() in _VOID:
            continue
        depth += -1 if match[1] else 1
        if depth > _DEEPEST:
            return True
    return False


def safe_html(html: str) -> str:
    """The same mail with nothing in it that could act; its text alone when it is too deep."""
    if too_deep(html):
        return f"<pre>{entities.escape(tag_stripped(html)[:_LONGEST])}</pre>"
    return nh3.clean(
        html,
        tags=set(_ALLOWED),
        attributes=_ATTRIBUTES,
        attribute_filter=_source,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def tag_stripped(html: str) -> str:
    """The readable characters, roughly: for scanning, never for showing."""
    bare = _ANY_TAG.sub(" ", _HIDDEN.sub(" ", html[:_LONGEST]))
    return entities.unescape(bare) if "&" in bare else bare


def to_text(html: str) -> str:
    """The mail as plain text, laid out as its reader would have seen it."""
    if too_deep(html):
        return tag_stripped(html)
    try:
        return str(get_text(html, ParserConfig(display_links=False))).strip()
    except (ValueError, AssertionError, RecursionError, TypeError):
        return tag_stripped(html)

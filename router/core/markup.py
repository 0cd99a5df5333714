"""HTML that somebody sent: read as text, or made harmless before it is shown.

Three layers stand between it and an agent: the caps and the strict list here, and a frame without
scripts around what is left. nh3 is quadratic in depth, so depth is capped before it looks.
"""

from __future__ import annotations

import html as entities
import re
from collections import Counter
from collections.abc import Callable

import nh3

#: Characters of HTML that are read; a longer page is shown as its text.
LONGEST = 1_000_000
_DEEPEST = 200
_TAG = re.compile(r"<(/?)([a-zA-Z][^\t\n\f\r />]{0,40})")  # <p-x> is no <p>
_FLAT = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr", "p", "html", "head", "body"),
    )
)
#: A new one of these ends the one before it, so a thousand in a row are no depth.
_ROWS = {"li": "li", "dd": "dd", "dt": "dd", "td": "td", "th": "td", "tr": "td", "tbody": "td"}
_FOREIGN = re.compile(r"<(?:svg|math)", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head|title)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(r"<[^<>]*>")  # not past the next "<": linear whatever is sent
_ALLOWED = frozenset(
    (
        *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd"),
        *("del", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i"),
        *("img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong"),
        *("sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul"),
    )
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start"},
}


def _sources(
    *, remote: bool, inside: Callable[[str], str] | None
) -> Callable[[str, str, str], str | None]:
    """What stays of each attribute: of pictures only those that came with the mail, since a remote
    one would tell its sender who reads; with ``remote`` those too, never without encryption."""

    def stays(tag: str, attribute: str, value: str) -> str | None:
        if tag != "img" or attribute != "src":
            return value
        scheme, _, rest = value.partition(":")
        if scheme.lower() == "cid":
            return value if inside is None else inside(rest) or None
        return value if remote and value.lower().startswith("https://") else None

    return stays


def too_deep(html: str) -> bool:
    """Whether elements are nested deeper than in any honest mail, or it is longer than one.

    Only an element's own end tag counts as its end: a parser may reopen what another tag closed,
    and inside drawings hardly anything closes by itself. So the depth is never taken for too small.
    """
    if len(html) > LONGEST:
        return True
    if html.count("<") <= _DEEPEST:
        return False
    foreign = _FOREIGN.search(html) is not None
    opened: Counter[str] = Counter()
    depth, row = 0, ""
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if match[1]:
            depth -= opened[name] > 0
            opened[name] -= opened[name] > 0
            row = ""
        elif foreign or (name not in _FLAT and _ROWS.get(name, " ") != row):
            opened[name] += 1
            depth += 1
            row = _ROWS.get(name, "")
        if depth > _DEEPEST:
            return True
    return False


def safe_html(
    html: str, *, remote: bool = False, inside: Callable[[str], str] | None = None
) -> str:
    """The same mail with nothing in it that could act; its text alone when it is too deep.

    ``remote`` leaves pictures in that a browser would fetch from elsewhere. ``inside`` says where a
    picture is that came with the mail, by its content id; nothing for one that is not to be shown.
    """
    if too_deep(html):
        return f"<pre>{entities.escape(tag_stripped(html)[:LONGEST])}</pre>"
    return nh3.clean(
        html,
        tags=set(_ALLOWED),
        attributes=_ATTRIBUTES,
        attribute_filter=_sources(remote=remote, inside=inside),
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        url_relative="deny",
        strip_comments=True,
    )


def tag_stripped(html: str) -> str:
    """The readable characters, roughly: for scanning, never for showing."""
    bare = _ANY_TAG.sub(" ", _HIDDEN.sub(" ", html[:LONGEST]))
    return entities.unescape(bare) if "&" in bare else bare

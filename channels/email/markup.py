"""HTML to plain text, for letters that came without any; quotations get their marks. The HTML
itself stays dangerous."""

import html
import re

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement

from channels.email import citations, html_signatures

MOST = 300_000
_MOST_TAGS = 20_000
_MOST_OPEN = 200
_LONGEST_STYLE = 2_000
#: The strict profile: the other indents each div and puts a space around each span.
_BLOCKS = ("center", "dd", "details", "dl", "dt", "fieldset", "form", "hr", "legend", "section")
_CSS = CSS_PROFILES["strict"] | {tag: HtmlElement(tag, display=Display.block) for tag in _BLOCKS}
_CONFIG = ParserConfig(css=_CSS, display_links=False, display_images=False)
_UNSEEN = re.compile(
    r"<(style|script|head|title|template)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
#: What takes room in a page and says nothing: pictures written into it, style sheets, comments.
_HEAVY = re.compile(
    r"<(style|script)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|(<[a-z][a-z0-9]{0,20})\s[^<>]{2000,}>",
    re.IGNORECASE | re.DOTALL,
)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6]|/?blockquote|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_WORTH = re.compile(r"hidden|\bnone\b|(?:font-size|opacity)\s*:\s*0", re.IGNORECASE)
_STYLED = re.compile(r"<[a-zA-Z][^\s<>/]{0,20}\s[^<>]*>")
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE)
_SAID = re.compile(r"\"[^\"<>]*\"|'[^'<>]*'")
_ATTRIBUTE = re.compile(r"\shidden(?=[\s=/>])", re.IGNORECASE)
_UNSHOWN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|max-height\s*:\s*0(?:px)?\s*(?=;|\Z)[^<>]*overflow\s*:\s*hidden"
    r"|overflow\s*:\s*hidden[^<>]*max-height\s*:\s*0(?:px)?\s*(?=;|\Z)",
    re.IGNORECASE,
)
#: What stands within may have a size of its own, unless it is mere text.
_NO_SIZE = re.compile(
    r"(?:font-size|opacity)\s*:\s*0(?:\.0+)?(?:px|pt|em|%)?\s*(?=;|!|\Z)", re.IGNORECASE
)
_MERE_TEXT = re.compile(r"[^<>]*</")
#: How editors write an empty line; the parser keeps no block without text.
_INLINE, _GAP = r"(?:span|font|b|i|u|em|strong|o:p)", r"[ \t\r\n]*+"
_EMPTY = re.compile(
    rf"(<div\b[^<>]*>){_GAP}(?:<{_INLINE}\b[^<>]*>{_GAP})*+(?:(?:&nbsp;|&#160;|\xa0){_GAP})++"
    rf"(?:</{_INLINE}>{_GAP})*+(?=</div>)",
    re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")
#: The end of a page below which something stands: readers show that too, the parser does not.
_ENDS = re.compile(r"</(?:html|body)\s*>(?!\s*(?:</(?:html|body)\b|\Z))", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>", re.IGNORECASE)


def plain_text(markup: str) -> tuple[str, bool]:
    """What a reader would see, and whether some of it was cut for its size."""
    if len(markup) > MOST:
        markup = _HEAVY.sub(lambda found: f"{found[2]}>" if found[2] else "", markup)
    text = _shown(markup[:MOST].replace("\x00", ""))
    if len(markup) > MOST and not text:  # nothing but tags so far
        text = _bare(markup[: 10 * MOST])
    return text, len(markup) > MOST


def _shown(markup: str) -> str:
    if "<" not in markup:  # its lines are all the form it has
        return _tidy(html.unescape(markup))
    if markup.count("<") <= _MOST_TAGS and not _too_deep(markup):
        try:
            whole = _ENDS.sub("<div></div>", _DECLARATION.sub("", _unseen(markup)))
            cited = citations.marked(_EMPTY.sub(r"\1<br>", whole))
            signed = html_signatures.marked(cited)
            text = _tidy(citations.quoted(get_text(signed, _CONFIG)))
            return text if signed is cited else html_signatures.delimited(text)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
    return _bare(markup)


def _bare(markup: str) -> str:
    """The text without its tags, where no parser may look at them."""
    seen = _TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub(" ", markup)))
    return _tidy(html.unescape(seen))


def _unseen(markup: str) -> str:
    """The markup in which all that no reader shows says so in the one way that the parser knows."""
    return _STYLED.sub(_told, markup) if _WORTH.search(markup) else markup


def _told(tag: re.Match[str]) -> str:
    styled = _STYLE.search(tag[0])
    style = (styled[1] or styled[2] or "")[:_LONGEST_STYLE] if styled else ""
    hidden = _UNSHOWN.search(style) or (
        _NO_SIZE.search(style) and _MERE_TEXT.match(tag.string, tag.end())
    )
    if not hidden and not _ATTRIBUTE.search(_SAID.sub("", tag[0])):
        return tag[0]
    bare = _STYLE.sub("", tag[0])
    name = re.match(r"<\w+", bare)
    return f'{name[0]} style="display:none"{bare[name.end() :]}' if name else tag[0]


def _too_deep(markup: str) -> bool:
    """Blocks that are opened and never closed are counted; a letter has few of them."""
    lower = markup.lower()
    return (
        any(
            lower.count(f"<{tag}") - lower.count(f"</{tag}") > _MOST_OPEN
            for tag in ("div", "table", "blockquote", "span", "font", "b", "ul")
        )
        or lower.count("<blockquote") + lower.count("<table") > 5 * _MOST_OPEN
    )


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.replace("\xa0", " ").split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")

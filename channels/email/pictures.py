"""Pictures that a program wrote into the page itself, as some do with what was pasted: put aside as
the files they are. Where they stand nobody is shown them, and a page of megabytes is shown as
its text alone.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from channels.email.characters import base64_bytes

_PICTURE = re.compile(
    r"(<img\b[^<>]{0,2000}?\ssrc\s*=\s*)(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE
)
_WRITTEN = re.compile(
    r"\s*data:\s*(image/[a-z0-9.+-]{1,20})\s*(?:;[^,;]{0,60}){0,3};\s*base64\s*,", re.IGNORECASE
)
#: Whatever is smaller only holds a place.
_SMALLEST = 200  # bytes


def put_aside(markup: str, keep: Callable[[str, bytes, str], None]) -> str:
    """The markup with each of them named by its content id; ``keep`` is given its kind, its bytes
    and that id, once for each picture."""
    if "data:" not in markup and "DATA:" not in markup:
        return markup
    seen: set[str] = set()

    def named(found: re.Match[str]) -> str:
        value = found[2] or found[3] or found[4] or ""
        told = _WRITTEN.match(value[:200])
        if told is None:
            return found[0]
        written = value[told.end() :].encode("ascii", "replace")
        data = base64_bytes(unquote_to_bytes(written) if b"%" in written[:_SMALLEST] else written)
        if len(data) < _SMALLEST:
            return found[0]
        content_id = f"{sha256(data).hexdigest()[:32]}@page"
        if content_id not in seen:
            seen.add(content_id)
            keep(told[1].lower(), data, content_id)
        return f'{found[1]}"cid:{content_id}"'

    return _PICTURE.sub(named, markup)

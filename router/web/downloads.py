"""A file to keep: never a page of ours, and called in any script as it was."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from flask import Response, make_response

#: What a file may do where a browser opens it: nothing.
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


def download(data: bytes, name: str) -> Response:
    """The answer that a browser keeps under this name. A header holds Latin letters alone, so what
    is called otherwise is called so beside a plain name (RFC 6266)."""
    seen = "".join(one for one in name if one.isprintable())
    plain = unicodedata.normalize("NFKD", seen).encode("ascii", "ignore").decode().strip()
    names = {"filename": f"file{plain}" if plain[:1] in ("", ".") else plain}
    if not seen.isascii():
        names["filename*"] = f"UTF-8''{quote(seen)}"
    response = make_response(data)
    response.mimetype = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", **names)
    response.headers["Content-Security-Policy"] = POLICY
    return response

"""Our own files go out packed where the browser can unpack them. Pages do not: how long a packed
page is would tell a stranger on the line what stands beside a word of theirs.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request

_TEXTS = ("text/css", "text/javascript", "image/svg+xml")
_LEVEL = 9


@lru_cache(maxsize=128)
def _packed(path: Path, changed_ns: int) -> bytes:
    """The file packed, once for each time it was changed."""
    del changed_ns
    return gzip.compress(path.read_bytes(), _LEVEL, mtime=0)


def install(app: Flask) -> None:
    """Pack the files that are asked for."""

    def pack(response: Response) -> Response:
        if request.endpoint != "static" or response.mimetype not in _TEXTS:
            return response
        response.vary.add("Accept-Encoding")
        plain = not request.accept_encodings["gzip"] or "Range" in request.headers
        if plain or response.status_code != 200 or request.method != "GET":
            return response
        view = request.view_args or {}
        path = Path(str(current_app.static_folder)) / str(view["filename"])
        tag, _ = response.get_etag()
        response.close()  # the file that would have been sent
        response.direct_passthrough = False
        response.set_data(_packed(path, path.stat().st_mtime_ns))
        response.headers["Content-Encoding"] = "gzip"
        if tag:
            response.set_etag(tag, weak=True)  # other bytes, the same file
        return response

    app.after_request(pack)

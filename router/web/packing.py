"""Our own files: their addresses, which change when any of them does, and how they go out.

Packed where the browser can unpack them. Pages are not: how long a packed page is would tell a
stranger on the line what stands beside a word of theirs.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from datetime import timedelta
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory, url_for

_FILES = Path(__file__).parent / "static"
_TEXTS = ("text/css", "text/javascript", "image/svg+xml")
_LEVEL = 9
_YEAR = timedelta(days=365)
_IMPORTED = re.compile(r'^import [^;]*"\./([^"]+)";', re.MULTILINE)


@cache
def _edition() -> str:
    """What all files together are; modules name each other without it and stay within it."""
    files = sorted(_FILES.iterdir())
    named = [f"{one.name} {hashlib.sha256(one.read_bytes()).hexdigest()}" for one in files]
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a file of ours."""
    return url_for("static", edition=_edition(), filename=name)


@cache
def modules(*names: str) -> tuple[str, ...]:
    """These scripts and all they import, each once: a page that names them has them fetched at
    once, and not each when the one before it was read."""
    found = dict.fromkeys(names)
    for name in names:
        imported = _IMPORTED.findall((_FILES / name).read_text("utf-8"))
        found.update(dict.fromkeys(modules(*imported)) if imported else {})
    return tuple(found)


def _file(filename: str, edition: str = "") -> Response:
    response = send_from_directory(_FILES, filename)
    # Of an older edition this may be another file than was meant: it is not kept under that name.
    lasting = edition == _edition()
    kept = f"public, max-age={_YEAR // timedelta(seconds=1)}, immutable"
    response.headers["Cache-Control"] = kept if lasting else "no-cache"
    return response


@lru_cache(maxsize=128)
def _packed(path: Path, changed_ns: int) -> bytes:
    """The file packed, once for each time it was changed."""
    del changed_ns
    return gzip.compress(path.read_bytes(), _LEVEL, mtime=0)


def install(app: Flask) -> None:
    """Serve our files, packed where that is asked for."""
    for rule in ("/static/<path:filename>", "/static/@<edition>/<path:filename>"):
        app.add_url_rule(rule, "static", _file)

    def pack(response: Response) -> Response:
        if request.endpoint != "static" or response.mimetype not in _TEXTS:
            return response
        response.vary.add("Accept-Encoding")
        plain = not request.accept_encodings["gzip"] or "Range" in request.headers
        if plain or response.status_code != 200 or request.method != "GET":
            return response
        view = request.view_args or {}
        path = _FILES / str(view["filename"])
        tag, _ = response.get_etag()
        response.close()  # the file that would have been sent
        response.direct_passthrough = False
        response.set_data(_packed(path, path.stat().st_mtime_ns))
        response.headers["Content-Encoding"] = "gzip"
        if tag:
            response.set_etag(tag, weak=True)  # other bytes, the same file
        return response

    app.after_request(pack)

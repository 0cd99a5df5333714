"""Plain text as mail programs send it: lines flowed together (RFC 3676), files written into it."""

import binascii
import re

_MOST_FILES = 50
_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.MULTILINE)
_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_HIDDEN = re.compile(r"<(param|comment)>[^<]{0,2000}+</\1>", re.IGNORECASE)
_COMMAND = re.compile(r"</?[A-Za-z0-9-]{1,60}>")
_LINE_ENDS = re.compile(r"\n+")
#: No small letter is in a file's lines, so that they end before "end", and before another file.
_BLOCK = re.compile(rb"(?:[\x20-\x60]{1,86}\r?\n|`?\r?\n)*+")


def unflow(text: str, *, delete_space: bool) -> str:
    """Lines that end in a space go on in the next one of the same quote depth."""
    out: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        body = line.lstrip(">")
        depth = len(line) - len(body)
        body = body.removeprefix(" ")  # stuffed
        flows = body.endswith(" ") and body != "-- "
        kept = body[:-1] if flows and delete_space else body
        if depth == open_depth and body != "-- ":
            out[-1].append(kept)
        else:
            out.append([">" * depth + (" " if depth and kept else ""), kept])
        open_depth = depth if flows else -1
    return "\n".join(["".join(pieces) for pieces in out])


def enriched(text: str) -> str:
    """Enriched text (RFC 1896) without its commands: a lone line end is a space there."""
    read = _COMMAND.sub("", _HIDDEN.sub("", text.replace("<<", "\0")))
    joined = _LINE_ENDS.sub(lambda ends: "\n" * (len(ends[0]) - 1) or " ", read)
    return joined.replace("\0", "<")


def uudecoded(data: bytes) -> tuple[str, bytes] | None:
    """A part that is one uuencoded file and nothing else."""
    begin = _BEGIN.match(data.lstrip())
    if begin is None:
        return None
    data = data.lstrip()
    end = _END.search(data, begin.end())
    content = _lines(data[begin.end() : end.start() if end else len(data)])
    return (_named(begin[1]), content) if content else None


def uuencoded_files(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text around uuencoded files, and the files; text that only looks like one stays."""
    files: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    at = 0
    for begin in _BEGIN.finditer(data):
        if begin.start() < at or len(files) >= _MOST_FILES:
            continue
        block = _BLOCK.match(data, begin.end())
        end = block and _END.match(data, block.end())
        if not block or not end:
            continue
        if content := _lines(block[0]):
            files.append((_named(begin[1]), content))
            kept.append(data[at : begin.start()])
            at = end.end()
    kept.append(data[at:])
    return b"".join(kept), files


def _lines(block: bytes) -> bytes:
    out: list[bytes] = []
    for line in block.splitlines():
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:  # some writers pad wrongly; the length byte says what counts
            length = ((((line[0] - 32) & 63) * 4 + 5) // 3 + 1) if line else 0
            try:
                out.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(out)


def _named(name: bytes) -> str:
    return name.decode("utf-8", "replace").strip()

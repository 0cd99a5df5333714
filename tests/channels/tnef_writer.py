"""Writes Outlook's ``winmail.dat`` for tests: attributes, properties, a packed RTF letter."""

import struct

BEGINS = b"\x78\x9f\x3e\x22\x01\x00"


def attribute(identity, content, level=1):
    return (
        struct.pack("<BII", level, identity, len(content))
        + content
        + struct.pack("<H", sum(content) & 0xFFFF)
    )


def number(identity, value):
    return struct.pack("<HHI", 3, identity, value)


def text(identity, value):
    return _variable(0x1F, identity, f"{value}\0".encode("utf-16-le"))


def binary(identity, value):
    return _variable(0x102, identity, value)


def an_object(identity, value):
    return _variable(0x0D, identity, bytes(16) + value)


def named(kind, value):
    """A property with a name of its own; readers must step over it."""
    name = "made-up\0".encode("utf-16-le")
    content = f"{value}\0".encode("utf-16-le")
    return (
        struct.pack("<HH", kind, 0x8001)
        + bytes(16)
        + struct.pack("<II", 1, len(name))
        + name
        + bytes(-len(name) % 4)
        + struct.pack("<II", 1, len(content))
        + content
        + bytes(-len(content) % 4)
    )


def properties(*written):
    return struct.pack("<I", len(written)) + b"".join(written)


def a_file(name, data, *more):
    """A file under a short name; ``more`` are its properties."""
    written = attribute(0x69002, bytes(14), 2)
    written += attribute(0x18010, name.encode("gb18030") + b"\0", 2)
    if data:
        written += attribute(0x6800F, data, 2)
    return written + (attribute(0x69005, properties(*more), 2) if more else b"")


def packed_rtf(rtf):
    """RTF in its packed form, each byte as it stands."""
    body = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return struct.pack("<IIII", len(body) + 12, len(rtf), 0x75465A4C, 0) + body


def _variable(kind, identity, content):
    return (
        struct.pack("<HHII", kind, identity, 1, len(content)) + content + bytes(-len(content) % 4)
    )

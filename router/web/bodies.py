"""What the bodies that are being received may take together.

A body comes in before any page or limit has looked at it. A small one stays in memory and always
finds room: what platforms push, a sign-in, a reply. What of the larger ones came goes to the disk,
and all of it together has one cap.
"""

from __future__ import annotations

import threading
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser

#: Up to so many bytes a body is small: as many stay in memory.
SMALL = 64 * 1024
#: All that came of larger ones, of all connections: four of the largest, or a hundred photos.
TOGETHER = 512 * 1024 * 1024
#: Where a request's environment says that there was no room for its body.
REFUSED = "desk.refused"


class Bodies:
    """How much of larger bodies is held; may be shared by threads."""

    def __init__(self) -> None:
        self.held = 0
        self._lock = threading.Lock()

    def take(self, more: int) -> bool:
        """Hold so many bytes more; False when there is no room for them."""
        with self._lock:
            if self.held + more > TOGETHER:
                return False
            self.held += more
            return True

    def give_back(self, size: int) -> None:
        """So many bytes are held no more."""
        with self._lock:
            self.held -= size


class _Body(OverflowableBuffer):  # type: ignore[misc]  # waitress is not typed
    """What came of one body. One that finds no room is read to its end all the same, and none of it
    is kept: who is cut off in the middle of sending never reads the answer."""

    def __init__(self, bodies: Bodies, told: int) -> None:
        super().__init__(SMALL)
        self._bodies, self._taken = bodies, 0
        #: Whether there was no room. ``told``: how large its sender says it is.
        self.refused = told > SMALL and bodies.held + told > TOGETHER

    def append(self, data: bytes) -> None:
        """Keep what came, if there is room."""
        size = len(self) + len(data)
        if self.refused or (size > SMALL and not self._room(size - self._taken)):
            return
        super().append(data)

    def close(self) -> None:
        """Keep nothing of it any more."""
        super().close()
        self.buf, self.strbuf, self.overflowed = None, b"", False
        taken, self._taken = self._taken, 0
        self._bodies.give_back(taken)

    def _room(self, more: int) -> bool:
        if self._bodies.take(more):
            self._taken += more
            return True
        self.close()
        self.refused = True
        return False


class Received(HTTPRequestParser):  # type: ignore[misc]  # waitress is not typed
    """A request as it comes in; ``refused`` when there was no room for its body."""

    def __init__(self, bodies: Bodies, adj: Any) -> None:
        super().__init__(adj)
        self._bodies = bodies

    @property
    def refused(self) -> bool:
        """Whether its body was let go of."""
        return self.body_rcv is not None and self.body_rcv.getbuf().refused

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, and make room for what follows them."""
        super().parse_header(header_plus)
        if self.body_rcv is not None:
            self.body_rcv.buf = _Body(self._bodies, self.content_length)

    def received(self, data: bytes) -> int:
        """Take what came; of a body that is refused nothing is left once it has come."""
        taken: int = super().received(data)
        if self.completed and self.refused:
            self.headers["CONTENT_LENGTH"] = "0"
        return taken

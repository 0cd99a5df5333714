"""Lines to the database of a worker, kept from one test to the next.

A line of PostgreSQL's is a process that learns the tables anew: on emptied tables that takes more
than what most tests ask of it.
"""

from collections import deque
from contextlib import suppress

from router.store.pool import Pool, _answers


class Lines:
    """What the routers of earlier tests let go of, for one address."""

    def __init__(self, address):
        self.address = address
        self._kept = deque()

    def numbers(self):
        """The processes at the other end."""
        return [line.info.backend_pid for line in self._kept.copy() if not line.closed]

    def keep(self, line):
        self._kept.append(line)

    def take(self):
        """One that is still of use, or None."""
        while self._kept:
            line = self._kept.pop()
            if _answers(line):
                return line
            line.close()
        return None

    def close(self):
        while self._kept:
            self._kept.pop().close()

    def pool(self, url, prepare=None, **options):
        """A router's pool, which is lent what is kept and leaves behind what is whole."""
        lines = self if url == self.address else None
        return _Lent(lines, url, prepare, **options) if lines else Pool(url, prepare, **options)


class _Lent(Pool):
    def __init__(self, lines, url, prepare, **options):
        super().__init__(url, prepare, **options)
        self._lines = lines

    def _open(self):
        return self._lines.take() or super()._open()

    def _rolled_back(self, driver):
        with suppress(self.error):
            driver.autocommit = False  # of whoever listened for changes
        return super()._rolled_back(driver)

    def close(self):
        while self._idle:
            self._lines.keep(self._idle.pop())

"""The web application of a test's router; pages and templates are made once a worker."""

import copy
from functools import cache

from jinja2 import BytecodeCache

from router.web import bind, pages


class _Compiled(BytecodeCache):
    """Templates as another app in this process compiled them."""

    def __init__(self):
        self._kept = {}

    def load_bytecode(self, bucket):
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)  # of another text it is not taken

    def dump_bytecode(self, bucket):
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def app_of(router):
    """What :func:`router.web.create_app` makes, on pages that other tests' desks were lent too."""
    app = copy.copy(_pages())
    app.config = copy.copy(app.config)
    app.extensions = dict(app.extensions)
    bind(app, router)
    return app


@cache
def _pages():
    app = pages()
    app.jinja_env.bytecode_cache = _COMPILED
    return app

"""A far side that answers what it was told to, one reply a request, and keeps what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FarSide:
    """An HTTP server on loopback. A reply is ``{"path", "status", "headers", "body"}``; one with a
    path serves every request there, the others serve in turn. Status 0 cuts the line; a ``length``
    beyond that of the body cuts it within the body."""

    def __init__(self, replies):
        self.fixed = {one["path"]: one for one in replies if "path" in one}
        self.turns = [one for one in replies if "path" not in one]
        self.asked = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_words):
                pass

            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                outer._answer(self, body)

            do_POST = do_GET  # noqa: N815  # the library's name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def _answer(self, handler, body):
        path = handler.path.partition("?")[0]
        with self._lock:
            self.asked.append((handler.command, handler.path, dict(handler.headers), body))
            reply = self.fixed.get(path) or (self.turns.pop(0) if self.turns else {"status": 500})
        if not reply["status"]:
            handler.close_connection = True
            handler.connection.close()
            return
        said = reply.get("body", "")
        data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        handler.send_response_only(reply["status"])
        for name, value in reply.get("headers", {}).items():
            handler.send_header(name, value)
        length = reply.get("length", len(data))
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = handler.close_connection or length > len(data)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_fault):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

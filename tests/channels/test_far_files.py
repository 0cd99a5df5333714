"""A file that lies with the platform: what is busy now is asked for again, what is gone is not."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from channels.contract import Refused, Transient
from channels.far_files import lies_at
from tests.channels.test_conformance import door


@pytest.fixture
def far():
    """A platform's file server on loopback; ``answer`` is the status it gives, ``headers`` what it
    says besides."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.answer)
            for name, value in self.server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"bytes")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Files)
    server.headers = {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["messenger", "phone"])
def opened(request, far):
    host = f"http://127.0.0.1:{far.server_port}"
    options = {"base_url": host} if request.param == "messenger" else {}
    found = door(request.param, **options)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("status", "raised"), [(429, Transient), (503, Transient), (404, Refused), (302, Refused)]
)
def test_what_is_busy_is_asked_again_and_what_is_gone_is_not(far, opened, status, raised):
    far.answer = status
    with pytest.raises(raised):
        opened.fetch(f"http://127.0.0.1:{far.server_port}/a")


def test_a_file_that_is_there_is_taken(far, opened):
    far.answer = 200
    assert opened.fetch(f"http://127.0.0.1:{far.server_port}/a").data == b"bytes"


@pytest.mark.parametrize("headers", [{"Content-Length": "100"}, {"Content-Encoding": "gzip"}])
def test_a_file_that_breaks_off_is_asked_for_again(far, opened, headers):
    far.answer, far.headers = 200, headers
    with pytest.raises(Transient, match="cannot be had now"):
        opened.fetch(f"http://127.0.0.1:{far.server_port}/a")


@pytest.mark.parametrize("before", ["{here}\\@", "{here}\\.x@", "{here}\\x:y@"])
def test_an_address_that_reads_as_two_hosts_is_asked_of_neither(far, before):
    here = f"127.0.0.1:{far.server_port}"
    far.answer = 200
    messenger = door("messenger", base_url=f"http://{here}", media_hosts=["files.example"])
    with pytest.raises(Refused, match="not the platform's"):
        messenger.fetch(f"http://{before.format(here=here)}files.example/a")
    messenger.close()


@pytest.mark.parametrize(
    ("remote", "theirs"),
    [
        ("https://files.example/a", True),
        ("https://FILES.example:8443/a?b=c", True),
        ("https://cdn.files.example/\u56fe.png", True),
        ("https://files.example.evil.example/a", False),
        ("https://evilfiles.example/a", False),
        ("https://evil.example\\@files.example/a", False),
        ("https://evil.example#@files.example/a", False),
        ("https://evil.example/@files.example", False),
        ("https://evil.\texample/@files.example", False),
        ("https://files.example\t.evil.example/a", False),
        ("https://[::1]/files.example", False),
        ("https://[files.example/a", False),
        ("files.example", False),
        ("", False),
    ],
)
def test_a_file_lies_where_whoever_fetches_it_would_look(remote, theirs):
    assert lies_at(remote, ["files.example"]) is theirs

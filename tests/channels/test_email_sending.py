"""What a mail of ours looks like inside, and what is asked of the server that takes it."""

import contextlib
import email
import socket
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from channels.contract import Attachment, Handle, Refused
from channels.email.compose import compose
from channels.email.smtp import Submission
from tests.channels.test_email_smtp import DESK, outbound

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (4).to_bytes(4, "big") * 2


def _read(**changed):
    return email.message_from_bytes(compose(outbound(**changed), DESK), policy=default)


def test_text_and_html_say_the_same_and_links_are_links():
    read = _read(text="See https://help.example/a?b=1&c=2. <b>\n\nBye", signature="Wallet\nHotline")
    plain, shown = (part.get_content() for part in read.iter_parts())
    assert plain.replace("\r\n", "\n").endswith("Bye\n\n-- \nWallet\nHotline\n")
    assert '<a href="https://help.example/a?b=1&amp;c=2">' in shown
    assert "&lt;b&gt;" in shown
    assert "Wallet<br>" in shown


def test_pictures_stand_inside_and_files_beside():
    inside = Attachment("steps.png", "image/png", PNG, "abc@picture")
    read = _read(attachments=(inside, Attachment("账单.pdf", "application/pdf", b"%PDF")))
    assert read.get_content_type() == "multipart/mixed"
    letter, file = read.iter_parts()
    assert file.get_content() == b"%PDF"
    _, related = letter.iter_parts()
    shown, picture = related.iter_parts()
    assert 'src="cid:abc@picture"' in shown.get_content()
    assert (picture["Content-ID"], picture.get_content()) == ("<abc@picture>", PNG)


@pytest.mark.parametrize("content_id", ["a> onerror=x", "nothing", ""])
def test_what_is_no_proper_id_stands_beside(content_id):
    read = _read(attachments=(Attachment("a.png", "image/png", PNG, content_id),))
    assert [part.get_content_type() for part in read.iter_parts()][-1] == "image/png"
    assert read.get_content_type() == "multipart/mixed"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("me@stra\u00dfe.example", "me@xn--strae-oqa.example"),
        ("me@\u4f8b\u5b50.example", "me@xn--fsqu00a.example"),
        ("me@xn--strae-oqa.example", "me@xn--strae-oqa.example"),
    ],
)
def test_a_mail_goes_to_the_domain_that_was_written_and_to_no_other(address, written):
    assert _read(to=Handle("email", address))["To"] == written


def test_no_mail_goes_to_what_only_looks_like_a_domain():
    with pytest.raises(Refused):
        _read(to=Handle("email", "me@wal\u200dlet.example"))


class Handler:
    def __init__(self):
        self.asked = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - their name
        envelope.mail_from = address
        self.asked.append(("MAIL", address, options))
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - their name
        envelope.rcpt_tos.append(address)
        self.asked.append(("RCPT", address, options))
        return "250 OK"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - their name
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]]

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - their name
        return "250 kept"


class Lenient(SMTP):
    """Takes the words of RFC 3461, which the library's own server does not know."""

    def _getparams(self, params):
        return {} if params is None else super()._getparams([]) or {}

    async def smtp_RCPT(self, arg):  # noqa: N802 - their name
        address, *options = arg.removeprefix("TO:").split(" ")
        answer = await self._call_handler_hook("RCPT", address.strip("<>"), options)
        await self.push(answer)

    async def auth_XOAUTH2(self, server, args):  # noqa: N802 - their name
        import base64

        said = base64.b64decode(args[1]).decode()
        self.event_handler.asked.append(("AUTH", said.split("\1")[1], []))
        return AuthResult(success="good" in said, handled=False)


@pytest.fixture
def server():
    handler = Handler()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]

    class Here(Controller):
        def factory(self):
            return Lenient(handler, auth_require_tls=False)

    controller = Here(handler, hostname="127.0.0.1", port=port)
    controller.start()
    handler.port = port
    yield handler
    controller.stop()


def _submission(port, user="", *, tagged=False):
    return Submission(DESK, host="127.0.0.1", port=port, user=user, security="none", tagged=tagged)


def test_of_a_reply_failure_is_asked_to_be_told(server):
    _submission(server.port).send(outbound(), "")
    rcpt = next(one for one in server.asked if one[0] == "RCPT")
    assert rcpt[2] == ["notify=failure,delay", "orcpt=rfc822;lin@mail.example"]


ID = f"<o.{'0a' * 16}@desk.example>"


def test_a_report_of_a_reply_will_name_the_mail(server):
    _submission(server.port).send(outbound(message_id=ID), "")
    said = next(one for one in server.asked if one[0] == "MAIL")
    said = [option.lower() for option in said[2]]
    assert {"ret=hdrs", f"envid={ID.strip('<>')}"} <= set(said)


def test_where_the_server_lets_us_every_mail_comes_back_to_its_own_address(server):
    _submission(server.port, tagged=True).send(outbound(message_id=ID), "")
    assert server.asked[0][1] == f"help+b.{'0a' * 16}@desk.example"


def test_an_acknowledgement_comes_back_to_nobody_all_the_same(server):
    _submission(server.port, tagged=True).send(outbound(message_id=ID, automatic=True), "")
    assert server.asked[0][1] in ("", "<>", None)


def test_of_an_acknowledgement_nothing_is_asked(server):
    _submission(server.port).send(outbound(automatic=True), "")
    mail, rcpt = server.asked
    assert mail[1] in ("", "<>", None)
    assert rcpt[2] == ["notify=never"]


def test_a_refused_token_is_renewed_once(server):
    lent = []

    def token(refused):
        lent.append(refused)
        return "good" if refused else "stale"

    _submission(server.port, user=DESK).send(outbound(), "", token=token)
    assert lent == ["", "stale"]
    assert [one[1] for one in server.asked if one[0] == "AUTH"] == [
        "auth=Bearer stale",
        "auth=Bearer good",
    ]
    with pytest.raises(Refused):
        _submission(server.port, user=DESK).send(outbound(), "", token=lambda _: "bad")

"""Against a real SMTP server on loopback, and against one that hangs up where it hurts."""

import contextlib
import email
import socket
import threading
from datetime import UTC, datetime
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from channels.contract import Attachment, Handle, Outbound, Refused, Transient, Unknown
from channels.email import Email, EmailOptions, smtp
from channels.email.compose import compose
from channels.email.parse import parse_mail
from channels.email.smtp import Submission
from router.vault import Vault
from tests.channels.conftest import Postbox

DESK = "help@desk.example"
NOW = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)


def outbound(**changed):
    given = {
        "account": "desk",
        "to": Handle("email", "lin@mail.example", "林梅"),
        "text": "您好：\n.\n我们收到了。\n",
        "message_id": "<o.1@desk.example>",
        "created_at": NOW,
        "subject": "转账未到",
        "sender_name": "钱包客服",
        "reply_to": "help+t.abc@desk.example",
        "thread_ids": ("<b@mail.example>", "<a@mail.example>"),
    }
    return Outbound(**(given | changed))


def submission(port, **changed):
    given = {"host": "127.0.0.1", "port": port, "user": "", "security": "none"}
    return Submission(DESK, **(given | changed))


@contextlib.contextmanager
def hanging_up(*, after, saying=b""):
    """A server that closes without a word, or in the middle of one: when it has read ``after``."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            line, _ = listening.accept()
            with line, line.makefile("rb") as heard:
                line.sendall(b"220 here\r\n")
                for said in heard:
                    if said == after:
                        line.sendall(saying)
                        line.shutdown(socket.SHUT_RDWR)
                        return
                    if said[:4] in (b"ehlo", b"mail", b"rcpt", b"MAIL", b"RCPT", b"EHLO"):
                        line.sendall(b"250 fine\r\n")
                    elif said.upper() == b"DATA\r\n":
                        line.sendall(b"354 go on\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


@contextlib.contextmanager
def dripping(*, after):
    """A server whose answer to ``after`` (at first: its greeting) comes drop by drop and never
    ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip(line):
            with contextlib.suppress(OSError):
                while not over.wait(0.01):
                    line.sendall(b" ")

        def serve():
            line, _ = listening.accept()
            with line, line.makefile("rb") as heard:
                if not after:
                    drip(line)
                    return
                line.sendall(b"220 here\r\n")
                written = False
                for said in heard:
                    if said == after:
                        drip(line)
                        return
                    if not written:
                        written = said == b"DATA\r\n"
                        line.sendall(b"354 go on\r\n" if written else b"250 fine\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join(5)


def test_a_mail_arrives_as_it_was_written(postbox):
    submission(postbox.port).send(outbound(), "")
    ((sender, recipients, data),) = postbox.kept
    assert (sender, recipients) == (DESK, ["lin@mail.example"])
    read = email.message_from_bytes(data, policy=default)
    assert read["From"] == "钱包客服 <help@desk.example>"
    assert read["To"] == "林梅 <lin@mail.example>"
    assert read["Subject"] == "转账未到"
    assert read["Reply-To"] == "help+t.abc@desk.example"
    assert read["In-Reply-To"] == "<b@mail.example>"
    assert read["References"] == "<a@mail.example> <b@mail.example>"
    plain, shown = (part.get_content().replace("\r\n", "\n") for part in read.iter_parts())
    assert plain == "您好：\n.\n我们收到了。\n"
    assert "<p>您好：<br>\n.<br>\n我们收到了。</p>" in shown
    assert "Auto-Submitted" not in read


def test_an_acknowledgement_says_that_a_machine_wrote_it(postbox):
    submission(postbox.port).send(outbound(automatic=True), "")
    ((sender, _, data),) = postbox.kept
    read = email.message_from_bytes(data, policy=default)
    assert sender == "<>"
    assert read["Auto-Submitted"] == "auto-replied"
    assert read["X-Auto-Response-Suppress"] == "All"


def test_a_second_try_has_the_same_bytes():
    files = (Attachment("截图.png", "image/png", b"\x89PNG" * 99),)
    first = compose(outbound(attachments=files), DESK)
    assert first == compose(outbound(attachments=files), DESK)
    assert first.isascii()


def test_attachments_arrive_whole_with_their_names():
    file = Attachment('截图 "1".png', "image/png", bytes(range(256)) * 40)
    (got,) = parse_mail(compose(outbound(attachments=(file,)), DESK), account="a").attachments
    assert (got.name, got.data) == (file.name, file.data)


def test_our_own_mail_is_recognised_when_it_comes_back():
    assert parse_mail(compose(outbound(), DESK), account="a").automatic == "own_mail"


@pytest.mark.parametrize("field", ["subject", "sender_name"])
def test_a_line_end_in_a_field_makes_no_header(field):
    for end in ("\r\n", "\n", "\r", "\x0b", "\u2028", "\x85"):
        data = compose(outbound(**{field: f"hello{end}Bcc: all@mail.example"}), DESK)
        assert "Bcc" not in email.message_from_bytes(data)


def test_a_line_end_in_a_name_or_a_file_makes_no_header():
    to = Handle("email", "lin@mail.example", "Lin\r\nBcc: all@mail.example")
    file = Attachment("a\r\nBcc: x", "text/plain\r\nBcc: y", b"")
    data = compose(outbound(to=to, attachments=(file,)), DESK)
    assert b"\nBcc" not in data


@pytest.mark.parametrize("address", ["", "lin", "a@b\r\nRCPT TO:<c@d>", "a b@c.example", "<a@b>"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(Refused):
        submission(1).send(outbound(to=Handle("email", address)), "")


def test_nobody_is_asked_who_we_are(postbox, monkeypatch):
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("a name service was asked"))
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    submission(postbox.port).send(outbound(), "")
    monkeypatch.setattr(socket, "gethostname", lambda: "mail.desk.example")
    submission(postbox.port).send(outbound(), "")
    assert postbox.greeted == ["[127.0.0.1]", "mail.desk.example"]


@pytest.mark.parametrize("answer", ["451 greylisted", "452 full", "421 later"])
def test_a_temporary_no_is_tried_again(postbox, answer):
    postbox.at_rcpt = answer
    with pytest.raises(Transient):
        submission(postbox.port).send(outbound(), "")


@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
def test_a_permanent_no_is_about_this_mail_alone(postbox, where):
    setattr(postbox, where, "550 5.1.1 nobody")
    with pytest.raises(Refused) as refused:
        submission(postbox.port).send(outbound(), "")
    assert not refused.value.channel_fault


def test_a_sender_who_may_not_send_is_a_fault_of_the_channel(postbox):
    postbox.at_mail = "550 5.7.1 you may not send from here"
    with pytest.raises(Refused) as refused:
        submission(postbox.port).send(outbound(), "")
    assert refused.value.channel_fault


@pytest.mark.parametrize(
    ("answer", "changed"), [("552 5.3.4 too large", {}), ("550 no bounces", {"automatic": True})]
)
def test_a_mail_that_is_too_large_or_of_a_machine_is_refused_alone(postbox, answer, changed):
    postbox.at_mail = answer
    with pytest.raises(Refused) as refused:
        submission(postbox.port).send(outbound(**changed), "")
    assert not refused.value.channel_fault


def _refused(door, number):
    """Whether the channel is at fault when this recipient is refused."""
    with pytest.raises(Refused) as refused:
        door.speak(outbound(to=Handle("email", f"p{number}@mail.example")))
    return refused.value.channel_fault


def test_a_server_that_refuses_one_after_another_in_the_same_words_refuses_us(postbox):
    door = _door(postbox.port, {})
    for number in (1, 2, 2, 3, 4):
        postbox.at_rcpt = f"550 5.7.1 <p{number}@mail.example>: relaying denied"
        assert not _refused(door, number)
    postbox.at_rcpt = "550 5.7.1 <p5@mail.example>: relaying denied"
    assert [_refused(door, 5), _refused(door, 5)] == [True, True]
    postbox.at_rcpt = "550 5.1.1 nobody"
    assert not _refused(door, 6)


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.10", "5.2.1"])
def test_addresses_that_are_none_stop_no_channel_however_many_a_stranger_leaves(postbox, status):
    door = _door(postbox.port, {})
    for number in range(12):
        postbox.at_rcpt = f"550 {status} <p{number}@mail.example>: domain not found"
        assert not _refused(door, number)


def test_one_that_is_taken_between_shows_that_the_others_are_at_fault(postbox):
    door = _door(postbox.port, {})
    for number in range(12):
        postbox.at_rcpt = "250 OK" if number % 4 == 3 else "550 nobody"
        if number % 4 == 3:
            door.speak(outbound())
        else:
            assert not _refused(door, number)


def test_a_wrong_password_is_a_fault_of_the_channel(postbox):
    postbox.at_rcpt = "530 log in first"
    with pytest.raises(Refused) as refused:
        submission(postbox.port).send(outbound(), "")
    assert refused.value.channel_fault


@pytest.fixture
def guarded():
    """A server that lets in whoever says the password, and takes no mail of others."""
    box, entered = Postbox(), []

    def enter(server, session, envelope, mechanism, said):
        entered.append(said.login.decode())
        return AuthResult(success=said.password == b"made-up")

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        box.port = free.getsockname()[1]
    options = {"authenticator": enter, "auth_required": True, "auth_require_tls": False}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    box.entered = entered
    yield box
    controller.stop()


def _door(port, secrets, **changed):
    at = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"}
    options = EmailOptions(address=DESK, **at, **changed)
    lent = {f"channels.email.desk.{name}": value for name, value in secrets.items()}
    return Email("desk", options, Vault("email", "desk", lent=lent))


in_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@in_clear
@pytest.mark.parametrize(("user", "login"), [("", DESK), ("somebody", "somebody")])
def test_who_has_a_password_logs_in_as_the_address_or_as_it_is_told(guarded, user, login):
    _door(guarded.port, {"smtp_password": "made-up"}, smtp_user=user).speak(outbound())
    assert guarded.entered == [login]
    assert len(guarded.kept) == 1


@in_clear
def test_who_has_no_password_does_not_log_in(postbox, guarded):
    _door(postbox.port, {}).speak(outbound())
    assert len(postbox.kept) == 1
    with pytest.raises(Refused) as refused:
        _door(guarded.port, {}).speak(outbound())
    assert refused.value.channel_fault
    assert guarded.entered == []


def test_a_server_without_login_is_a_fault_of_the_channel(postbox):
    with pytest.raises(Refused) as refused:
        submission(postbox.port, user="desk").send(outbound(), "secret")
    assert refused.value.channel_fault


def test_a_server_without_starttls_never_sees_the_mail(postbox):
    with pytest.raises(Refused) as refused:
        submission(postbox.port, security="starttls").send(outbound(), "")
    assert refused.value.channel_fault
    assert postbox.kept == []


def test_nobody_listening_is_tried_again():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Transient):
        submission(port).send(outbound(), "")


@pytest.mark.parametrize("after", [b"DATA\r\n", b"Subject: hello\r\n"])
def test_a_line_cut_before_the_final_dot_is_tried_again(after):
    with hanging_up(after=after) as port, pytest.raises(Transient):
        submission(port).send(outbound(subject="hello", text="x" * 8_000_000), "")


def test_a_line_cut_after_the_final_dot_is_known_to_nobody():
    with hanging_up(after=b".\r\n") as port, pytest.raises(Unknown):
        submission(port).send(outbound(), "")


@pytest.mark.parametrize("saying", [b"2", b"25"])
def test_a_line_cut_within_the_answer_to_the_final_dot_is_known_to_nobody(saying):
    with hanging_up(after=b".\r\n", saying=saying) as port, pytest.raises(Unknown):
        submission(port).send(outbound(), "")


@pytest.mark.parametrize(
    ("after", "means"), [(b"", Transient), (b"DATA\r\n", Transient), (b".\r\n", Unknown)]
)
def test_an_answer_that_comes_drop_by_drop_holds_nobody(after, means, monkeypatch):
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    with dripping(after=after) as port, pytest.raises(means):
        submission(port).send(outbound(), "")

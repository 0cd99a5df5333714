"""How a customer writes at each door, and where the desk's answers reach them.

A door that is found and has no story here fails the walk.
"""

import contextlib
import email
import json
import re
import socket
from email.policy import default

import requests
from aiosmtpd.controller import Controller

from router.sandbox.server import PEOPLE
from tests.channels.conftest import Postbox
from tests.channels.imap_server import ImapServer

DESK, CUSTOMER = "help@desk.example", "lin@mail.example"


class Story:
    """One door: ``write`` is what a customer does, ``read`` all that reached them; ``carries`` says
    whether a machine and a typed answer can."""

    carries = True
    options, secrets = {}, {}  # of a door that the sandbox does not play

    def __init__(self, desk, url, sandbox):
        self.desk, self.url, self.sandbox = desk, url, sandbox

    def stop(self):
        """Let go of what was opened."""


class Platform(Story):
    """A platform of the sandbox: its ledger says what it accepted."""

    kind = ""

    @property
    def person(self):
        return PEOPLE[self.kind]

    def write(self, text):
        getattr(self.sandbox, self.kind).write(self.person, text)

    def read(self):
        said = [*self.sandbox.ledger.told(self.kind, "out")]
        return [line.text for line in said if line.person == self.person]


class WeChat(Platform):
    kind = "wechat"


class Messenger(Platform):
    kind = "messenger"


class X(Platform):
    kind = "x"

    def write(self, text):
        self.sandbox.x.write(self.person, text, push=True)


class Phone(Platform):
    """Nobody is ever called by a machine: a person calls back."""

    kind = "phone"
    carries = False

    def write(self, text):
        self.sandbox.phone.voicemail(self.person, text)

    def answer(self):
        self.sandbox.phone.called_back(self.person)

    def read(self):
        said = self.sandbox.ledger.told("phone", "out")
        return [line.what for line in said if line.person == self.person]


class Mail(Story):
    """A mailbox over IMAP and a server that takes mail over SMTP."""

    kind, account = "email", "support"

    def __init__(self, *given):
        super().__init__(*given)
        self._mailbox, self._post = ImapServer(), Postbox()
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        self._smtp = Controller(
            self._post, hostname="127.0.0.1", server_hostname="mail.example", port=port
        )
        self._smtp.start()
        options = {
            "address": DESK,
            "imap_host": "127.0.0.1",
            "imap_port": self._mailbox.port,
            "imap_user": "help",
            "imap_tls": "none",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_tls": "none",
        }
        self.options = {self.kind: {self.account: options}}
        self.secrets = {f"channels.{self.kind}.{self.account}.imap_password": "made-up"}

    def write(self, text):
        mail = email.message.EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"林晓雨 <{CUSTOMER}>", DESK, "转账"
        mail["Message-ID"] = "<made-up-1@mail.example>"
        mail["Date"] = self.desk.clock.now()
        mail.set_content(text)
        self._mailbox.mails[1] = mail.as_bytes()

    def read(self):
        mails = [email.message_from_bytes(data, policy=default) for _, _, data in self._post.kept]
        assert all(CUSTOMER in to for _, to, _ in self._post.kept)
        return [mail.get_body(("plain",)).get_content() for mail in mails]

    def stop(self):
        self._smtp.stop()
        self._mailbox.stop()


class Form(Mail):
    """The contact form; its answers go out by mail."""

    kind = "webform"

    def __init__(self, *given):
        super().__init__(*given)
        self.options = {"email": self.options["webform"]}
        self.secrets = {"channels.email.support.imap_password": "made-up"}

    def write(self, text):
        form = {
            "idempotency_key": "walk-0001",
            "locale": "zh-CN",
            "subject": "转账",
            "body": text,
            "contact": {"email": CUSTOMER},
            "consent": True,
        }
        answer = requests.post(f"{self.url}/api/v1/intake/webform", json=form, timeout=10)
        assert answer.status_code == 202, answer.text


class Chat(Story):
    """A visitor of the widget, by the requests that it makes."""

    kind = "chat"

    def write(self, text):
        begun = requests.post(f"{self.url}/chat/v1/sessions", json={}, timeout=10).json()
        self._key = {"Authorization": f"Bearer {begun['token']}"}
        self._own = text
        said = {"client_msg_id": "walk-0001", "text": text}
        path = f"{self.url}/chat/v1/messages"
        assert requests.post(path, json=said, headers=self._key, timeout=10).status_code == 200

    def read(self):
        path = f"{self.url}/chat/v1/messages?after=0"
        told = requests.get(path, headers=self._key, timeout=10).json()
        texts = re.findall(r'"text": "((?:[^"\\]|\\.)*)"', json.dumps(told, ensure_ascii=False))
        return [text for text in texts if text != self._own]


STORIES = {one.kind: one for one in (WeChat, Messenger, X, Phone, Mail, Form, Chat)}

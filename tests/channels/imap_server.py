"""A small IMAP server on loopback that does what it is told: it can knock, forget and hang up."""

import contextlib
import re
import socket
import threading

MAIL = b"From: lin@mail.example\r\nSubject: mail %d\r\n\r\nbody %d\r\n"


class ImapServer:
    """One mailbox with one client at a time. ``said`` is the ledger of its commands."""

    def __init__(self):
        self.mails = {}
        self.validity = 7
        self.capabilities = "IMAP4rev1 IDLE MOVE ID"
        self.said = []
        self.moved = []
        self.sizes = {}
        self.tells_uidnext = True
        self.cut_in_mail = False
        self.understates = 0
        self.accepts = True
        self.idling = threading.Event()
        self._line = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def put(self, *uids):
        for uid in uids:
            self.mails[uid] = MAIL % (uid, uid)

    def knock(self, answer=b"* 1 EXISTS\r\n"):
        self._line.sendall(answer)

    def hang_up(self):
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def stop(self):
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self._line is not None:
            self.hang_up()
        self._thread.join(5)

    def _serve(self):
        while True:
            try:
                self._line, _ = self._listening.accept()
            except OSError:
                return
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), self._line, self._line.makefile("rb") as heard:
                self._line.sendall(b"* OK here\r\n")
                for said in heard:
                    if not self._answer(said.decode().strip()):
                        break

    def _answer(self, said):
        tag, _, command = said.partition(" ")
        self.said.append(re.sub(r"^(LOGIN \S+) .*", r"\1 …", command) or tag)
        words = command.upper().split(" ")
        name = words[1] if words[0] == "UID" else words[0]
        handler = getattr(self, f"_{name.lower()}", None)
        if tag == "DONE":
            self.idling.clear()
            return self._done("OK")
        if handler is None:
            return self._send(f"{tag} BAD what?")
        self._tag = tag
        return handler(command)

    def _send(self, *lines):
        self._line.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return True

    def _done(self, answer):
        return self._send(f"{self._tag} {answer} done")

    def _capability(self, _):
        self._send(f"* CAPABILITY {self.capabilities}")
        return self._done("OK")

    def _login(self, _):
        return self._done("OK" if self.accepts else "NO [AUTHENTICATIONFAILED]")

    def _id(self, _):
        self._send("* ID NIL")
        return self._done("OK")

    def _select(self, _):
        self._send(f"* {len(self.mails)} EXISTS", f"* OK [UIDVALIDITY {self.validity}] valid")
        if self.tells_uidnext:
            self._send(f"* OK [UIDNEXT {max(self.mails, default=0) + 1}] next")
        return self._done("OK")

    _examine = _select

    def _status(self, _):
        upcoming = max(self.mails, default=0) + 1
        self._send(f"* STATUS INBOX (UIDVALIDITY {self.validity} UIDNEXT {upcoming})")
        return self._done("OK")

    def _search(self, command):
        first = int(re.search(r"(\d+):\*", command)[1])
        found = [uid for uid in self.mails if uid >= first] or [max(self.mails)]
        self._send(f"* SEARCH {' '.join(map(str, found))}")
        return self._done("OK")

    def _fetch(self, command):
        _, _, wanted, *_ = command.split(" ")
        for uid in [int(uid) for uid in wanted.split(",") if int(uid) in self.mails]:
            data = self.mails[uid]
            if "RFC822.SIZE" in command:
                self._send(
                    f"* {uid} FETCH (UID {uid} RFC822.SIZE {self.sizes.get(uid, len(data))})"
                )
                continue
            part = "BODY[]"
            if "HEADER" in command:
                part, data = "BODY[HEADER]", data[: data.index(b"\r\n\r\n") + 4]
            when = 'INTERNALDATE "03-Feb-2026 09:15:00 +0800"'
            told = len(data) - self.understates
            self._line.sendall(f"* {uid} FETCH (UID {uid} {when} {part} {{{told}}}\r\n".encode())
            if self.cut_in_mail:
                self._line.sendall(data[:10])
                return False
            self._line.sendall(data + b")\r\n")
        return self._done("OK")

    def _list(self, _):
        return self._done("OK")

    def _create(self, _):
        return self._done("OK")

    def _move(self, command):
        self.moved.append(command)
        return self._done("OK")

    def _idle(self, _):
        self._send("+ idling")
        self.idling.set()
        return True

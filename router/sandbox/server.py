"""The sandbox as one server: the platforms under their names, the ledger, the switches, and a page
on which anybody plays a customer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from waitress import create_server, wasyncore
from waitress.server import BaseWSGIServer
from werkzeug.wrappers import Response as AnyResponse

from router.sandbox.ledger import FAULTS, Ledger
from router.sandbox.messenger import Messenger
from router.sandbox.phone import Phone
from router.sandbox.wallet import Wallet
from router.sandbox.wechat import WeChat
from router.sandbox.words import ACTS, WORDS, WORDY
from router.sandbox.x import X

#: The account that every sandbox channel has at the desk.
ACCOUNT = "sandbox"
#: Who plays the customer on each channel, until the page says otherwise.
PEOPLE = {
    "wechat": "oSandboxOpenid_000000000042",
    "messenger": "2000000000000042",
    "x": "4200000000000000042",
    "phone": "+8613800000000",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Sandbox:
    """All platforms at one address. Bound when it is made, served after :meth:`start`."""

    def __init__(self, desk: str = "", port: int = 0, ledger: Ledger | None = None) -> None:
        """``desk`` is where the router listens; it may be told later with :meth:`call`."""
        self.ledger = ledger or Ledger()
        self.desk = desk
        self.wechat = WeChat(self.ledger, "")
        self.messenger = Messenger(self.ledger, "")
        self.x = X(self.ledger, "")
        self.phone = Phone(self.ledger, "")
        self.wallet = Wallet(self.ledger, "")
        self.app = self._made()
        self._server: BaseWSGIServer = create_server(
            self.app, host="127.0.0.1", port=port, threads=8, ident="sandbox"
        )
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self.phone.base = f"{self.url}/phone"
        self._thread = threading.Thread(target=self._server.run, name="sandbox", daemon=True)
        self.call(desk)

    def call(self, desk: str) -> None:
        """Say where the desk is."""
        self.desk = desk.rstrip("/")
        for one in (self.wechat, self.messenger, self.x, self.phone):
            one.caller.url = f"{self.desk}/hooks/{one.name}/{ACCOUNT}"
        self.wallet.caller.url = f"{self.desk}/hooks/wallet"

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def run(self) -> None:
        """Serve, here, until interrupted."""
        self._server.run()

    def stop(self) -> None:
        """Serve no more. The loop closes its own sockets: closed under it, they would break it."""
        self._server.task_dispatcher.shutdown()
        if self._thread.is_alive():
            inner = self._server
            inner.trigger.pull_trigger(lambda: wasyncore.close_all(inner._map))  # noqa: SLF001
            self._thread.join(timeout=5)
        else:
            self._server.close()

    # ------------------------------------------------------------ what the desk must know

    def channels(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The desk's settings for these platforms."""
        base = self.url
        page, handle, account = self.messenger.page, self.x.handle, self.wechat.account
        return {
            "wechat": {
                ACCOUNT: {
                    "appid": account.appid,
                    "base_url": f"{base}/wechat",
                    "media_hosts": ["127.0.0.1"],
                }
            },
            "messenger": {
                ACCOUNT: {
                    "page_id": page.page_id,
                    "app_id": page.app_id,
                    "base_url": f"{base}/messenger",
                    "human_agent": True,
                    "media_hosts": ["127.0.0.1"],
                }
            },
            "chat": {ACCOUNT: {"demo_page": True}},
            "x": {
                ACCOUNT: {
                    "user_id": handle.user_id,
                    "client_id": handle.client_id,
                    "base_url": f"{base}/x",
                }
            },
            "phone": {
                ACCOUNT: {
                    "account_sid": self.phone.provider.account_sid,
                    "base_url": f"{base}/phone",
                    "media_hosts": ["127.0.0.1"],
                    "public_url": self.desk,
                }
            },
        }

    def systems(self) -> dict[str, str]:
        """Where the desk calls the wallet's backend and the SMS provider."""
        return {"wallet": f"{self.url}/wallet", "sms": f"{self.url}/sms"}

    def secrets(self) -> dict[str, str]:
        """The made-up secrets of these platforms, by their dotted names."""
        page, handle, account = self.messenger.page, self.x.handle, self.wechat.account
        told = {
            "wechat": {
                "app_secret": account.app_secret,
                "push_token": account.push_token,
                "encoding_aes_key": account.aes_key,
            },
            "messenger": {
                "app_secret": page.app_secret,
                "page_token": page.page_token,
                "verify_token": page.verify_token,
            },
            "x": {
                "refresh_token": handle.refresh_token,
                "consumer_secret": handle.consumer_secret,
            },
            "phone": {
                "auth_token": self.phone.provider.auth_token,
                "signing_secret": self.phone.provider.secret,
            },
        }
        backend = self.wallet.backend
        return {
            f"channels.{kind}.{ACCOUNT}.{name}": value
            for kind, secrets in told.items()
            for name, value in secrets.items()
        } | {"wallet.secret": backend.secret, "gate.sms_secret": backend.sms_secret}

    # ------------------------------------------------------------ the page

    def _made(self) -> Flask:
        app = Flask(__name__)
        for one in (self.wechat, self.messenger, self.x, self.phone, self.wallet):
            app.register_blueprint(one.blueprint)
        app.before_request(_only_here)
        app.after_request(_headers)
        app.add_url_rule("/", view_func=self._customer)
        app.add_url_rule("/say", view_func=self._say, methods=["POST"])
        app.add_url_rule("/ledger", view_func=self._ledger)
        app.add_url_rule("/faults", view_func=self._faults, methods=["GET", "POST", "DELETE"])
        return app

    def _customer(self) -> str:
        language = _language()
        platform = request.args.get("on", "wechat")
        platform = platform if platform in PEOPLE else "wechat"
        lines = [
            one
            for one in self.ledger.told(platform)
            if one.way in ("in", "out") and one.person == PEOPLE[platform]
        ]
        return render_template(
            "customer.html",
            words=WORDS[language],
            language=language,
            platforms=list(PEOPLE),
            on=platform,
            person=PEOPLE[platform],
            lines=lines[-100:],
            acts=ACTS,
            faults=FAULTS,
            switched=[one for one in self.ledger.faults() if one["platform"] == platform],
            desk=self.desk,
        )

    def _say(self) -> AnyResponse:
        platform, act = request.form.get("on", ""), request.form.get("act", "text")
        person, text = PEOPLE.get(platform, ""), request.form.get("text", "").strip()
        acts: dict[tuple[str, str], Callable[[], object]] = {
            ("wechat", "text"): lambda: self.wechat.write(person, text),
            ("wechat", "picture"): lambda: self.wechat.picture(person),
            ("wechat", "leave"): lambda: self.wechat.event(person, "unsubscribe"),
            ("wechat", "follow"): lambda: self.wechat.event(person, "subscribe"),
            ("messenger", "text"): lambda: self.messenger.write(person, text),
            ("messenger", "other_hands"): lambda: self.messenger.other_hands(person, text),
            ("x", "text"): lambda: self.x.write(person, text, name="李雷", push=True),
            ("x", "mention"): lambda: self.x.mention(person, text, name="李雷"),
            ("x", "encrypted"): lambda: self.x.encrypted(person),
            ("phone", "voicemail"): lambda: self.phone.voicemail(person, text),
            ("phone", "missed"): lambda: self.phone.missed(person),
            ("phone", "urgent"): lambda: self.phone.missed(person, choice="3-security"),
            ("phone", "noted"): lambda: self.phone.noted(person, text),
            ("phone", "picked_up"): lambda: self.phone.called_back(person),
        }
        chosen = acts.get((platform, act))
        if chosen is None or (not text and act in WORDY):
            abort(400)
        chosen()
        return redirect(f"/?on={platform}&lang={_language()}", 303)

    def _ledger(self) -> Response:
        since = request.args.get("since", "0")
        number = int(since) if since.isdecimal() else 0
        return jsonify(self.ledger.as_json(request.args.get("platform", ""), number))

    def _faults(self) -> AnyResponse:
        if request.method == "GET":
            return jsonify(known=FAULTS, on=self.ledger.faults())
        given = request.get_json(silent=True) or request.form
        platform, name = str(given.get("platform", "")), str(given.get("name", ""))
        if name not in FAULTS or platform not in (*PEOPLE, "wallet"):
            abort(400)
        if request.method == "DELETE" or given.get("off"):
            self.ledger.off(platform, name)
        else:
            times, value = int(given.get("times") or 1), float(given.get("value") or 0)
            self.ledger.switch(platform, name, times=times, value=value)
        if request.is_json:
            return jsonify(on=self.ledger.faults())
        return redirect(f"/?on={platform}&lang={_language()}", 303)


def tell(sandbox: Sandbox, say: Callable[[str], object]) -> None:
    """Say how a desk joins in, and serve until interrupted."""
    say(f"play a customer: {sandbox.url}")
    say("the desk's config.toml:")
    for kind, accounts in sandbox.channels().items():
        for account, options in accounts.items():
            say(f"[channels.{kind}.{account}]")
            for name, value in options.items():
                say(f"{name} = {json.dumps(value)}")
    say(f'[wallet]\nurl = "{sandbox.systems()["wallet"]}"')
    say(f'[gate]\nsms_url = "{sandbox.systems()["sms"]}"')
    say("and its environment (all made up):")
    for name, value in sandbox.secrets().items():
        say(f"ROUTER__{name.upper().replace('.', '__')}={value}")
    sandbox.run()


def _language() -> str:
    given = request.values.get("lang", "")
    if given in WORDS:
        return given
    return request.accept_languages.best_match(list(WORDS), "en") or "en"


def _only_here() -> None:
    """Pages of other sites must not play with it under a name of theirs."""
    host = request.host.rpartition(":")[0] or request.host
    if host not in _LOCAL or request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
        abort(403)


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

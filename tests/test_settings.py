"""Settings: all faults at once, each with its place and what to write instead."""

import re
from pathlib import Path

import pytest

from router.assemble import Doors
from router.configuration import effective, known_keys, load, secret
from router.errors import SettingsFault
from router.settings import Settings
from router.terminal import reference
from router.wallet import Wallet


@pytest.mark.parametrize(
    ("written", "told"),
    [(None, "cannot be read"), (b"\xff\xfe[web]", "not UTF-8"), ("folder", "cannot be read")],
)
def test_a_settings_file_that_was_named_must_be_one(tmp_path, written, told):
    path = tmp_path / "desk.toml"
    if written == "folder":
        path.mkdir()
    elif written is not None:
        path.write_bytes(written)
    with pytest.raises(SettingsFault, match=told):
        load(path, {})
    with pytest.raises(SettingsFault, match=told):
        load(None, {"ROUTER_CONFIG": str(path)})


OPERATING = Path(__file__).parent.parent / "docs" / "operating.md"


def _write(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


MAILBOX = 'address = "help@desk.example"\nimap_host = "imap.desk.example"\n'


def _faults(tmp_path, text, environ=None):
    with pytest.raises(SettingsFault) as caught:
        load(_write(tmp_path, text), environ or {})
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://desk:made-up-pw@db.example/desk", "mysql"),
        ("desk:made-up-pw@db.example", "postgresql://"),
        ("postgresql://desk:made-up@pw@db.example/desk", "%40"),
        ("postgresql://desk:made-up-pw@db.example:none/desk", "port"),
        ("sqlite://router.sqlite3", "sqlite:///"),
    ],
)
def test_an_address_of_no_database_is_refused_without_its_password(tmp_path, url, told):
    (fault,) = _faults(tmp_path, f'[database]\nurl = "{url}"\n')
    assert told in fault
    assert "made-up" not in fault


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:////srv/desk.sqlite3",
        "postgresql:///desk?host=/run/pg",
        "postgresql+psycopg://a/b",
    ],
)
def test_an_address_of_a_database_is_taken(tmp_path, url):
    assert load(_write(tmp_path, f'[database]\nurl = "{url}"\n'), {}).database.url == url


def test_no_address_is_shown_with_its_password(tmp_path):
    text = (
        '[web]\npublic_url = "https://desk:made-up-pw@help.example"\n'
        '[channels.wechat.support]\nappid = "wx00000000000000aa"\n'
        'base_url = "https://desk:made-up-pw@api.example/?password=made-up"'
    )
    shown = dict(effective(load(_write(tmp_path, text), {})))
    assert shown["web.public_url"] == "https://desk:••••@help.example"
    shown = shown["channels.wechat.support.base_url"]
    assert shown == "https://desk:••••@api.example/?password=••••"
    faults = _faults(tmp_path, f'{text}\n[channels.x]\nsupport = "ftp://a:made-up-pw@b"\n')
    assert "made-up" not in "".join(faults)


def test_no_file_means_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert (settings.web.port, settings.desk.zone) == (8080, "Asia/Shanghai")


def test_the_environment_outranks_the_file(tmp_path, monkeypatch):
    path = _write(tmp_path, "[web]\nport = 9000\n")
    monkeypatch.setenv("ROUTER__WEB__PORT", "9001")
    assert load(path).web.port == 9001


def test_the_environment_that_is_given_counts_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("ROUTER__WEB__PORT", "9001")
    assert load(_write(tmp_path, ""), {"ROUTER__WEB__PORT": "9002"}).web.port == 9002


def test_the_environment_sets_lists_and_tables_as_json(tmp_path):
    settings = load(
        _write(tmp_path, ""),
        {
            "ROUTER__DESK__GUARDED_NAMES": '["Wallet", "钱包"]',
            "ROUTER__DESK__HOTLINE": "400100200",
            "ROUTER__HOURS__COUNTRY": "CN",
            "ROUTER__HOURS__WEEKLY": '{"mon": [["09:00", "18:00"]]}',
        },
    )
    assert settings.desk.guarded_names == ["Wallet", "钱包"]
    assert settings.desk.hotline == "400100200"
    assert (settings.hours.country, list(settings.hours.weekly)) == ("CN", ["mon"])


def test_a_list_that_is_no_json_is_a_fault_of_its_variable(tmp_path):
    assert _faults(tmp_path, "", {"ROUTER__DESK__GUARDED_NAMES": "Wallet"}) == [
        (
            "environment ROUTER__DESK__GUARDED_NAMES: desk.guarded_names: "
            "Input should be a valid list (it is 'Wallet')"
        )
    ]


def test_the_environment_adds_to_a_table_of_the_file(tmp_path):
    path = _write(tmp_path, '[channels.phone.line]\nteam = "support"\n')
    settings = load(path, {"ROUTER__CHANNELS__PHONE__LINE__LANGUAGE": "en"})
    assert settings.channels["phone"]["line"] == {"team": "support", "language": "en"}


def test_faults_of_every_kind_are_told_together_with_their_lines(tmp_path):
    faults = _faults(
        tmp_path,
        """[web]
prot = 1
[hours]
weekly = { mon = [["25:00", "22:00"]], tuesday = [["08:00", "12:00"]] }
closed = ["2026-13-01"]
[sla]
first_response = { P1 = 0, P9 = 3 }
[channels.email.support]
adress = "x"
[channels.pigeon.roof]
enabled = true
""",
    )
    told = "\n".join(faults)
    for line, words in (
        (2, "web.prot is not a setting; did you mean web.port?"),
        (4, "hours.weekly.mon: 25:00"),
        (4, "hours.weekly.tuesday: tuesday"),
        (5, "hours.closed: 2026-13-01"),
        (7, "sla.first_response.P1: 0"),
        (7, "sla.first_response.P2: is missing"),
        (7, "sla.first_response.P9: P9"),
        (9, "channels.email.support.adress: is not an option; did you mean address?"),
        (10, "pigeon is not a channel; there are chat, email"),
    ):
        assert f"config.toml:{line}: {words}" in told


def test_a_desk_that_is_never_open_is_a_fault(tmp_path):
    (fault,) = _faults(tmp_path, "[hours]\nweekly = {}\n")
    assert "hours" in fault
    assert "08:00" in fault


def test_a_secret_whose_file_is_gone_says_which(tmp_path):
    key = "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD_FILE"
    with pytest.raises(SettingsFault, match=key):
        secret("channels.email.support.imap_password", {key: str(tmp_path / "gone")})


def test_an_unknown_key_names_its_line_and_the_nearest_known_one(tmp_path):
    (fault,) = _faults(tmp_path, "[web]\nhost = '0.0.0.0'\nprot = 9000\n")
    assert "config.toml:3" in fault
    assert "web.port" in fault


def test_every_fault_is_told_at_once(tmp_path):
    text = "[web]\nport = 'many'\nprot = 1\n[desk]\nzone = 'Mars'\n"
    faults = _faults(tmp_path, text)
    assert len(faults) == 3
    assert any("Asia/Shanghai" in fault for fault in faults)


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path):
    text = "[channels.email.support]\nimap_password = 'made-up-secret'\n"
    faults = _faults(tmp_path, text)
    assert any("ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD" in fault for fault in faults)
    assert not any("made-up-secret" in fault for fault in faults)


def test_a_variable_that_is_no_setting_is_a_fault(tmp_path):
    (fault,) = _faults(tmp_path, "", {"ROUTER__WEB__PROT": "1"})
    assert "web.port" in fault


def test_a_file_that_is_not_toml_says_so(tmp_path):
    (fault,) = _faults(tmp_path, "[web\n")
    assert "is not TOML" in fault


def test_a_secret_comes_from_the_environment_or_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("made-up\n", encoding="utf-8")
    name = "channels.email.support.imap_password"
    key = "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD"
    assert secret(name, {}) is None
    assert secret(name, {key: "one"}).get_secret_value() == "one"
    assert secret(name, {f"{key}_FILE": str(path)}).get_secret_value() == "made-up"


def test_the_mailbox_that_operating_md_shows_can_be_used_as_it_stands(tmp_path):
    book = OPERATING.read_text(encoding="utf-8")
    table = re.search(r"```toml\n(\[channels\.email\.support\].*?)```", book, re.DOTALL)[1]
    exported = dict(re.findall(r"export (ROUTER__\w+_FILE)=(\S+)", book))
    assert len(exported) == 2
    for name, path in exported.items():
        (tmp_path / Path(path).name).write_text("made-up\n", encoding="utf-8")
        exported[name] = str(tmp_path / Path(path).name)
    settings = load(_write(tmp_path, table), exported)
    shown = dict(effective(settings))
    assert shown["channels.email.support.imap_password"] == "••••"
    assert shown["channels.email.support.smtp_password"] == "••••"


#: Without which an account of that platform is a fault.
IDS = {
    "WeChat": 'appid = "wx00000000000000aa"',
    "Messenger": 'page_id = "1"\napp_id = "2"',
    "X": 'user_id = "1"\nclient_id = "2"',
}


def test_every_secret_of_operating_md_may_stand_in_the_environment_or_in_a_file(tmp_path):
    book = OPERATING.read_text(encoding="utf-8")
    rows = re.findall(r"\n\| (WeChat|Messenger|X|Phone) \|(.*?)\|", book)
    assert len(rows) == 4
    held = tmp_path / "held"
    held.write_text("made-up", encoding="utf-8")
    for kind, told in rows:
        path = _write(tmp_path, f"[channels.{kind.lower()}.support]\n{IDS.get(kind, '')}\n")
        for name in re.findall(r"`([A-Z_]+)`", told):
            key = f"ROUTER__CHANNELS__{kind.upper()}__SUPPORT__{name}"
            for environ in ({key: "made-up"}, {f"{key}_FILE": str(held)}):
                load(path, environ)


@pytest.mark.parametrize(
    "name", ["WALLET__SECRET", "GATE__SMS_SECRET", "NOTICES__GROUP__SECRET", "DATABASE__URL"]
)
def test_a_secret_of_the_desk_may_stand_in_a_file(tmp_path, name):
    held = tmp_path / "held"
    held.write_text("sqlite:///made-up\n", encoding="utf-8")
    settings = load(_write(tmp_path, ""), {f"ROUTER__{name}_FILE": str(held)})
    section, _, key = name.lower().partition("__")
    found = getattr(settings, section)
    for part in key.split("__"):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert getattr(found, "get_secret_value", lambda: found)() == "sqlite:///made-up"


@pytest.mark.parametrize(
    ("written", "told"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\xff\xfe", "not text in UTF-8")],
)
def test_a_file_of_a_secret_that_holds_none_is_a_fault_of_the_settings(tmp_path, written, told):
    held = tmp_path / "held"
    if written is not None:
        held.write_bytes(written)
    key = "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD_FILE"
    (fault,) = _faults(tmp_path, f"[channels.email.support]\n{MAILBOX}", {key: str(held)})
    assert fault.startswith(f"environment {key}: {held} ")
    assert told in fault


@pytest.mark.parametrize("account", ["support-cn", "support_cn", "Support-CN"])
def test_a_variable_belongs_to_the_account_of_the_file_however_that_is_written(tmp_path, account):
    mailbox = "ROUTER__CHANNELS__EMAIL__SUPPORT_CN__"
    path = _write(tmp_path, f"[channels.email.{account}]\n{MAILBOX}[notices.{account}]\n")
    given = {
        f"{mailbox}IMAP_PASSWORD": "made-up",
        f"{mailbox}LANGUAGE": "zh",
        "ROUTER__NOTICES__SUPPORT_CN__SECRET": "made-up",
    }
    settings = load(path, given)
    assert list(settings.channels["email"]) == [account]
    assert settings.channels["email"][account]["imap_password"] == "made-up"
    assert settings.channels["email"][account]["language"] == "zh"
    assert list(settings.notices) == [account]
    assert secret(f"channels.email.{account}.imap_password", given).get_secret_value() == "made-up"


@pytest.mark.parametrize("ending", ["", "_FILE"])
def test_a_secret_alone_opens_no_account(tmp_path, ending):
    held = tmp_path / "held"
    held.write_text("made-up", encoding="utf-8")
    name = f"ROUTER__CHANNELS__EMAIL__SUPORT__IMAP_PASSWORD{ending}"
    faults = _faults(tmp_path, f"[channels.email.support]\n{MAILBOX}", {name: str(held)})
    said = "there is no channels.email.suport; did you mean support?"
    assert faults == [f"environment {name}: {said}"]
    (fault,) = _faults(tmp_path, "", {name: str(held)})
    assert "there is no channels.email.suport; write [channels.email.suport] into" in fault


def test_an_account_may_stand_in_the_environment_alone(tmp_path):
    mailbox = "ROUTER__CHANNELS__EMAIL__SUPPORT__"
    given = {
        f"{mailbox}IMAP_PASSWORD": "made-up",
        f"{mailbox}ADDRESS": "help@desk.example",
        f"{mailbox}IMAP_HOST": "imap.desk.example",
    }
    settings = load(_write(tmp_path, ""), given)
    assert settings.channels["email"]["support"]["imap_host"] == "imap.desk.example"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "channels.email.support.imap_host: is not set; write the IMAP server's name"),
        ('address = ""', "channels.email.support.address: is not set"),
        ('address = "help.desk.example"', "help.desk.example is no address; write"),
        ('address = "Help <help@desk.example>"', "is no address; write"),
        ("imap_port = 0", "greater than or equal to 1"),
        ("smtp_port = 65536", "less than or equal to 65535"),
    ],
)
def test_a_mailbox_that_cannot_work_is_a_fault(tmp_path, line, told):
    mailbox = {"address": '"help@desk.example"', "imap_host": '"imap.desk.example"'}
    option, _, value = line.partition(" = ")
    mailbox |= {option: value} if option else {"imap_host": '""'}
    text = "".join(f"{name} = {said}\n" for name, said in mailbox.items())
    (fault,) = _faults(tmp_path, f"[channels.email.support]\n{text}")
    assert told in fault
    assert "config.toml:" in fault
    off = f"[channels.email.support]\nenabled = false\n{text}"
    assert load(_write(tmp_path, off), {}).channels["email"]["support"]["enabled"] is False


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("wechat", ["appid: is not set; write the account's AppID"]),
        ("messenger", ["page_id: is not set; write", "app_id: is not set; write"]),
        ("x", ["user_id: is no account's id; write its digits", "client_id: is not set; write"]),
    ],
)
def test_an_account_of_a_platform_that_does_not_say_which_is_a_fault(tmp_path, kind, told):
    faults = _faults(tmp_path, f"[channels.{kind}.support]\n")
    assert len(faults) == len(told)
    assert all(words in fault for words, fault in zip(told, faults, strict=True))


def test_an_id_that_is_all_digits_needs_no_quotes(tmp_path):
    page = "ROUTER__CHANNELS__MESSENGER__SUPPORT__"
    given = {f"{page}PAGE_ID": "1000000000000001", f"{page}APP_ID": "3000000000000001"}
    text = "[channels.x.support]\nuser_id = 7000000000000000001\nclient_id = 'made-up'\n"
    doors = Doors(load(_write(tmp_path, text), given))
    assert doors.options("messenger", "support").page_id == "1000000000000001"
    assert doors.options("x", "support").user_id == "7000000000000000001"


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        ("chat", 'identity_public_key = "abc"', "is no public key for EdDSA or RS256; write"),
        ("phone", 'choices = { "3" = "secuirty" }', "{'3': 'secuirty'} are about nothing; write"),
        ("phone", 'folder_zone = "Peking"', "Peking is no zone; write one like"),
        ("phone", 'region = "China"', "China is no country; write two capitals"),
    ],
)
def test_what_a_channel_would_only_pass_over_is_a_fault(tmp_path, kind, line, told):
    (fault,) = _faults(tmp_path, f"[channels.{kind}.support]\n{line}\n")
    assert told in fault


def test_only_secrets_are_read_from_files(tmp_path):
    (fault,) = _faults(tmp_path, "", {"ROUTER__WEB__HOST_FILE": "/made/up"})
    assert "ROUTER__WEB__HOST_FILE: is not a setting" in fault


def test_the_effective_settings_name_every_known_key(tmp_path):
    shown = {key for key, _ in effective(load(_write(tmp_path, ""), {}))}
    leaves = {key for key, _ in known_keys()}
    assert {key for key in leaves if not any(one.startswith(key) for one in shown)} <= {
        "calendars",
        "channels",
        "gate.sms_secret",
        "hours.changes",
        "hours.countries",
        "hours.open",
        "hours.zones",
        "notices",
        "retention.groups",
        "wallet.secret",
    }


def test_a_channel_that_is_off_is_not_opened(tmp_path):
    settings = load(_write(tmp_path, "[channels.webform.site]\nenabled = false\n"), {})
    assert list(Doors(settings)) == []


@pytest.mark.parametrize(
    ("section", "key", "secret_key"),
    [("wallet", "url", "WALLET__SECRET"), ("gate", "sms_url", "GATE__SMS_SECRET")],
)
def test_the_wallets_systems_are_called_by_https_and_signed_or_not_at_all(
    tmp_path, monkeypatch, section, key, secret_key
):
    (fault,) = _faults(tmp_path, f'[{section}]\n{key} = "http://wallet.example/calls"\n')
    assert f"{section}.{key}" in fault
    assert "https://" in fault
    given = f'[{section}]\n{key} = "https://wallet.example/calls"\n'
    wallet = Wallet(load(_write(tmp_path, given), {}))
    with pytest.raises(SettingsFault, match=f"ROUTER__{secret_key}"):
        wallet.check_fit()
    monkeypatch.setenv(f"ROUTER__{secret_key}", "no secret of that kind")
    with pytest.raises(SettingsFault, match="whsec_"):
        wallet.check_fit()
    monkeypatch.setenv(f"ROUTER__{secret_key}", "whsec_bWFkZS11cA==")
    wallet.check_fit()


def test_every_line_of_the_reference_can_be_taken_as_it_stands(tmp_path):
    line = re.compile(r"^# (?=\[[\w.\[\]]+\]$|(?!policies)\w+ = (?!…))", re.MULTILINE)
    text = line.sub("", reference.render())
    text = text.replace("[[sla.policies]]\n", '[[sla.policies]]\nname = "one"\n')
    needed = {
        **dict.fromkeys(("address", "imap_host"), "help@desk.example"),
        **dict.fromkeys(("page_id", "app_id", "client_id", "user_id"), "1"),
        "appid": "wx0123456789abcdef",
    }
    for option, given in needed.items():
        text = text.replace(f'\n{option} = ""\n', f'\n{option} = "{given}"\n')
    loaded = load(_write(tmp_path, text), {})
    assert (loaded.desk, loaded.gate, loaded.escalation) == (
        Settings().desk,
        Settings().gate,
        Settings().escalation,
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[escalation]\nchains = { security = [{ to = ["leeds"] }] }', "leeds is nobody"),
        ("[escalation]\nchains = { securty = [] }", "nothing begins securty"),
        (
            '[escalation]\nchains = { security = [{ to = ["notice:oncal"] }] }\n[notices.oncall]',
            "oncal,",
        ),
        ('[escalation]\nchains = { security = [{ to = ["notice:oncall"] }] }', "oncall,"),
        ('[web]\npublic_url = "help.example.com"', "https://help"),
        ('[web]\npublic_url = "https://"', "https://help"),
        ("[deliver]\nretry_minutes = []", "at least 1"),
        ("[deliver]\nretry_minutes = [-1]", "greater than or equal to 1"),
    ],
)
def test_what_would_reach_nobody_is_a_fault(tmp_path, written, told):
    (fault,) = _faults(tmp_path, written)
    assert told in fault


@pytest.mark.parametrize(
    "name", ["WEB__PORT__X", "NOTICES__ONCALL__ENABLE", "CALENDARS__NIGHT__ZON"]
)
def test_a_variable_below_a_setting_that_is_none_is_a_fault(tmp_path, name):
    (fault,) = _faults(tmp_path, "[notices.oncall]\n[calendars.x]", {f"ROUTER__{name}": "1"})
    assert "is not a setting" in fault


def test_files_that_begin_with_a_byte_order_mark_are_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xef\xbb\xbfpostgresql://desk@host/name\r\n")
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[web]\r\nport = 9000\r\n")
    loaded = load(tmp_path / "config.toml", {"ROUTER__DATABASE__URL_FILE": str(secret)})
    assert (loaded.web.port, loaded.database.url) == (9000, "postgresql://desk@host/name")


def test_an_empty_variable_names_no_settings_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(None, {"ROUTER_CONFIG": ""}) == Settings()

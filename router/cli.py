"""The command ``router``. Each command imports what it needs when it is called, so that the small
ones start at once.
"""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router import configuration
from router.errors import RouterError
from router.memory import undisturbed
from router.terminal import commands

if TYPE_CHECKING:
    from router.settings import Settings

app = typer.Typer(
    help="The ticket router of a digital wallet's support desk.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.add_typer(commands.app)
rules_app = typer.Typer(help="The desk's rules: look them over, try others.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

Config = Annotated[
    Path | None, typer.Option("--config", help="config.toml of this desk", show_default=False)
]
#: What a command that Ctrl+C stopped ends with.
_INTERRUPTED = 130


class Readers(StrEnum):
    """Who reads a message that is explained."""

    RULES = "rules"
    BOTH = "both"


def main() -> None:
    """Run the command; what went wrong is told in one line with what to do next."""
    _bear_with((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"))
    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            sys.stderr.write("\nrouter: stopped; what was committed stays, run it again to go on\n")
        raise
    except _told() as fault:
        sys.stderr.write(f"router: {fault}\n")
        raise SystemExit(2) from None


def _bear_with(*streams: tuple[object, str]) -> None:
    """Bytes that are no text, and characters this terminal does not have, stop no command."""
    for stream, errors in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def _told() -> tuple[type[Exception], ...]:
    """What is told in its own words; looked up when something went wrong."""
    from channels.failures import ChannelError
    from rules.load import RulesFault

    return RouterError, ChannelError, RulesFault


def _settings(config: Path | None) -> Settings:
    return configuration.load(config)


# ---------------------------------------------------------------- running


@app.command()
def serve(config: Config = None) -> None:
    """Everything in one process: web pages, mailboxes, outbox and clock."""
    with undisturbed():
        router = commands.opened(config, "RAISE")
        from router.terminal import serving
    serving.serve(router, work=True)


@app.command()
def web(config: Config = None) -> None:
    """The web pages alone; a worker runs elsewhere."""
    with undisturbed():
        router = commands.opened(config)
        from router.terminal import serving
    serving.serve(router, work=False)


@app.command()
def worker(config: Config = None) -> None:
    """Mailboxes, outbox and clock alone; the web pages run elsewhere."""
    with undisturbed():
        router = commands.opened(config)
        from router.terminal import starting
    starting.work(router)


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this program's schema."""
    from router.terminal import opening

    revision = opening.bring_up(_settings(config), opening.May.RAISE, commands.hands(typer.echo))
    typer.echo(f"the database is at revision {revision}")


@app.command()
def check(
    config: Config = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="print every setting with its meaning")
    ] = False,
) -> None:
    """Check the settings and print those in force, secrets masked; what the pages changed of them
    stands in the database and is marked."""
    from router.terminal import overriding
    from router.terminal import reference as book

    if reference:
        typer.echo(book.render(), nl=False)
        return
    settings = _settings(config)
    typer.echo(f"# {configuration.read_from(config)}")
    for line in overriding.lines(settings):
        typer.echo(line)


@app.command()
def doctor(
    login: Annotated[
        bool, typer.Option("--login", help="also log in everywhere, to try the secrets")
    ] = False,
    config: Config = None,
) -> None:
    """Look at everything a desk depends on and say what to do about it."""
    from router import examining

    try:
        router = commands.opened(config)
    except RouterError as fault:
        typer.echo(f"✗ {fault}")
        raise typer.Exit(1) from None
    findings = examining.look(router, login=login)
    router.close()
    for finding in findings:
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.said}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


# ---------------------------------------------------------------- mail and rules


@app.command(name="import")
def import_(
    path: Path,
    account: Annotated[str, typer.Option(help="account the mail belongs to")] = "import",
    config: Config = None,
) -> None:
    """Take in old mail (.eml, mbox, Maildir, folders of them) without acknowledging anybody; exit 1
    when some of it could not be read."""
    from router.terminal import filling

    with filling.behind_others():
        with undisturbed():
            router = commands.opened(config, "MAKE")
        try:
            whole = filling.import_mail(router, path, account)
        finally:
            router.close()
    if not whole:
        raise typer.Exit(1)


@app.command()
def backfill(
    account: Annotated[str, typer.Argument(help="the mailbox: its name in the settings")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="mails from this day on")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
    again: Annotated[bool, typer.Option("--again", help="from the beginning")] = False,
    config: Config = None,
) -> None:
    """Take in what a mailbox held before; stopped by whatever means, it goes on where it was."""
    from router.terminal import filling

    with filling.behind_others():
        with undisturbed():
            router = commands.opened(config, "MAKE")
        try:
            day = since.date() if since else None
            filling.backfill(router, account, day, again=again, dry_run=dry_run)
        finally:
            router.close()


@app.command()
def explain(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="one JSON object a line in, one out")
    ] = False,
    text: Annotated[str, typer.Argument(help="the message, when not by lines")] = "",
    rules: Annotated[Path | None, typer.Option(help="a folder with rules of your own")] = None,
    reader: Annotated[
        Readers, typer.Option(help="the rules alone, or the second reader after them")
    ] = Readers.BOTH,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="a tag of the ticket it joins; may be said several times"),
    ] = None,
    config: Config = None,
) -> None:
    """Say what a message is about, how urgent it is, and which words decided."""
    from rich.console import Console

    from router.second_reader import SecondReader
    from router.terminal import explaining

    second = SecondReader(_settings(config)).open() if reader is Readers.BOTH else None
    if jsonl:
        explaining.lines(sys.stdin, sys.stdout, rules, second, tags=tag or ())
    else:
        console = Console(highlight=False)
        told = explaining.whole(text or sys.stdin.read())
        explaining.tell(told, rules, console, second, tags=tag or ())


@app.command()
def mask(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="one JSON object a line in, one out")
    ] = False,
    text: Annotated[str, typer.Argument(help="the message, when not by lines")] = "",
) -> None:
    """Show a text as it would be stored: without seed phrases, keys, cards, passwords and codes."""
    from router.core.masking import redact
    from router.terminal import explaining

    if jsonl:
        explaining.masked_lines(sys.stdin, sys.stdout)
    else:
        typer.echo(redact.mask(explaining.whole(text or sys.stdin.read())).text)


@app.command(name="parse-mail")
def parse_mail(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="one path a line in")] = False,
    paths: Annotated[list[Path] | None, typer.Argument(help="mail files")] = None,
) -> None:
    """Read mail files and print what the desk would see, one JSON object each."""
    from router.terminal import explaining

    if not (jsonl or paths):
        raise typer.BadParameter("name mail files, or give their paths by lines: --jsonl")
    lines = (line.rstrip("\n") for line in sys.stdin if line.strip()) if jsonl else ()
    explaining.mails(paths or lines, sys.stdout)


@app.command()
def replay(
    item: Annotated[int | None, typer.Argument(help="number of one parked item")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all parked items")] = False,
    config: Config = None,
) -> None:
    """Send parked items through again; without a number, list them."""
    from router.terminal import starting

    router = commands.opened(config)
    try:
        starting.replay(router, item, everything=everything)
    finally:
        router.close()


# ---------------------------------------------------------------- the desk's rules


@rules_app.command(name="lint")
def rules_lint(
    folder: Annotated[
        Path | None,
        typer.Argument(help="a folder of rules; without one, those in force", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    config: Config = None,
) -> None:
    """Say what is wrong or useless in rules; exit 1 when something is to be mended."""
    from router.terminal import ruling

    raise typer.Exit(ruling.look(_settings(config), folder, as_json=as_json))


@rules_app.command(name="learn")
def rules_learn(
    ship: Annotated[
        bool, typer.Option("--ship", help="learn what ships with the program, from the bank alone")
    ] = False,
    config: Config = None,
) -> None:
    """Let the second reader read its examples anew, with what agents have corrected here."""
    from router.terminal import filling, learning

    if ship:
        from rules.engine import load

        with filling.progress_bar("reading the examples") as told:
            typer.echo(f"learnt; kept in {learning.shipped(load(), told).name}")
        return
    router = commands.opened(config, "MAKE")
    try:
        with filling.progress_bar("reading the examples") as told:
            path, own = learning.here(router, told)
    finally:
        router.close()
    typer.echo(f"learnt, {own} of this desk's corrections among it; kept in {path}")
    typer.echo("a running desk reads with it after its next start")


@rules_app.command(name="backtest")
def rules_backtest(
    old: Annotated[str, typer.Argument(help="a folder, published, shipped, or a draft's number")],
    new: Annotated[str, typer.Argument(help="the same, to be tried instead")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="messages from this day on")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, every change")] = False,
    every: Annotated[bool, typer.Option("--all", help="list every changed decision")] = False,
    config: Config = None,
) -> None:
    """Try rules on the stored messages; exit 1 when they must not be published."""
    from router.terminal import ruling

    day = since.date() if since else None
    raise typer.Exit(
        ruling.compare(_settings(config), (old, new), day, as_json=as_json, every=every)
    )


# ---------------------------------------------------------------- people and demo


@app.command()
def demo(
    tickets: Annotated[
        int | None, typer.Option(min=1, help="seed so many made-up tickets instead of a day")
    ] = None,
    config: Config = None,
) -> None:
    """Fill a desk without channels with made-up tickets; one that is in use is left alone."""
    from router.terminal import filling

    router = commands.opened(config, "MAKE")
    try:
        filling.demo(router, tickets)
    finally:
        router.close()


@app.command()
def user(
    email: str,
    name: Annotated[str, typer.Option(help="name shown to colleagues")] = "",
    role: Annotated[str, typer.Option(help="agent, lead, manager or admin")] = "agent",
    team: Annotated[list[str] | None, typer.Option(help="support, security …")] = None,
    config: Config = None,
) -> None:
    """Add a person, or give one a new sign-in link."""
    from router.terminal import starting

    router = commands.opened(config, "MAKE")
    try:
        starting.user(router, email, name=name or email, role=role, teams=team or [])
    finally:
        router.close()

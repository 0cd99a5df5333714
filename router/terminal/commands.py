"""The commands about promises (due times, calendars, why a clock stands where it stands), and the
sandbox of platforms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router import configuration
from router.errors import Invalid

if TYPE_CHECKING:
    from router.assemble import Router
    from router.terminal.opening import Hands

app = typer.Typer()
calendar_app = typer.Typer(help="The desk's calendars: look at them, import dates.")
app.add_typer(calendar_app, name="calendar")

Config = Annotated[
    Path | None, typer.Option("--config", help="config.toml of this desk", show_default=False)
]
Name = Annotated[str, typer.Option("--calendar", help="desk, or one of [calendars]")]


def opened(config: Path | None, may: str = "LOOK") -> Router:
    """The desk; ``may`` says what the command may do to its database (router.terminal.opening)."""
    from router.terminal import opening

    say = partial(typer.echo, err=True)
    return opening.opened(configuration.load(config), opening.May[may], hands(say))


def hands(tell: Callable[[str], None]) -> Hands:
    """What changes a schema, loaded by whoever has one to change."""
    from router.terminal.opening import Hands

    def migrate(url: str) -> None:
        from router.store.schema import migrate as bring_up

        bring_up(url)

    return Hands(migrate, tell)


@app.command()
def sandbox(
    desk: Annotated[str, typer.Option(help="where the desk listens")] = "http://127.0.0.1:8080",
    port: Annotated[int, typer.Option(help="port to listen on; 0: any free one")] = 8090,
) -> None:
    """A small server of every platform, to try the channels without an account."""
    from router.sandbox import server

    server.tell(server.Sandbox(desk, port), typer.echo)


@app.command()
def due(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="one question a line in, one answer out")
    ] = False,
    question: Annotated[str, typer.Argument(help="one question, when not by lines")] = "",
) -> None:
    """When a promise must be kept: the arithmetic of service hours, for anybody to check."""
    from router.terminal import reckoning

    if jsonl or not question:
        reckoning.lines(sys.stdin.buffer, sys.stdout.buffer)
    else:
        typer.echo(reckoning.Reckoner().answer(question.encode()), nl=False)


@app.command(name="explain-clock")
def explain_clock(
    ticket: Annotated[str, typer.Argument(help="the ticket's number")],
    language: Annotated[str, typer.Option("--language", help="zh or en; empty: the desk's")] = "",
    config: Config = None,
) -> None:
    """Every promise on a ticket with its whole arithmetic, in words."""
    from router import explaining_clocks

    settings = configuration.load(config)
    typer.echo(
        explaining_clocks.told(settings, ticket, language or settings.desk.language), nl=False
    )


@calendar_app.command(name="show")
def calendar_show(
    name: Name = "desk",
    year: Annotated[int, typer.Option(help="which year; 0 is this one")] = 0,
    config: Config = None,
) -> None:
    """The dates of a year on which a calendar differs from its week, and what is missing."""
    from router.terminal import dating

    typer.echo(dating.shown(configuration.load(config), name, year), nl=False)


@calendar_app.command(name="import")
def calendar_import(
    path: Annotated[Path, typer.Argument(help="a .csv or .ics file")],
    name: Name = "desk",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change")] = False,
    config: Config = None,
) -> None:
    """Import dates into a calendar; open promises that count in it are counted anew."""
    from router.terminal import dating

    said = dating.take_in(configuration.load(config), path, name, dry_run=dry_run)
    typer.echo(said, nl=False)


class Form(StrEnum):
    """What a report is told as."""

    TEXT = "text"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Language(StrEnum):
    """In which language a report is told."""

    DESK = ""
    ZH = "zh"
    EN = "en"


class Kind(StrEnum):
    """Which report."""

    SLA = "sla"
    LOAD = "load"
    QUALITY = "quality"


@app.command()
def report(  # noqa: PLR0913, PLR0917  # one argument an option
    kind: Annotated[Kind, typer.Argument(help="sla, load or quality")] = Kind.SLA,
    first: Annotated[str, typer.Option("--from", help="first day; empty: of this month")] = "",
    last: Annotated[str, typer.Option("--to", help="last day; empty: today")] = "",
    form: Annotated[Form, typer.Option("--as", help="text, csv, xlsx or pdf")] = Form.TEXT,
    out: Annotated[
        Path | None, typer.Option("--out", help="a file; without one, the terminal")
    ] = None,
    language: Annotated[Language, typer.Option(help="zh or en; empty: the desk's")] = Language.DESK,
    config: Config = None,
) -> None:
    """The reports of the pages, from the terminal."""
    from router.reports import making
    from router.terminal import recounting

    settings = configuration.load(config)
    with recounting.opened(settings) as router:
        body = making.made(
            router, kind.value, (first, last), form.value, language.value or settings.desk.language
        )
    if out is None:
        sys.stdout.buffer.write(body)
        return
    try:
        out.write_bytes(body)
    except OSError as fault:
        raise Invalid(
            "--out",
            "unwritable",
            given=f"{out}: {fault.strerror}",
            write="a file in a folder there is",
        ) from fault


@app.command()
def whatif(  # noqa: PLR0913, PLR0917  # one argument an option
    hours: Annotated[
        str, typer.Option("--hours", help="07:00-23:00, or mon-fri 08:00-20:00; sat 10:00-16:00")
    ] = "",
    targets: Annotated[
        list[str] | None, typer.Option("--targets", help="first_response.P2=60, in minutes")
    ] = None,
    holidays: Annotated[str, typer.Option("--holidays", help="a country (CN), or none")] = "",
    agents: Annotated[int, typer.Option("--agents", help="people in service hours")] = 0,
    on_call: Annotated[int, typer.Option("--on-call", help="people outside them")] = 1,
    handle: Annotated[int, typer.Option("--handle", help="minutes an answer takes")] = 0,
    goal: Annotated[int, typer.Option("--goal", help="answers in time, of a hundred")] = 95,
    first: Annotated[str, typer.Option("--from", help="first day; empty: 30 days ago")] = "",
    last: Annotated[str, typer.Option("--to", help="last day; empty: today")] = "",
    language: Annotated[Language, typer.Option(help="zh or en; empty: the desk's")] = Language.DESK,
    config: Config = None,
) -> None:
    """The desk's own history under other hours, targets, holidays and people."""
    from router.reports import whatif
    from router.supposing import Supposed
    from router.terminal import recounting

    settings = configuration.load(config)
    wanted = tuple(one for given in targets or () for one in given.replace(",", " ").split())
    supposed = Supposed(hours, wanted, holidays, agents, on_call, handle, goal)
    with recounting.opened(settings) as router:
        said = whatif.supposed(
            router, supposed, (first, last), language.value or settings.desk.language
        )
    typer.echo(said, nl=False)


@app.command()
def forget(
    whom: Annotated[str, typer.Argument(help="a ticket's number, or a handle such as an address")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask for the word")] = False,
    config: Config = None,
) -> None:
    """Erase a person: all they wrote and were written, for good; what reports count stays."""
    from router.terminal import forgetting, recounting

    with recounting.opened(configuration.load(config)) as router:
        person = forgetting.find(router, whom)
        forgetting.told(person, typer.echo)
        if dry_run:
            return
        if not yes and typer.prompt(f"type {forgetting.WORD} to go on") != forgetting.WORD:
            typer.echo("nothing was erased")
            raise typer.Exit(1)
        done = forgetting.erase(router, person)
    typer.echo("erased" if done else "begun; a worker goes on with it")


@app.command()
def recount(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="forget what is kept and count it anew")
    ] = False,
    config: Config = None,
) -> None:
    """Count the reports' figures again from every ticket's own rows; exit 1 when they differ."""
    from router.terminal import recounting

    with recounting.opened(configuration.load(config)) as router:
        differing = recounting.recount(router, rebuild=rebuild)
    for cell in differing[:20]:
        typer.echo(" ".join(f"{name}={value}" for name, value in cell._asdict().items()))
    typer.echo(f"{len(differing)} figures differ from a recount")
    raise typer.Exit(1 if differing else 0)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="a file that is not there yet")],
    config: Config = None,
) -> None:
    """Copy the SQLite database into one file, also while the desk is open."""
    from router.terminal import restoring

    restoring.backup(configuration.load(config), file)
    typer.echo(f"{file} holds the desk; its key is not in it and needs a backup of its own")


@app.command()
def restore(
    file: Annotated[
        Path | None, typer.Argument(help="a copy that `router backup` made", show_default=False)
    ] = None,
    hold_only: Annotated[
        bool, typer.Option("--hold-only", help="hold what waits in a database restored otherwise")
    ] = False,
    config: Config = None,
) -> None:
    """Go back to a copy: the desk must be stopped, and what waited to be sent is held."""
    from router.terminal import restoring

    settings = configuration.load(config)
    if hold_only == (file is not None):
        raise Invalid("restore", "one_of", given="both or neither", write="FILE or --hold-only")
    if file is None:
        typer.echo(restoring.told(restoring.hold(settings)))
        return
    for line in restoring.restore(settings, file):
        typer.echo(line)

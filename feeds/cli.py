"""The command: options in, exit codes out.

What a command does is imported when it runs, so that `--help`, `--version` and wrong usage
need not wait for it.
"""
# ruff: noqa: PLC0415

import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from feeds import __version__
from feeds.errors import FeedsError, said
from feeds.terminal import FORMS, tell, tell_collector, write_messages_as

INTERRUPTED = 130


class Commands(click.Group):
    """Turn every way a command can end into a message and an exit code."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        extra["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(
                stream, TextIOWrapper
            ):  # where it lacks a record's characters
                stream.reconfigure(errors="backslashreplace")
        try:
            sys.exit(super().main(*args, **extra) or 0)
        except click.ClickException as error:
            if not tell_collector(error.format_message()):
                error.show()
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            sys.exit(INTERRUPTED)
        except (FeedsError, OSError) as error:
            lines, code = said(error)
            tell(lines, "error")
            sys.exit(code)


def _seconds_waiting(
    _context: click.Context, _option: click.Parameter, given: float
) -> float:
    if not 0 <= given < float("inf"):
        raise click.BadParameter("expected a number of seconds, 0 or more")
    return given


def _named(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> str | None:
    if given == "":
        raise click.BadParameter("expected the name of a file, got none")
    return given


def _folders(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[Any]:
    """Tell the shell to complete folders; it knows them best."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def _log_format(_context: click.Context, _option: click.Parameter, given: str) -> None:
    write_messages_as(given)


def _only_one(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> str | None:
    if len(given) > 1:
        raise click.BadParameter("given more than once; `feeds build` takes several")
    return given[0] if given else None


CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(),
    multiple=True,
    callback=_only_one,
    help="The configuration; default: feeds.yaml here or in a folder above.",
)
CONFIGS = click.option(
    "-c",
    "--config",
    "configs",
    type=click.Path(),
    multiple=True,
    help="The configuration; default: feeds.yaml here or in a folder above. Several are"
    " built one by one, each as if alone.",
)
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(),
    shell_complete=_folders,
    help="Where feeds go instead.",
)
NOW = click.option(
    "--now", metavar="TIME", help="Build as of this time; default: the clock."
)


WAIT = click.option(
    "--wait",
    type=float,
    default=60,
    callback=_seconds_waiting,
    metavar="SECONDS",
    show_default=True,
    help="Wait so long for another build.",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="feeds %(version)s")
def commands() -> None:
    """Publish news records as RSS and Atom feeds."""


@commands.command()
@CONFIGS
@OUTPUT
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read with."
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Read and render on a cluster of Dask instead, such as tcp://scheduler:8786.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what subscribers would see; write nothing."
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a record is rejected.")
@click.option(
    "--force", is_flag=True, help="Build even if most feeds or records would go."
)
@WAIT
@click.option(
    "--watch", is_flag=True, help="Go on, and build whenever a source changes."
)
@click.option(
    "--no-ping",
    is_flag=True,
    help="Leave it to `ping --changed` to tell hubs what changed.",
)
@NOW
@click.option(
    "--report",
    type=click.Path(dir_okay=False),
    callback=_named,
    help="Write the run as JSON to a file.",
)
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False),
    callback=_named,
    help="Write it for Prometheus' textfile collector.",
)
@click.option(
    "--log-format",
    type=click.Choice(FORMS),
    default="text",
    is_eager=True,
    expose_value=False,
    callback=_log_format,
    help="How messages are written: for people, or as JSON lines.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong."
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Say what is done to each file, and why."
)
def build(
    configs: tuple[str, ...], output: str | None, now: str | None, **options: Any
) -> int:
    """Read records, write the feeds that changed."""
    dry_run, watch = options.pop("dry_run"), options.pop("watch")
    if watch and (dry_run or options["strict"]):
        raise click.UsageError("--watch goes neither with --dry-run nor with --strict")
    if options["cluster"] is not None and (dry_run or watch or options["jobs"]):
        raise click.UsageError("--cluster goes without --dry-run, --jobs and --watch")
    from feeds import several

    files = several.distinct(configs)
    if len(files) > 1:
        several.check(output, now)
    written = options.pop("report"), options.pop("metrics")
    options["reports"] = several.reports(files, *(written if not dry_run else ()))
    if watch:
        from feeds import follow

        return follow.build_on(files, output, now, options)
    if dry_run:
        from feeds.ask import preview as act
    else:
        from feeds.command import build as act
    how = output, now, options
    return several.each(files, lambda file: act(file, *how), options["reports"])


@commands.command()
@CONFIG
@OUTPUT
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="Where to listen; 0 takes a free one.",
)
@WAIT
def serve(config: str | None, output: str | None, port: int, wait: float) -> None:
    """Serve the output on this machine, build on changes.

    A look at it only: nobody else can reach it.
    """
    from feeds import follow

    follow.serve(config, output, port, wait)


@commands.command()
@CONFIG
@OUTPUT
@click.option(
    "--changed", is_flag=True, help="Only what changed and hubs have not taken yet."
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def ping(
    config: str | None, output: str | None, changed: bool, paths: tuple[str, ...]
) -> int:
    """Tell hubs of all feeds, or of those named.

    PATH is a feed as `list` shows it, or one of its documents.
    """
    if changed and paths:
        raise click.UsageError("--changed names the feeds itself, give no PATH")
    from feeds import ping

    return ping.ping(config, output, paths, changed)


@commands.command()
@CONFIG
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    is_flag=False,
    flag_value="",
    help="Check the documents in the output too; in PATH instead.",
)
@NOW
def check(config: str | None, output: str | None, now: str | None) -> int:
    """Check configuration and records; write nothing.

    With --output, also what was published: every document in the output.
    """
    from feeds import ask

    return ask.check(config, now, output)


@commands.command()
@CONFIG
@NOW
@click.argument("record", type=click.Path())
def explain(config: str | None, now: str | None, record: str) -> None:
    """Say for each feed why a story is in it or not.

    RECORD is a file, file:line, or a link.
    """
    from feeds import ask

    ask.explain(config, now, record)


@commands.command("list")
@CONFIG
@NOW
def list_(config: str | None, now: str | None) -> None:
    """List the feeds a build would write.

    Path, title, number of entries and the newest entry's time, in UTC.
    """
    from feeds import ask

    ask.list_(config, now)


@commands.command()
@CONFIG
@NOW
@click.option("--html", type=click.Path(), help="Write it as a page to a file, too.")
def stats(config: str | None, now: str | None, html: str | None) -> None:
    """Show how records are spread, and what each min_quality lets in.

    Quality, heat, topics, providers and dates, as bars; as plots with --html.
    """
    from feeds import charts

    charts.draw(config, now, html)


@commands.command()
@click.option("-c", "--config", metavar="NAME", help="What to call it.")
@click.argument(
    "folder", metavar="[DIR]", default=".", type=click.Path(), shell_complete=_folders
)
def init(folder: str, config: str | None) -> None:
    """Write a starter feeds.yaml and a sample record.

    Into DIR, by default the current folder; nothing is overwritten.
    """
    from feeds import command

    command.init(folder, config)

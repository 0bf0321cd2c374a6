"""The command: options in, messages and exit codes out."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from feeds import __version__
from feeds import build as steps
from feeds import config as configuration
from feeds.compare import Difference
from feeds.config import Config
from feeds.errors import FeedsError, Mistake, Refused
from feeds.explain import explain, look_up
from feeds.group import strangers
from feeds.moment import EXPECTED, moment
from feeds.parse import ENDINGS
from feeds.plan import plan
from feeds.read import shown
from feeds.record import Complaint
from feeds.starter import start
from feeds.text import visible

INTERRUPTED = 130

_Done = TypeVar("_Done")


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
            error.show()
            sys.exit(error.exit_code)
        except FeedsError as error:
            tell(str(error).splitlines())
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            sys.exit(INTERRUPTED)
        except OSError as error:
            tell([f"{error.filename or 'feeds'}: {error.strerror or error}"])
            sys.exit(1)


def tell(lines: Iterable[object]) -> None:
    """Write messages to standard error."""
    for line in lines:
        click.echo(visible(str(line)), err=True)


def show(lines: Iterable[object]) -> None:
    """Write results to standard output."""
    for line in lines:
        click.echo(visible(str(line)))


def _config(
    _context: click.Context, _option: click.Parameter, given: Path | None
) -> Config:
    """Load the configuration named, or the nearest one in this folder or above."""
    if given is not None:
        return configuration.load(given)
    for folder in (Path(), *Path.cwd().parents):
        if (folder / configuration.NAME).is_file():
            return configuration.load(folder / configuration.NAME)
    raise Mistake(
        f"no {configuration.NAME} here or above; `feeds init` writes one, -c names another"
    )


def _seconds_waiting(
    _context: click.Context, _option: click.Parameter, given: float
) -> float:
    if not 0 <= given < float("inf"):
        raise click.BadParameter("expected a number of seconds, 0 or more")
    return given


CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    callback=_config,
    help="The configuration; default: feeds.yaml here or in a folder above.",
)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where feeds go instead."
)
NOW = click.option(
    "--now", metavar="TIME", help="Build as of this time; default: the clock."
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="feeds %(version)s")
def commands() -> None:
    """Publish news records as RSS and Atom feeds."""


@commands.command()
@CONFIG
@OUTPUT
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read with."
)
@click.option(
    "--dry-run", is_flag=True, help="Say what subscribers would see; write nothing."
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a record is rejected.")
@click.option(
    "--force", is_flag=True, help="Build even if most feeds or records would go."
)
@click.option(
    "--wait",
    type=float,
    default=60,
    callback=_seconds_waiting,
    metavar="SECONDS",
    show_default=True,
    help="Wait so long for another build.",
)
@NOW
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write the run as JSON to a file."
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong."
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Name each file written and removed."
)
def build(config: Config, output: Path | None, now: str | None, **options: Any) -> int:
    """Read records, write the feeds that changed."""
    folder = output or config.folder / config.output
    moment_ = _now(now, config)
    if options["dry_run"]:
        return _preview(config, folder, moment_, options)
    wanted = steps.Options(**{key: options[key] for key in ("wait", "force", "jobs")})
    outcome = _refusable(lambda: steps.build(config, folder, moment_, wanted), config)
    _tell_outcome(outcome, config, quiet=options["quiet"], verbose=options["verbose"])
    if options["report"]:
        _write_report(options["report"], outcome, config)
    return int(options["strict"] and bool(outcome.complaints))


@commands.command()
@CONFIG
@NOW
def check(config: Config, now: str | None) -> int:
    """Check configuration and records; write nothing."""
    reading = steps.gather(config, config.folder / config.output)
    planned = plan(reading.records, config, _now(now, config))
    flaws = [flaw for record in reading.records for flaw in record.flaws]
    assert planned.shelves is not None  # that no two feeds have one path
    problems = sorted(
        [*reading.complaints, *flaws], key=lambda one: (one.file, one.line)
    )
    show(_place(problem, config) for problem in problems)
    met = planned.names() | steps.known(config, config.folder / config.output)
    tell(strangers(config, met))
    tell(
        [
            f"{_count(len(reading.records), 'record')}, {_count(len(problems), 'problem')}"
        ]
    )
    return int(bool(problems))


@commands.command("explain")
@CONFIG
@NOW
@click.argument("record")
def explain_(config: Config, now: str | None, record: str) -> None:
    """Say for each feed why a story is in it or not.

    RECORD is a file, file:line, or a link.
    """
    reading = steps.gather(config, config.folder / config.output)
    planned = plan(reading.records, config, _now(now, config))
    file = os.path.relpath(record or ".", config.folder)
    found = look_up(record, shown(file), planned, reading.complaints)
    if not found:
        raise Mistake(
            f"{record}: no such record, expected a file, file:line or link of one"
        )
    for one in found:
        if isinstance(one, Complaint):
            show([f"{_place(one, config)} (rejected: it is in no feed)"])
            continue
        if len(found) > 1:
            show(
                [
                    f"{_shown(one.record.file, config)}:{one.record.line}: {one.record.title}"
                ]
            )
        show(explain(one, planned))


@commands.command("list")
@CONFIG
@NOW
def list_(config: Config, now: str | None) -> None:
    """List the feeds a build would write.

    Path, title, number of entries and the newest entry's time, in UTC.
    """
    reading = steps.gather(config, config.folder / config.output)
    rows = plan(reading.records, config, _now(now, config)).listed()
    table = (
        (path, title, str(count), f"{newest:%Y-%m-%d %H:%M}" if newest else "-")
        for path, title, count, newest in rows
    )
    show(_table([("PATH", "TITLE", "ENTRIES", "NEWEST"), *table]))


@commands.command()
@click.option(
    "-c",
    "--config",
    metavar="NAME",
    default=configuration.NAME,
    help="What to call it.",
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def init(folder: Path, config: str) -> None:
    """Write a starter feeds.yaml and a sample record.

    Into DIR, by default the current folder; nothing is overwritten.
    """
    show(f"wrote {file}" for file in start(folder, config))


def _now(given: str | None, config: Config) -> datetime:
    """The time of a build: --now, else SOURCE_DATE_EPOCH, else the clock."""
    if given is not None:
        if when := moment(given, config.zone):
            return when
        raise Mistake(f'--now: got "{given}", expected {EXPECTED}')
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        what = f'got "{epoch}", expected seconds since 1970'
        raise Mistake(f"SOURCE_DATE_EPOCH: {what}") from None


def _tell_outcome(
    outcome: steps.Outcome, config: Config, *, quiet: bool, verbose: bool
) -> None:
    complaints = outcome.news if quiet else outcome.complaints
    tell(_place(complaint, config) for complaint in complaints)
    if quiet:
        return
    tell(outcome.strangers)
    tell(_empties(outcome.usable, len(outcome.complaints), outcome.empties))
    if verbose:
        tell(f"wrote {path}" for path in outcome.written)
        tell(f"removed {path}" for path in outcome.removed)
    show([_summary(outcome)])


def _empties(usable: int, rejected: int, empties: Iterable[str]) -> Iterable[str]:
    if usable:
        return empties
    if rejected:
        return ["no records: every one was rejected"]
    return [f"no records: no file in the sources ends in {', '.join(ENDINGS)}"]


def _summary(outcome: steps.Outcome) -> str:
    read = f"{_count(outcome.read, 'record')} read, {_count(outcome.drafts, 'draft')}"
    if outcome.complaints:
        read += f", {len(outcome.complaints)} rejected"
    if outcome.duplicates:
        read += f", {_count(outcome.duplicates, 'duplicate')}"
    if not outcome.written and not outcome.removed:
        return f"{read}; nothing changed in {_count(outcome.feeds_unchanged, 'feed')}"
    wrote = f"{_count(outcome.feeds_written, 'feed')} written"
    rest = f"{outcome.feeds_unchanged} unchanged, {outcome.feeds_removed} removed"
    return f"{read}; {wrote}, {rest}"


def _report(outcome: steps.Outcome, config: Config) -> dict[str, Any]:
    rejected = [
        {"file": _shown(one.file, config), "line": one.line, "reason": one.reason}
        for one in outcome.complaints
    ]
    return {
        "records": {
            "read": outcome.read,
            "rejected": rejected,
            "drafts": outcome.drafts,
            "duplicates": outcome.duplicates,
        },
        "feeds": {
            "written": outcome.feeds_written,
            "unchanged": outcome.feeds_unchanged,
            "removed": outcome.feeds_removed,
        },
        "seconds": round(outcome.seconds, 3),
    }


def _write_report(file: Path, outcome: steps.Outcome, config: Config) -> None:
    temporary = file.with_name(f".{file.name}.tmp")
    text = json.dumps(_report(outcome, config), indent=2)
    temporary.write_text(text + "\n", "ascii")
    temporary.replace(file)


def _preview(
    config: Config, folder: Path, now: datetime, options: dict[str, Any]
) -> int:
    force = options["force"]
    preview = _refusable(
        lambda: steps.preview(config, folder, now, force=force), config
    )
    tell(_place(complaint, config) for complaint in preview.reading.complaints)
    tell(preview.strangers)
    planned, complaints = preview.plan, preview.reading.complaints
    tell(_empties(len(planned.candidates), len(complaints), planned.empties()))
    for path, difference in preview.differences.items():
        if difference:
            show(_changes(path, difference))
    show(f"{path}: removed" for path in preview.removed)
    if not any(preview.differences.values()) and not preview.removed:
        show(["subscribers would see nothing new"])
    return int(options["strict"] and bool(preview.reading.complaints))


def _refusable(act: Callable[[], _Done], config: Config) -> _Done:
    """Name the rejected records before a refusal: they may be why."""
    try:
        return act()
    except Refused as refused:
        tell(_place(one, config) for one in refused.complaints)
        raise


def _changes(path: str, difference: Difference) -> Iterable[str]:
    new, changed, gone = difference.new, difference.changed, difference.gone
    yield f"{path}: {len(new)} new, {len(changed)} changed, {len(gone)} gone"
    for mark, titles in (("+", new), ("~", changed), ("-", gone)):
        yield from (f"  {mark} {title}" for title in titles)


def _place(complaint: Complaint, config: Config) -> str:
    return f"{_shown(complaint.file, config)}:{complaint.line}: {complaint.reason}"


def _shown(file: str, config: Config) -> str:
    """Write a file's name as seen from this folder, so that an editor can open it."""
    return os.path.relpath(config.folder / file)


def _table(rows: list[tuple[str, ...]]) -> Iterable[str]:
    widths = [
        max(len(visible(row[column])) for row in rows) for column in range(len(rows[0]))
    ]
    for row in rows:
        cells = (
            visible(cell).ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

"""What each command does and says."""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from feeds import build as steps
from feeds import config as configuration
from feeds import explain as answers
from feeds.compare import Difference
from feeds.config import Config
from feeds.errors import Mistake, Refused
from feeds.group import strangers
from feeds.moment import EXPECTED, moment
from feeds.parse import ENDINGS
from feeds.plan import plan
from feeds.read import shown
from feeds.record import Complaint
from feeds.terminal import progress, show, tell
from feeds.text import visible

_Done = TypeVar("_Done")


def build(
    file: str | None, output: str | None, now: str | None, options: dict[str, Any]
) -> int:
    """Read records, write the feeds that changed, and tell of it."""
    config = _config(file)
    folder = config.folder / config.output if output is None else Path(output)
    when = _now(now, config)
    if options["dry_run"]:
        return _preview(config, folder, when, options)
    how = {key: options[key] for key in ("wait", "force", "jobs")}
    seen = steps.unseen if options["quiet"] else progress
    wanted = steps.Options(**how, progress=seen)
    outcome = _refusable(lambda: steps.build(config, folder, when, wanted), config)
    _tell_outcome(outcome, config, quiet=options["quiet"], verbose=options["verbose"])
    if options["report"] is not None:
        _write_report(Path(options["report"]), outcome, config)
    return int(options["strict"] and bool(outcome.complaints))


def check(file: str | None, now: str | None) -> int:
    """Name every problem of configuration and records."""
    config = _config(file)
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


def explain(file: str | None, now: str | None, record: str) -> None:
    """Say for each feed why a story is in it or not."""
    config = _config(file)
    reading = steps.gather(config, config.folder / config.output)
    planned = plan(reading.records, config, _now(now, config))
    name = shown(os.path.relpath(record or ".", config.folder))
    found = answers.look_up(record, name, planned, reading.complaints)
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
        show(answers.explain(one, planned))


def list_(file: str | None, now: str | None) -> None:
    """List the feeds a build would write."""
    config = _config(file)
    reading = steps.gather(config, config.folder / config.output)
    rows = plan(reading.records, config, _now(now, config)).listed()
    table = (
        (path, title, str(count), f"{newest:%Y-%m-%d %H:%M}" if newest else "-")
        for path, title, count, newest in rows
    )
    show(_table([("PATH", "TITLE", "ENTRIES", "NEWEST"), *table]))


def init(folder: str, name: str | None) -> None:
    """Write a starter feeds.yaml and a sample record."""
    # What the package holds is found by a library that is slow to import.
    from feeds.starter import start  # noqa: PLC0415

    name = configuration.NAME if name is None else name
    show(f"wrote {file}" for file in start(Path(folder), name))


def _config(given: str | None) -> Config:
    """Load the configuration named, or the nearest one in this folder or above."""
    if given is not None:
        return configuration.load(Path(given))
    for folder in (Path(), *Path.cwd().parents):
        if (folder / configuration.NAME).is_file():
            return configuration.load(folder / configuration.NAME)
    raise Mistake(
        f"no {configuration.NAME} here or above; `feeds init` writes one, -c names another"
    )


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

"""What each command does and says."""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from feeds import build as steps
from feeds import config as configuration
from feeds.config import Config
from feeds.errors import Mistake, Refused
from feeds.moment import EXPECTED, moment
from feeds.parse import ENDINGS
from feeds.record import Complaint
from feeds.terminal import progress, show, tell

_Done = TypeVar("_Done")


def build(
    file: str | None, output: str | None, now: str | None, options: dict[str, Any]
) -> int:
    """Read records, write the feeds that changed, and tell of it."""
    config = configured(file)
    folder = folder_of(output, config)
    when = time_given(now, config)
    how = {key: options[key] for key in ("wait", "force", "jobs")}
    seen = steps.unseen if options["quiet"] else progress
    wanted = steps.Options(**how, progress=seen)
    outcome = refusable(lambda: steps.build(config, folder, when, wanted), config)
    _tell_outcome(outcome, config, quiet=options["quiet"], verbose=options["verbose"])
    if options["report"] is not None:
        _write_report(Path(options["report"]), outcome, config)
    return int(options["strict"] and bool(outcome.complaints))


def init(folder: str, name: str | None) -> None:
    """Write a starter feeds.yaml and a sample record."""
    # What the package holds is found by a library that is slow to import.
    from feeds.starter import start  # noqa: PLC0415

    name = configuration.NAME if name is None else name
    show(f"wrote {file}" for file in start(Path(folder), name))


def configured(given: str | None) -> Config:
    """Load the configuration named, or the nearest one in this folder or above."""
    if given is not None:
        return configuration.load(Path(given))
    for folder in (Path(), *Path.cwd().parents):
        if (folder / configuration.NAME).is_file():
            return configuration.load(folder / configuration.NAME)
    raise Mistake(
        f"no {configuration.NAME} here or above; `feeds init` writes one, -c names another"
    )


def folder_of(given: str | None, config: Config) -> Path:
    """Give the output: -o, else the configuration's."""
    return config.folder / config.output if given is None else Path(given)


def time_given(given: str | None, config: Config) -> datetime:
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
    tell(place(complaint, config) for complaint in complaints)
    if quiet:
        return
    tell(outcome.strangers)
    tell(empties(outcome.usable, len(outcome.complaints), outcome.empties))
    if verbose:
        tell(f"wrote {path}" for path in outcome.written)
        tell(f"removed {path}" for path in outcome.removed)
    show([_summary(outcome)])


def empties(usable: int, rejected: int, empties: Iterable[str]) -> Iterable[str]:
    if usable:
        return empties
    if rejected:
        return ["no records: every one was rejected"]
    return [f"no records: no file in the sources ends in {', '.join(ENDINGS)}"]


def _summary(outcome: steps.Outcome) -> str:
    read = f"{count(outcome.read, 'record')} read, {count(outcome.drafts, 'draft')}"
    if outcome.complaints:
        read += f", {len(outcome.complaints)} rejected"
    if outcome.duplicates:
        read += f", {count(outcome.duplicates, 'duplicate')}"
    if not outcome.written and not outcome.removed:
        return f"{read}; nothing changed in {count(outcome.feeds_unchanged, 'feed')}"
    wrote = f"{count(outcome.feeds_written, 'feed')} written"
    rest = f"{outcome.feeds_unchanged} unchanged, {outcome.feeds_removed} removed"
    return f"{read}; {wrote}, {rest}"


def _report(outcome: steps.Outcome, config: Config) -> dict[str, Any]:
    rejected = [
        {"file": shown_here(one.file, config), "line": one.line, "reason": one.reason}
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


def refusable(act: Callable[[], _Done], config: Config) -> _Done:
    """Name the rejected records before a refusal: they may be why."""
    try:
        return act()
    except Refused as refused:
        tell(place(one, config) for one in refused.complaints)
        raise


def place(complaint: Complaint, config: Config) -> str:
    return f"{shown_here(complaint.file, config)}:{complaint.line}: {complaint.reason}"


def shown_here(file: str, config: Config) -> str:
    """Write a file's name as seen from this folder, so that an editor can open it."""
    return os.path.relpath(config.folder / file)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

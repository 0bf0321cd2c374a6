"""What each command does and says."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from feeds import build as steps
from feeds import config as configuration
from feeds import report
from feeds.config import Config
from feeds.errors import Mistake, Refused, Unreadable, Unwritable
from feeds.finding import Finding
from feeds.group import check
from feeds.moment import EXPECTED, moment
from feeds.parallel import Engine
from feeds.parse import ENDINGS
from feeds.record import Complaint
from feeds.remote.url import Where, flaw, is_url, url
from feeds.store import Store
from feeds.terminal import Message, progress, show, tell

_Done = TypeVar("_Done")


def build(
    file: str | None, output: str | None, now: str | None, options: dict[str, Any]
) -> int:
    """Read records, write the feeds that changed, and tell of it."""
    config = configured(file)
    outcome = refusable(lambda: built(config, output, now, options), config)
    say(outcome, None, config, options)
    push(config, output, options)
    is_strict = options["strict"] and bool(outcome.complaints)
    return int(is_strict or bool(outcome.unpublished))


def built(
    config: Config, output: str | None, now: str | None, options: dict[str, Any]
) -> steps.Outcome:
    """Build, with the options of the command."""
    when = time_given(now, config.zone)
    how = {key: options[key] for key in ("wait", "force", "jobs")}
    seen = steps.unseen if options["quiet"] else progress
    is_told = options["verbose"] and not options["quiet"]
    why = _explain_steps if is_told else steps.unsaid
    folder = folder_of(output, config)
    with _engine(options["cluster"]) as engine:
        wanted = steps.Options(**how, engine=engine, progress=seen, say=why)
        return steps.build(config, folder, when, wanted)


def _engine(cluster: str | None) -> AbstractContextManager[Engine | None]:
    """Give what works on a cluster, where one is named. Raises Mistake."""
    if cluster is None:
        return nullcontext()
    # Slow to import, and an extra.
    from feeds.cluster import connected  # noqa: PLC0415

    return connected(cluster)


def say(
    outcome: steps.Outcome,
    last: steps.Outcome | None,
    config: Config,
    options: dict[str, Any],
) -> None:
    """Say what a build did, to people and to programs; of it what the last did not say."""
    rejected = [_here(one, config) for one in outcome.complaints]
    done = report.summary(outcome, rejected)
    _tell_outcome(_new(outcome, last) if last else outcome, config, options)
    if not options["quiet"] and (not last or outcome.written or outcome.removed):
        show([Message(_summary(outcome), done)])
    options["reports"].done(str(config.file), outcome, done)


def _new(outcome: steps.Outcome, last: steps.Outcome) -> steps.Outcome:
    """Leave out of a build's messages those that the last one had."""
    return replace(
        outcome,
        complaints=outcome.news,
        findings=[one for one in outcome.findings if one not in last.findings],
        strangers=[one for one in outcome.strangers if one not in last.strangers],
        empties=[one for one in outcome.empties if one not in last.empties],
    )


def push(
    config: Config,
    output: str | None,
    options: dict[str, Any],
    *,
    only_news: bool = False,
) -> None:
    """Tell the hubs what changed; whatever comes of that, the build is done."""
    if not config.hubs or options["no_ping"]:
        return
    folder = folder_of(output, config)
    store = Store(config.file, folder)
    version = steps.target(folder, config, store).version
    try:
        with store.untold() as untold:
            wanted = untold.take(version, time.time())
        if not wanted:
            return
        # Slow to import, and mostly there is nothing to tell.
        from feeds.push import BUILD, deliver  # noqa: PLC0415

        results = deliver(store, config.site.url, wanted, BUILD)
        failing = [one.hub for one in results if one.missed]
        with store.untold() as untold:
            news = {hub for hub in failing if untold.warns(hub, time.time())}
    except (Unreadable, Unwritable) as error:
        tell([error])
        return
    for one in results:
        if one.hub in news or (one.missed and not only_news and not options["quiet"]):
            tell([f"{one.complaint}; later builds try again, for a week"])
        if one.taken and not options["quiet"]:
            show([one.success])


def _explain_steps(lines: Iterable[str]) -> None:
    tell(lines, "info")


def init(folder: str, name: str | None) -> None:
    """Write a starter feeds.yaml and a sample record."""
    # What the package holds is found by a library that is slow to import.
    from feeds.starter import start  # noqa: PLC0415

    name = configuration.NAME if name is None else name
    show(f"wrote {file}" for file in start(Path(folder), name))


def configured(given: str | None) -> Config:
    """Load the configuration named, or the nearest one in this folder or above."""
    config = configuration.load(Path(given) if given is not None else _nearest())
    check(config)
    return config


def _nearest() -> Path:
    for folder in (Path(), *Path.cwd().parents):
        if (folder / configuration.NAME).is_file():
            return folder / configuration.NAME
    raise Mistake(
        f"no {configuration.NAME} here or above; `feeds init` writes one, -c names another"
    )


def folder_of(given: str | None, config: Config) -> Where:
    """Give the output: -o, else the configuration's. Raises Mistake."""
    if given is not None and is_url(given) and (what := flaw(given, is_target=True)):
        raise Mistake(f"-o: {what}")
    wanted = config.output if given is None else given
    if is_url(wanted):
        return url(wanted)
    return config.folder / wanted if given is None else Path(given)


def time_given(given: str | None, zone: tzinfo) -> datetime:
    """The time of a build: --now, else SOURCE_DATE_EPOCH, else the clock."""
    if given is not None:
        if when := moment(given, zone):
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
    outcome: steps.Outcome, config: Config, options: dict[str, Any]
) -> None:
    # Where they end in a failure, they are told each time: none is without a word.
    is_once = options["quiet"] and not options["strict"]
    complaints = outcome.news if is_once else outcome.complaints
    tell(place(complaint, config) for complaint in complaints)
    unpublished = [_unpublished(one, outcome, config) for one in outcome.unpublished]
    tell(unpublished, "error")
    if options["quiet"]:
        return
    fresh = {*outcome.written}
    tell(located(one, outcome.folder) for one in outcome.findings if one.path in fresh)
    if options["verbose"]:
        _explain_steps(f"wrote {path}" for path in outcome.written)
        _explain_steps(f"removed {path}" for path in outcome.removed)
    tell(outcome.strangers)
    tell(empties(outcome.usable, len(outcome.complaints), outcome.empties))


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
    if outcome.unpublished:
        read += f"; {count(len(outcome.unpublished), 'document')} not published"
    elif not outcome.written and not outcome.removed:
        return f"{read}; nothing changed in {count(outcome.feeds_unchanged, 'feed')}"
    wrote = f"{count(outcome.feeds_written, 'feed')} written"
    rest = f"{outcome.feeds_unchanged} unchanged, {outcome.feeds_removed} removed"
    return f"{read}; {wrote}, {rest}"


def refusable(act: Callable[[], _Done], config: Config) -> _Done:
    """Name the rejected records before a refusal: they may be why."""
    try:
        return act()
    except Refused as refused:
        tell(place(one, config) for one in refused.complaints)
        raise


def place(complaint: Complaint, config: Config) -> Message:
    """Write a complaint for people who stand in this folder."""
    here = _here(complaint, config)
    fields = {"file": here.file, "line": here.line, "reason": here.reason}
    return Message(str(here), fields)


def located(found: Finding, folder: Where) -> Message:
    """Write what was found in a document for people who stand in this folder."""
    file = f"{folder}/{found.path}"
    if isinstance(folder, Path):
        file = os.path.relpath(folder / found.path)
    at = f"{file}:{found.line}" if found.line else file
    fields = {"file": file, "line": found.line, "reason": found.what}
    return Message(f"{at}: {found.what}", fields)


def _unpublished(found: Finding, outcome: steps.Outcome, config: Config) -> Message:
    """Say why a document was not published, and whose entry it was."""
    file, _, line = found.record.rpartition(":")
    of = f" (of {shown_here(file, config)}:{line})" if file else ""
    what = f"not published: {found.what}{of}; this is a bug, please report it"
    # Nobody has the document to look at its lines.
    return located(found._replace(what=what, line=0), outcome.folder)


def _here(complaint: Complaint, config: Config) -> Complaint:
    return replace(complaint, file=shown_here(complaint.file, config))


def shown_here(file: str, config: Config) -> str:
    """Write a file's name as seen from this folder, so that an editor can open it."""
    if is_url(file):
        return file
    return os.path.relpath(config.folder / file)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

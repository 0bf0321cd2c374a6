"""One build: feeds.yaml and records in, output/ and the state out, step by step."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from feeds.compare import Difference, compare
from feeds.config import Config
from feeds.errors import Refused
from feeds.plan import Plan, configured, plan
from feeds.read import find, places, read
from feeds.record import Complaint, Record
from feeds.render import Document
from feeds.store import State, Store
from feeds.write import Output, feeds_of

FEW = 10
"""Taking away fewer feeds or records than this is never refused, unless none is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the sources held."""

    records: tuple[Record, ...]
    complaints: tuple[Complaint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a build did, by path; `news` are the complaints not made before."""

    reading: Reading
    plan: Plan
    news: tuple[Complaint, ...]
    strangers: tuple[str, ...]
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a build would do: entries by feed, and the documents it would remove."""

    reading: Reading
    plan: Plan
    strangers: tuple[str, ...]
    differences: Mapping[str, Difference]
    removed: tuple[str, ...]


def gather(config: Config, output: Path) -> Reading:
    """Read every record. Raises Mistake where a source is missing."""
    files = find(places(config, output), config, output)
    found = list(read(files, config.folder, config.zone))
    return Reading(
        records=tuple(item for item in found if isinstance(item, Record)),
        complaints=tuple(item for item in found if isinstance(item, Complaint)),
    )


def build(
    config: Config, output: Path, now: datetime, *, wait: float, force: bool
) -> Outcome:
    """Publish what the records come to.

    Raises Mistake, Locked, Refused (nothing is changed then) and Unwritable.
    """
    started = time.monotonic()
    places(config, output)
    folder, store = Output(output), Store(config.file, output)
    with folder.locked(wait):
        reading = gather(config, output)
        planned = plan(reading.records, config, now)
        documents = {document.path: document for document in planned.documents()}
        last = store.load()
        state = last or _found(folder, store, config)
        if not force:
            guard(state, planned, reading)
        folder.check(documents)
        if documents.keys() - state.documents:
            store.save(replace(state, pending=state.pending | documents.keys()))
        written = [
            path
            for path, one in documents.items()
            if folder.replace(path, one.render())
        ]
        removed = [
            path for path in _stale(state, store, documents) if folder.remove(path)
        ]
        after = State(
            output=store.output,
            documents=frozenset(documents),
            ids=frozenset(planned.ids),
            complaints={str(one): one.digest for one in reading.complaints},
            names=frozenset((state.names | planned.names()) & configured(config)),
        )
        if after != last:
            store.save(after)
    return Outcome(
        reading=reading,
        plan=planned,
        news=tuple(one for one in reading.complaints if _is_news(one, state)),
        strangers=tuple(planned.strangers(state.names)),
        written=tuple(written),
        unchanged=tuple(documents.keys() - set(written)),
        removed=tuple(removed),
        seconds=time.monotonic() - started,
    )


def preview(config: Config, output: Path, now: datetime, *, force: bool) -> Preview:
    """Tell what a build would show subscribers, feed by feed, and change nothing.

    Raises Mistake and Refused.
    """
    reading = gather(config, output)
    planned = plan(reading.records, config, now)
    documents = {document.path: document for document in planned.documents()}
    folder, store = Output(output), Store(config.file, output)
    state = store.load() or _found(folder, store, config)
    if not force:
        guard(state, planned, reading)
    return Preview(
        reading=reading,
        plan=planned,
        strangers=tuple(planned.strangers(state.names)),
        differences=dict(sorted(_differences(folder, state, documents))),
        removed=tuple(_stale(state, store, documents)),
    )


def known(config: Config, output: Path) -> frozenset[str]:
    """Name the configured topics and providers that some record has had."""
    state = Store(config.file, output).load()
    return state.names if state else frozenset()


def guard(state: State, planned: Plan, reading: Reading) -> None:
    """Refuse a build that would take away most feeds or records of the last one."""
    feeds = {feed.path for feed in planned.feeds}
    for what, before, after in (
        ("feeds", feeds_of(state.documents), feeds),
        ("records", state.ids, planned.ids),
    ):
        lost = before - after
        if 2 * len(lost) > len(before) and (len(lost) >= FEW or not after):
            raise Refused(
                f"refused: this build would take away {len(lost)} of {len(before)} {what}"
                f" of the last one; nothing was changed. Look after the {what},"
                " or give --force if it is meant.",
                reading.complaints,
            )


def _found(folder: Output, store: Store, config: Config) -> State:
    """Make up for a state that is lost: what says it is ours, and is nobody else's."""
    ours = folder.ours(config.site.url) - store.others()
    return State(output=store.output, documents=frozenset(ours))


def _stale(state: State, store: Store, documents: Iterable[str]) -> list[str]:
    known = state.documents | state.pending
    return sorted(known.difference(documents, store.others()))


def _differences(
    folder: Output, state: State, documents: Mapping[str, Document]
) -> Iterator[tuple[str, Difference]]:
    feeds: dict[str, list[Document]] = {}
    for document in documents.values():
        feeds.setdefault(document.feed.path, []).append(document)
    for name, formats in feeds.items():
        # One format tells for all, but one that is new says nothing of the others.
        before = [one for one in formats if folder.current(one.path) is not None]
        chosen = (before or formats)[0]
        yield name, compare(folder.current(chosen.path), chosen.render())
    gone = {path.rpartition(".")[0]: path for path in sorted(state.documents)}
    for name in gone.keys() - feeds.keys():
        yield name, compare(folder.current(gone[name]), None)


def _is_news(complaint: Complaint, state: State) -> bool:
    return state.complaints.get(str(complaint)) != complaint.digest

"""One build: feeds.yaml and records in, output/ and the state out, step by step."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from feeds import store
from feeds.compare import Difference, compare
from feeds.config import Config
from feeds.errors import Refused
from feeds.plan import Plan, configured, plan
from feeds.read import find, places, read
from feeds.record import Complaint, Record
from feeds.render import Document
from feeds.store import State
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
    folder = Output(output)
    state_file = store.place(config.folder, config.file, output)
    with folder.locked(wait):
        reading = gather(config, output)
        planned = plan(reading.records, config, now)
        documents = list(planned.documents())
        last = store.load(state_file)
        state = last or State(documents=frozenset(folder.ours(config.site.url)))
        if not force:
            guard(state, planned, documents)
        paths = frozenset(document.path for document in documents)
        stale = (state.documents | state.pending) - paths
        if paths - state.documents:
            store.save(state_file, replace(state, pending=state.pending | paths))
        written = [
            one.path for one in documents if folder.replace(one.path, one.render())
        ]
        removed = [path for path in sorted(stale) if folder.remove(path)]
        after = State(
            documents=paths,
            ids=frozenset(planned.ids),
            complaints={str(one): one.digest for one in reading.complaints},
            names=frozenset((state.names | planned.names()) & configured(config)),
        )
        if after != last:
            store.save(state_file, after)
    return Outcome(
        reading=reading,
        plan=planned,
        news=tuple(one for one in reading.complaints if _is_news(one, state)),
        strangers=tuple(planned.strangers(state.names)),
        written=tuple(written),
        unchanged=tuple(sorted(paths - set(written))),
        removed=tuple(removed),
        seconds=time.monotonic() - started,
    )


def preview(
    config: Config, output: Path, now: datetime, *, force: bool
) -> tuple[Plan, Reading, list[tuple[str, Difference]]]:
    """Tell what a build would show subscribers, feed by feed, and change nothing.

    Raises Mistake and Refused.
    """
    reading = gather(config, output)
    planned = plan(reading.records, config, now)
    documents = list(planned.documents())
    folder = Output(output)
    state = store.load(store.place(config.folder, config.file, output))
    state = state or State(documents=frozenset(folder.ours(config.site.url)))
    if not force:
        guard(state, planned, documents)
    return (
        planned,
        reading,
        sorted(_differences(folder, state, documents), key=itemgetter(0)),
    )


def guard(state: State, planned: Plan, documents: Sequence[Document]) -> None:
    """Refuse a build that would take away most feeds or records of the last one."""
    feeds = feeds_of(state.documents), {document.feed.path for document in documents}
    for what, (before, after) in (
        ("feeds", feeds),
        ("records", (state.ids, planned.ids)),
    ):
        lost = before - after
        if 2 * len(lost) > len(before) and (len(lost) >= FEW or not after):
            raise Refused(
                f"refused: this build would take away {len(lost)} of {len(before)} {what}"
                f" of the last one; nothing was changed. Look after the {what},"
                " or give --force if it is meant."
            )


def _differences(
    folder: Output, state: State, documents: Sequence[Document]
) -> Iterator[tuple[str, Difference]]:
    feeds: dict[str, list[Document]] = {}
    for document in documents:
        feeds.setdefault(document.feed.path, []).append(document)
    for name, formats in feeds.items():
        # One format tells for all, but one that is new says nothing of the others.
        known = [one for one in formats if folder.current(one.path) is not None]
        chosen = (known or formats)[0]
        yield name, compare(folder.current(chosen.path), chosen.render())
    gone = {path.rpartition(".")[0]: path for path in sorted(state.documents)}
    for name in gone.keys() - feeds.keys():
        yield name, compare(folder.current(gone[name]), None)


def _is_news(complaint: Complaint, state: State) -> bool:
    return state.complaints.get(str(complaint)) != complaint.digest

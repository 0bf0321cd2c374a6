"""One build: feeds.yaml and records in, output/ and the state out, step by step.

Only files that changed are read, only feeds they touched are looked at again, and only
documents whose bytes differ are written. `plan` says in one piece what comes of it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from feeds.assess import Rulebook, Sheet, parts
from feeds.config import Config
from feeds.errors import FeedsError, Refused
from feeds.feed import Entry
from feeds.finding import Finding
from feeds.fingerprint import salt
from feeds.fragments import Fragment, fit, rendered, tried
from feeds.group import path_of, strangers
from feeds.listing import PATHS
from feeds.media import UNKNOWN, Measured
from feeds.parallel import Engine, cpus, spread, stream
from feeds.pictures import Memory, opened
from feeds.publish import Publisher, Work
from feeds.read import each
from feeds.record import Complaint
from feeds.remote.url import Where
from feeds.render.forms import recall
from feeds.select import why
from feeds.store import SITE, UNFIT, Counts, Damaged, Done, Ledger, Store, Written
from feeds.survey import changed, check, survey
from feeds.write import Output, Target, feeds_of

FEW = 10
"""Taking away fewer feeds or records than this is never refused, unless none is left."""

CHUNK = 200
"""How many files a worker reads before it tells."""

ALONE = 400
"""So few files are read without workers."""

BATCH = 25
"""How many feeds are rendered together: what they share is rendered once."""

FEW_FEEDS = 100
"""So few feeds are written without workers."""

MANY = 400
"""How many feeds are rendered together on an engine."""

ENTRIES = 200
"""How many entries are rendered in one step there."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]
"""Told what is done, and how much there is of it; gives what is told of each step."""


Say = Callable[[Iterable[str]], object]
"""Told in words what is done and why; makes no words where nobody wants them."""


def unsaid(_lines: Iterable[str]) -> None:
    """Say nothing."""


def unseen(_doing: str, _total: int) -> AbstractContextManager[Callable[[int], object]]:
    """Show no progress."""
    return nullcontext(lambda _done: None)


class Outcome(Struct, frozen=True, kw_only=True):
    """What a build did.

    `usable` counts the records that are not rejected. `news` are the complaints not made
    before; `written` and `removed` are documents, the numbers after them feeds. `entries`
    counts what stands in all feeds together, `newest` is the time of the newest of it.
    `findings` are about documents; one that is not light kept its document from being
    published.
    """

    read: int
    drafts: int
    usable: int
    duplicates: int
    complaints: Sequence[Complaint]
    news: Sequence[Complaint]
    strangers: Sequence[str]
    empties: Sequence[str]
    written: Sequence[str]
    removed: Sequence[str]
    feeds_written: int
    feeds_unchanged: int
    feeds_removed: int
    entries: int
    newest: datetime | None
    seconds: float
    folder: Where
    findings: Sequence[Finding]

    @property
    def unpublished(self) -> list[Finding]:
        return [one for one in self.findings if not one.is_light]


class Options(Struct, frozen=True, kw_only=True):
    """How to build: seconds to wait for another build, past the drop guard, processes.

    `engine` does the reading and rendering of everything, elsewhere, in their stead.
    `progress` is told of "reading", counted in files, and of "writing", in feeds; `say` of
    every file and feed, and why.
    """

    wait: float = 60
    force: bool = False
    jobs: int | None = None
    engine: Engine | None = None
    progress: Progress = unseen
    say: Say = unsaid

    @property
    def processes(self) -> int:
        return self.jobs or cpus()


def build(config: Config, output: Where, now: datetime, options: Options) -> Outcome:
    """Publish what the records come to.

    Raises Mistake, Locked, Refused (nothing is changed then), Unwritable and Unreadable.
    """
    check(config, output)
    store = Store(config.file, output)
    folder = target(output, config, store)
    with folder.locked(options.wait):
        try:
            return _build(config, folder, now, options, store)
        except Damaged as damaged:
            options.say([f"state is damaged, begun anew: {damaged}"])
            store.discard()
        try:
            return _build(config, folder, now, options, store)
        except Damaged as damaged:
            # No state has had the time to be damaged.
            what = "this is a bug, please report it"
            raise FeedsError(f"{damaged}, with a new state too; {what}") from damaged


def target(output: Where, config: Config, store: Store) -> Target:
    """Choose how documents are put where they go. Raises Mistake."""
    if isinstance(output, Path):
        return Output(output)
    from feeds.remote.target import Folder  # noqa: PLC0415  (few publish to stores)

    return Folder(output, store, config.cache_seconds)


def guard(
    what: str, before: int, lost: int, after: int, complaints: Sequence[Complaint]
) -> None:
    """Refuse a build that would take away most feeds or records of the last one."""
    if 2 * lost > before and (lost >= FEW or not after):
        raise Refused(
            f"refused: this build would take away {lost} of {before} {what}"
            f" of the last one; nothing was changed. Look after the {what},"
            " or give --force if it is meant.",
            complaints,
        )


class _Run(NamedTuple):
    """What every step of a build works with."""

    options: Options
    store: Store
    folder: Target
    ledger: Ledger
    book: Rulebook

    @property
    def config(self) -> Config:
        return self.book.config


def _build(
    config: Config, folder: Target, now: datetime, options: Options, store: Store
) -> Outcome:
    started = time.monotonic()
    # What an engine reads stays there, for the most part: no build can go on from it.
    state = "" if options.engine else salt(config)
    with store.opened(state, int(now.timestamp())) as ledger:
        run = _Run(options, store, folder, ledger, Rulebook(config, now))
        before = _last_documents(run)
        is_read = _read_all(run) if options.engine else _read_changes(run)
        work = Work(ledger, run.book, folder, before)
        complaints, told = ledger.complaints(), ledger.told()
        stale = sorted(work.stale() - store.others())
        if (is_read or stale) and not options.force:
            _guard(ledger, work, complaints)
        sizes = _sizes(work, run) if config.measure_images else {}
        done, removed = _write(work, stale, run, sizes) if work or stale else ([], [])
        written = [path for one in done for path in one.written]
        findings = [found for one in done for found in one.findings]
        if config.hubs:
            with store.untold() as untold:
                untold.note(config.hubs, folder.version, time.time())
        if is_read or work or stale:
            ledger.finish(complaints)
        counts = ledger.counts()
        touched = [*written, *(one.path for one in findings if not one.is_light)]
        return Outcome(
            read=counts.read,
            drafts=counts.drafts,
            usable=counts.usable,
            duplicates=counts.usable - counts.stories,
            complaints=complaints,
            news=[one for one in complaints if told.get(str(one)) != one.digest],
            strangers=[*strangers(config, ledger.names())],
            empties=sorted(_empties(ledger, run.book)),
            written=written,
            removed=removed,
            feeds_written=work.feeds(written),
            feeds_unchanged=ledger.feeds() - work.feeds(touched),
            feeds_removed=len(feeds_of(removed) - work.paths()),
            entries=ledger.entries(),
            newest=ledger.newest(),
            seconds=time.monotonic() - started,
            folder=folder.place,
            findings=findings,
        )


def _last_documents(run: _Run) -> dict[str, Written]:
    """Give what the last build wrote; a lost state is made up for by what says it is ours."""
    if run.ledger.had_output:
        return run.ledger.documents()
    ours = run.folder.ours(run.config.site.url) - run.store.others()
    return dict.fromkeys(ours, Written(SITE, (), b""))


def _read_changes(run: _Run) -> bool:
    """Bring the ledger up to date with the sources; tell whether there was anything."""
    ledger, options = run.ledger, run.options
    before = ledger.folders()
    seen = survey(run.config, run.folder.place, before, options.processes)
    again, gone = changed(before, seen)
    woken = set(ledger.woken()) - set(gone)
    again = sorted({*again, *woken})
    if ledger.is_kept and not again and not gone:
        return False
    options.say(_reasons(again, gone, woken, ledger))
    ledger.forget([*again, *gone])
    chunks = [again[at : at + CHUNK] for at in range(0, len(again), CHUNK)]
    work = partial(_assessed, book=run.book)
    jobs = options.processes if len(again) > ALONE else 1
    with options.progress("reading", len(again)) as advance:
        for sheets in stream(lambda: work, chunks, jobs):
            ledger.take(sheets)
            advance(sum(not sheet.part for sheet in sheets))
    ledger.settle(seen.folders, run.book.promised)
    return True


def _read_all(run: _Run) -> bool:
    """Bring what is published of all records into the ledger."""
    # No other build needs it.
    from feeds.harvest import Site, harvest  # noqa: PLC0415
    from feeds.part import sheets  # noqa: PLC0415

    ledger, options, book = run.ledger, run.options, run.book
    assert options.engine
    # Workers have folders of their own.
    config = replace(run.config, file=run.config.file.absolute())
    place = run.folder.place
    output = place.absolute() if isinstance(place, Path) else place
    site = Site(config, output, book.now)
    whole, stories = harvest(options.engine, site, options.progress)
    ledger.take([*sheets(whole)])
    ledger.count_votes(whole.votes)
    counts = Counts(whole.read, whole.drafts, whole.usable, stories)
    ledger.settle({}, book.promised, counts)
    return True


def _sizes(work: Work, run: _Run) -> Mapping[str, Measured]:
    """Measure the pictures that are due, and look again at feeds that say otherwise.

    Gives what is known then of all pictures in feeds.
    """
    ledger, now = run.ledger, int(run.book.now.timestamp())
    if work:
        _promise(work, run)
    said = ledger.pictures()
    publisher = Publisher(run.folder, ledger, run.book, work, rendered, {})
    urls = [url for place in work.dirty.items() for url in publisher.pictures(*place)]
    clean = work.alive - work.dirty.keys()
    standing = {key: one for key, one in said.items() if key in clean}
    urls += [url for one in standing.values() for url in one]
    with opened(run.store.folder, now) as memory:
        memory.adopt(said.values())
        if due := memory.due(urls):
            memory.prune(urls)
            _measure(due, memory, run)
        sizes = memory.sizes(urls)
    places = {key: place for place, key in ledger.places.items()}
    for key, one in standing.items():
        if any(sizes.get(url, UNKNOWN) != size for url, size in one.items()):
            work.add(key, places[key], "a picture was measured")
    return sizes


def _measure(due: Sequence[str], memory: Memory, run: _Run) -> None:
    # Only now: it takes as long to import as a build with nothing to do.
    from feeds.measure import measure  # noqa: PLC0415

    options = run.options
    with options.progress("measuring", len(due)) as advance:
        measure(due, memory, run.config.site.home, options.say, advance)


def _promise(work: Work, run: _Run) -> None:
    """Keep what was read, and note what is going to be done because of it."""
    run.folder.check(work.documents)
    if run.config.hubs:
        with run.store.untold() as untold:
            untold.expect(work.advertised(), run.folder.version)
    promised = [*work.dirty, *work.gone]
    found = {} if run.ledger.had_output else work.before
    run.ledger.promise(promised, work.documents, found)


def _write(
    work: Work, stale: list[str], run: _Run, sizes: Mapping[str, Measured]
) -> tuple[list[Done], list[str]]:
    """Write what differs and remove what is stale; tell what was done and removed."""
    folder, ledger = run.folder, run.ledger
    _promise(work, run)
    done = _stamped(_published(work, run, sizes), folder)
    if vanished := work.vanished(done):
        stale = sorted({*stale, *vanished - run.store.others()})
    ledger.keep(done)
    ledger.forget_places(work.gone, stale)
    if run.config.pages:
        done += _stamped([_listed(run)], folder)
        ledger.keep(done[-1:])
    removed = [path for path in stale if folder.remove(path)]
    folder.finish()
    return done, removed


def _stamped(done: Iterable[Done], folder: Target) -> list[Done]:
    """See that documents stand; a store says only then what it has of them."""
    written = [*done]
    folder.finish()
    return [
        one._replace(
            documents=[
                (path, old._replace(stamp=old.stamp or folder.stamp(path) or ()))
                for path, old in one.documents
            ]
        )
        for one in written
    ]


def _reasons(
    again: Iterable[str], gone: Iterable[str], woken: set[str], ledger: Ledger
) -> Iterator[str]:
    """Say why files are read."""
    if ledger.why_anew:
        yield f"state is begun anew: {ledger.why_anew}"
    for file in again:
        reason = "it changed" if ledger.knows(file) else "it is new"
        yield f"read {file}: {'it is due' if file in woken else reason}"
    yield from (f"forgot {file}: it is gone" for file in gone)


def _assessed(files: Sequence[str], book: Rulebook) -> Iterator[list[Sheet]]:
    """Read files and see where their records stand; give no more at a time than may be held."""
    config = book.config
    how = config.folder, config.zone, config.max_record_size, config.fields
    sheets: list[Sheet] = []
    for file, found in each(files, *how):
        for sheet in parts(file, found, book):
            if sheet.part:
                yield sheets
                sheets = []
            sheets.append(sheet)
    yield sheets


def _published(work: Work, run: _Run, sizes: Mapping[str, Measured]) -> Iterator[Done]:
    """Write the feeds that have to be looked at."""
    options = run.options
    recall(run.ledger.forms())
    places = [*work.dirty.items()]
    batch = MANY if options.engine else BATCH
    tasks = [places[at : at + batch] for at in range(0, len(places), batch)]
    render = partial(_rendered, engine=options.engine) if options.engine else rendered

    def here() -> Publisher:
        return Publisher(run.folder, run.ledger, run.book, work, render, sizes)

    def elsewhere() -> Publisher:
        # No connection to the state lives through a fork; what it reads is committed.
        ledger = run.store.reopened(run.ledger)
        folder = target(run.folder.place, run.config, run.store)
        return Publisher(folder, ledger, run.book, work, rendered, sizes)

    options.say(work.reasons())
    is_large = len(places) > FEW_FEEDS and run.folder.is_near and not options.engine
    jobs = min(options.processes, len(tasks)) if is_large else 1
    with options.progress("writing", len(places)) as advance:
        for done in spread(here if jobs == 1 else elsewhere, tasks, jobs):
            advance(len(done))
            yield from done


def _rendered(name: str, entries: Sequence[Entry], engine: Engine) -> list[Fragment]:
    """Render and judge entries on an engine."""
    parts = [entries[at : at + ENTRIES] for at in range(0, len(entries), ENTRIES)]
    found = engine.fetch(engine.map(rendered, [name] * len(parts), parts))
    return [fragment for part in found for fragment in part]


def _listed(run: _Run) -> Done:
    """Write what lists all feeds."""
    # Slow to import, and may be off.
    from feeds.render import site  # noqa: PLC0415
    from feeds.validate import validate  # noqa: PLC0415

    folder, told, listings = run.folder, run.config.site, run.ledger.listings().values()
    documents = tried(lambda: site.documents(told, listings))
    if isinstance(documents, str):
        lost = [(path, Written(SITE, UNFIT, b"")) for path in PATHS]
        return Done(SITE, 0, None, lost, [], findings=[Finding(PATHS[0], 0, documents)])
    kept, written, findings = [], [], []
    for path, text in documents.items():
        # What stands there need not be judged again, but at a store it costs a request.
        is_same = folder.is_near and folder.current(path) == text
        found = [] if is_same else validate(path, text, told.url + path)
        document, said = fit(text, found)
        findings += said
        if document and not is_same and folder.replace(path, document):
            written.append(path)
        stamp = (folder.stamp(path) or ()) if document else UNFIT
        kept.append((path, Written(SITE, stamp, b"")))
    return Done(SITE, 0, None, kept, written, findings=findings)


def _guard(ledger: Ledger, work: Work, complaints: Sequence[Complaint]) -> None:
    # Feeds go because of records, so these are named first.
    left = ledger.counts().usable
    guard("records", ledger.known_ids, ledger.lost(), left, complaints)
    feeds, after = feeds_of(work.before), work.paths()
    guard("feeds", len(feeds), len(feeds - after), len(after), complaints)


def _empties(ledger: Ledger, book: Rulebook) -> Iterator[str]:
    """Say of each feed without entries why it has none."""
    for key, place in ledger.empty_places():
        counts = ledger.briefs(key)
        if too_old := ledger.shelved(key):
            counts[f"older than {book.desk(place).rules.max_age}"] += too_old
        yield f"{path_of(place, book.config)}: no entries: {why(counts)}"

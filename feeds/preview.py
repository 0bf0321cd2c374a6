"""What a build would do, told without doing it: from the whole of the records, every time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from feeds.build import guard, target
from feeds.compare import Difference, compare
from feeds.config import Config
from feeds.group import strangers
from feeds.media import Measured
from feeds.pictures import remembered
from feeds.plan import Plan, plan
from feeds.read import read
from feeds.record import Complaint, Record
from feeds.remote.url import Where
from feeds.render import Document
from feeds.store import FOLDER, Store
from feeds.survey import survey
from feeds.write import Target, feeds_of


class Reading(Struct, frozen=True, kw_only=True):
    """What the sources held."""

    records: tuple[Record, ...]
    complaints: tuple[Complaint, ...]


class Preview(Struct, frozen=True, kw_only=True):
    """What a build would do: entries by feed, and the documents it would remove."""

    reading: Reading
    plan: Plan
    strangers: Sequence[str]
    differences: Mapping[str, Difference]
    removed: Sequence[str]


def gather(config: Config, output: Where) -> Reading:
    """Read every record. Raises Mistake where a source is missing."""
    files = survey(config, output, {}, 1).files()
    how = config.folder, config.zone, config.max_record_size, config.fields
    found = list(read(files, *how))
    return Reading(
        records=tuple(item for item in found if isinstance(item, Record)),
        complaints=tuple(item for item in found if isinstance(item, Complaint)),
    )


def preview(config: Config, output: Where, now: datetime, *, force: bool) -> Preview:
    """Tell what a build would show subscribers, feed by feed, and change nothing.

    Raises Mistake and Refused.
    """
    reading = gather(config, output)
    planned = plan(reading.records, config, now, sizes(config))
    documents = {document.path: document for document in planned.documents()}
    store = Store(config.file, output)
    folder = target(output, config, store)
    before = store.documents() or folder.ours(config.site.url) - store.others()
    if not force:
        feeds, ids = feeds_of(before), store.ids()
        after = feeds_of(documents)
        lost = len(ids - planned.ids)
        guard("records", len(ids), lost, len(planned.ids), reading.complaints)
        guard("feeds", len(feeds), len(feeds - after), len(after), reading.complaints)
    return Preview(
        reading=reading,
        plan=planned,
        strangers=[*strangers(config, planned.names() | store.names())],
        differences=dict(sorted(_differences(folder, before, documents))),
        removed=sorted(
            before - documents.keys() - planned.site().keys() - store.others()
        ),
    )


def sizes(config: Config) -> Mapping[str, Measured]:
    """Give what is known of pictures, by address, where feeds are to say it."""
    if not config.measure_images:
        return {}
    return remembered(config.folder / FOLDER)


def known(config: Config, output: Where) -> frozenset[str]:
    """Name the configured topics and providers that some record has had."""
    return Store(config.file, output).names()


def _differences(
    folder: Target, known: Iterable[str], documents: Mapping[str, Document]
) -> Iterator[tuple[str, Difference]]:
    feeds: dict[str, list[Document]] = {}
    for document in documents.values():
        feeds.setdefault(document.address, []).append(document)
    for name, formats in feeds.items():
        # One format tells for all, but one that is new says nothing of the others.
        before = [one for one in formats if folder.stamp(one.path) is not None]
        chosen = (before or formats)[0]
        yield name, compare(folder.current(chosen.path), chosen.render())
    gone = {path.rpartition(".")[0]: path for path in sorted(known)}
    for name in gone.keys() - feeds.keys():
        yield name, compare(folder.current(gone[name]), None)

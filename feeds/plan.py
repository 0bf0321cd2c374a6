"""The pipeline as one function: records in, what to publish out; no file is touched."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from feeds import group
from feeds.address import domain
from feeds.config import Config
from feeds.feed import Feed
from feeds.frontmatter import Path
from feeds.group import Library, Shelf
from feeds.record import Record
from feeds.render import Document, documents
from feeds.select import Candidate, candidate, moment_of


@dataclass(frozen=True)
class Plan:
    """What a set of records comes to under a configuration at a moment."""

    config: Config
    now: datetime
    candidates: Sequence[Candidate]

    @cached_property
    def library(self) -> Library:
        return Library(self.config, self.now, self.candidates)

    @cached_property
    def shelves(self) -> list[Shelf]:
        return self.library.shelves()

    @cached_property
    def feeds(self) -> list[Feed]:
        return list(group.build(self.shelves, self.candidates, self.config))

    @cached_property
    def ids(self) -> set[str]:
        """The stories there are, published or not."""
        return {one.id for one in self.candidates}

    def listed(self) -> Iterator[tuple[str, str, int, datetime | None]]:
        """Give path, title, number of entries and the newest one's time of each feed."""
        shown = group.names(self.shelves, self.candidates, self.config)
        for shelf in self.shelves:
            entries = shelf.selection.entries
            newest = moment_of(shelf.rules)(entries[0]) if entries else None
            title = group.feed(shelf, (), shown, self.config).title
            yield shelf.path, title, len(entries), newest

    def documents(self) -> Iterator[Document]:
        return documents(self.feeds)

    def empties(self) -> Iterator[str]:
        """Say of each feed without entries why it has none."""
        for shelf in self.shelves:
            if not shelf.selection.entries:
                yield f"{shelf.path}: no entries: {_why(shelf)}"

    def names(self) -> set[str]:
        """Name the topics and providers that records have: `topic ai`, `provider x.org`."""
        return {
            name
            for one in self.candidates
            for name in (
                f"provider {one.record.provider}",
                *(f"topic {key}" for key in one.topics),
            )
        }

    def strangers(self, known: Iterable[str] = ()) -> Iterator[str]:
        """Warn of each configured name that is neither in a record nor known before."""
        names = {*self.names(), *known}
        for at, key, what in _configured(self.config):
            if f"{what} {key}" not in names:
                line = self.config.line(at)
                yield f"{self.config.file}:{line}: {at[-1]}: no record has ever had this {what}"


def plan(records: Iterable[Record], config: Config, now: datetime) -> Plan:
    """See records through a configuration; the rest follows when it is asked for."""
    return Plan(config, now, [candidate(record, config, now) for record in records])


def configured(config: Config) -> set[str]:
    """Name the topics and providers of the configuration, as a plan does."""
    return {f"{what} {key}" for _at, key, what in _configured(config)}


def _configured(config: Config) -> Iterator[tuple[Path, str, str]]:
    """Give each name of feeds.yaml that should meet records: where, its key, its kind."""
    for name in config.topic_names:
        yield ("topics", name), config.topic(name), "topic"
    for name in config.provider_names:
        yield ("providers", name), domain(name) or "", "provider"
    for index, feed in enumerate(config.feeds):
        for number, name in enumerate(feed.only or ()):
            at: Path = ("feeds", index, "only", number, name)
            if group.is_host(name, config, config.kinds(feed)):
                yield at, domain(name) or "", "provider"
            else:
                yield at, config.topic(name), "topic"


def _why(shelf: Shelf) -> str:
    counts = Counter(refusal.brief for _one, refusal in shelf.selection.refused)
    total = sum(counts.values())
    read = f"{total} record{'' if total == 1 else 's'} read"
    return ", ".join(
        [read, *(_counted(number, brief) for brief, number in counts.items())]
    )


def _counted(number: int, brief: str) -> str:
    if number == 1:
        return f"1 is {'a draft' if brief == 'drafts' else brief}"
    return f"{number} are {brief}"

"""The pipeline as one function: records in, what to publish out; no file is touched."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain

from msgspec import Struct

from feeds import group
from feeds.config import Config
from feeds.feed import Feed
from feeds.group import Library, Shelf, family_of
from feeds.listing import listing
from feeds.media import Measured
from feeds.record import Record
from feeds.render import Document, documents
from feeds.select import Candidate, candidate, moment_of, why


class Plan(Struct, frozen=True, dict=True):
    """What a set of records comes to under a configuration at a moment.

    `sizes` is what is known of pictures, by address.
    """

    config: Config
    now: datetime
    candidates: Sequence[Candidate]
    sizes: Mapping[str, Measured] = {}

    @cached_property
    def library(self) -> Library:
        return Library(self.config, self.now, self.candidates)

    @cached_property
    def shelves(self) -> list[Shelf]:
        return self.library.shelves()

    @cached_property
    def histories(self) -> list[tuple[Feed, ...]]:
        """Give each feed, followed by its archive documents."""
        return list(group.build(self.shelves, self.candidates, self.config, self.sizes))

    @property
    def feeds(self) -> list[Feed]:
        return [feed for feed, *_archive in self.histories]

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
            title = group.feed(shelf.place, shelf.rules, shown, self.config).title
            yield shelf.path, title, len(entries), newest

    def documents(self) -> Iterator[Document]:
        return documents(chain.from_iterable(self.histories))

    def site(self) -> dict[str, bytes]:
        """Give the documents of the whole site, by path."""
        if not self.config.pages:
            return {}
        from feeds.render import site  # noqa: PLC0415  (slow to import)

        listings = (
            listing(
                feed,
                family_of(shelf.place),
                (int(one.published.timestamp()) for one in feed.entries),
            )
            for shelf, feed in zip(self.shelves, self.feeds, strict=True)
        )
        return site.documents(self.config.site, listings)

    def empties(self) -> Iterator[str]:
        """Say of each feed without entries why it has none."""
        for shelf in self.shelves:
            if not shelf.selection.entries:
                briefs = (refusal.brief for _one, refusal in shelf.selection.refused)
                yield f"{shelf.path}: no entries: {why(Counter(briefs))}"

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


def plan(
    records: Iterable[Record],
    config: Config,
    now: datetime,
    sizes: Mapping[str, Measured] | None = None,
) -> Plan:
    """See records through a configuration; the rest follows when it is asked for."""
    candidates = [candidate(record, config, now) for record in records]
    return Plan(config, now, candidates, sizes or {})

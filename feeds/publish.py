"""Touched feeds into documents: what an entry looks like is made once and used again.

A document that stands as it was written is where its entries are found again; what is not
found there is rendered, and judged once it is. What is not fit to publish costs only the
documents it is in: what stood there stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice, product
from typing import NamedTuple
from zlib import crc32

import msgspec
from msgspec.structs import replace

from feeds import shape
from feeds.assess import Rulebook, decode
from feeds.errors import Mistake
from feeds.feed import ARCHIVE, EMPTY, FEEDS, Entry, Feed, archived, month_in
from feeds.finding import Finding
from feeds.fragments import Fragments, Renderer, tried
from feeds.group import (
    Names,
    Place,
    addresses,
    entry,
    family_of,
    feed,
    formats_of,
    path_of,
    pictured,
    spelling,
)
from feeds.listing import PATHS, listing
from feeds.media import UNKNOWN, Measured
from feeds.render import FORMATS
from feeds.render.forms import learned
from feeds.select import (
    Candidate,
    Standing,
    age,
    candidate,
    has_archive,
    is_archived,
    judged,
    newest,
    winners,
)
from feeds.store import SITE, UNFIT, Done, Ledger, Written
from feeds.write import Target, feeds_of

KEPT = 3_000
"""How many stories, and how many rendered entries, are kept at hand; bounds memory."""

_DIGEST = 16
_SUM = 4
_UNLIMITED = (1 << 31) - 1  # islice takes as much on any machine


class Switches(NamedTuple):
    """How a feed shows a story."""

    related: bool
    enclosure: bool
    media: bool
    inline: bool


class Shown(NamedTuple):
    """A story as a feed shows it: enough to render it, and a digest of all of that."""

    digest: bytes
    one: Candidate
    names: Names
    switches: Switches
    picture: str | None
    size: Measured


class Prepared(NamedTuple):
    """A feed, or an archive document, and what is in it, ready to be put together."""

    key: int
    place: Place
    feed: Feed
    entries: list[Shown]
    expires: int | None = None
    months: Sequence[str] = ()


class Work:
    """What there is to do in the output: feeds to look at again, and feeds that are gone.

    A feed is looked at again where a record touched it, a story became too old, or one of
    its documents does not stand as it was written. In its archive that goes for each month
    alone: `months` are those that have documents, `touched` those to look at again, unless
    the feed is among `anew`.
    """

    def __init__(
        self,
        ledger: Ledger,
        book: Rulebook,
        folder: Target,
        before: Mapping[str, Written],
    ) -> None:
        self.ledger, self.before, self.book = ledger, before, book
        self.why, self.anew = ledger.dirty(), ledger.anew()
        self.touched = ledger.touched()
        self.months: dict[int, set[str]] = {}
        self._compare(folder)
        dirty = self.why.keys()
        places = {key: place for place, key in ledger.places.items() if key in dirty}
        self.gone = {
            key
            for key, place in places.items()
            if not (place in book.promised and not book.desk(place).is_closed)
            and not ledger.has(key)
        }
        self.dirty = {
            key: place for key, place in places.items() if key not in self.gone
        }
        self.alive = set(ledger.places.values()) - self.gone
        self.pending = ledger.pending()
        self.documents: dict[str, int] = {}
        self._address()
        if book.config.pages:
            self.documents |= dict.fromkeys(PATHS, SITE)
            if not before.keys() >= set(PATHS):
                self.why[SITE] = "there is no list of all feeds"

    def _compare(self, folder: Target) -> None:
        """Find the documents that do not stand as they were written."""
        for path, old in self.before.items():
            if month := month_in(path):
                self.months.setdefault(old.place, set()).add(month)
            if not folder.stands(path, old.stamp):
                self.why.setdefault(old.place, f"{path} is not as it was written")
                self.touched.setdefault(old.place, set()).add(month)

    def _address(self) -> None:
        """Name the documents that are to stand, and those of archives that may."""
        self._taken = {
            path.lower(): old.place
            for path, old in self.before.items()
            if old.place in self.alive
        }
        for key, place in self.dirty.items():
            self._promise(key, place)

    def _promise(self, key: int, place: Place) -> None:
        """Name the documents of a feed, and those that its archive may have.

        Raises Mistake where another feed has them.
        """
        paths, rules = addresses(place, self.book.config), self.book.desk(place).rules
        for address, name in product(paths, formats_of(rules, self.book.config)):
            document = address + FORMATS[name].suffix
            if self._taken.setdefault(document.lower(), key) != key:
                what = "change one path in feeds.yaml"
                raise Mistake(f'two feeds have the path "{address}", {what}')
            self.documents[document] = key
        months = self.ledger.months(key) if has_archive(rules) else ()
        for month, name in product(months, rules.formats or ()):
            path = f"{paths[0]}{ARCHIVE}{month}{FORMATS[name].suffix}"
            self.documents[path] = key

    def add(self, key: int, place: Place, why: str) -> None:
        """Look at one feed more."""
        self.dirty[key], self.why[key] = place, why
        self._promise(key, place)

    def __bool__(self) -> bool:
        return bool(self.dirty or self.gone or SITE in self.why)

    def reasons(self) -> Iterator[str]:
        """Say why feeds are looked at again."""
        for key, place in self.dirty.items():
            yield f"looked at {path_of(place, self.book.config)}: {self.why[key]}"

    def kept(self, key: int, feed: Feed) -> dict[str, Feed]:
        """Give, by month, the archive documents that need not be looked at again."""
        if key in self.anew:
            return {}
        _feed, before = archived(feed, sorted(self.months.get(key, ())))
        touched = self.touched.get(key, ())
        return {month: one for month, one in before.items() if month not in touched}

    def vanished(self, done: Iterable[Done]) -> set[str]:
        """Name the archive documents that stood, might have stayed, and did not."""
        might = {path for path in self.documents if month_in(path)}
        stand = {path for one in done for path, _written in one.documents}
        return might & {*self.before, *self.pending} - stand

    def feeds(self, written: Iterable[str]) -> int:
        """Count the feeds that documents are of."""
        return len({self.documents[path] for path in written if path.endswith(FEEDS)})

    def paths(self) -> set[str]:
        """Name the feeds that there will be, by all their addresses."""
        kept = (path for path, old in self.before.items() if old.place in self.alive)
        return feeds_of(self.documents) | feeds_of(kept)

    def advertised(self) -> set[str]:
        """Name the documents that somebody may subscribe to."""
        feeds = {path for path in self.documents if not month_in(path)}
        return feeds - set(PATHS)

    def stale(self) -> set[str]:
        """Name the documents that are not to stand any longer."""
        clean = self.alive - self.dirty.keys()
        kept = {path for path, old in self.before.items() if old.place in clean}
        return {*self.before, *self.pending} - self.documents.keys() - kept


class Publisher:
    """Writes feeds, one batch after the other."""

    def __init__(
        self,
        folder: Target,
        ledger: Ledger,
        book: Rulebook,
        work: Work,
        render: Renderer,
        sizes: Mapping[str, Measured],
    ) -> None:
        self.folder, self.ledger, self.book = folder, ledger, book
        self.sizes = sizes
        self.config, self.now = book.config, book.now
        self.work, self.documents = work, work.before
        self.names: dict[str, str | None] = {}
        self.fragments = Fragments(render)
        self.stories: dict[tuple[str, int], tuple[bytes, Candidate]] = {}

    def __call__(self, places: Sequence[tuple[int, Place]]) -> list[Done]:
        """Write what changed of some feeds."""
        batch = [self._prepared(*place) for place in places]
        self._recall(batch)
        self._render(batch)
        done = [self._written(prepared) for prepared in batch]
        self._let_go()
        done = [*map(self._write_archive, batch, done)]
        done[-1] = done[-1]._replace(forms=[*learned().items()])
        return done

    def pictures(self, key: int, place: Place) -> list[str]:
        """Name the pictures that will be enclosures of a feed."""
        rules = self.book.desk(place).rules
        kept = self._kept(key, rules)[0] if _switches(rules).enclosure else ()
        named = [pictured(self._story(this)[1].record) for this in kept]
        self._let_go()
        return [one for one in named if one]

    def _let_go(self) -> None:
        for kept in (self.fragments, self.stories):
            if len(kept) > KEPT:
                kept.clear()

    def _prepared(self, key: int, place: Place) -> Prepared:
        rules = self.book.desk(place).rules
        kept, expires = self._kept(key, rules)
        months = self._archived(key, kept) if has_archive(rules) else []
        names = self._names(place.topic, provider=place.provider)
        head, _archive = archived(feed(place, rules, names, self.config), months)
        return self._filled(Prepared(key, place, head, [], expires, months), kept)

    def _filled(self, prepared: Prepared, kept: Iterable[Standing]) -> Prepared:
        """Put the entries in."""
        switches = _switches(self.book.desk(prepared.place).rules)
        stories = [self._story(this) for this in kept]
        updated = max((one.updated for _record, one in stories), default=EMPTY)
        sizes = self.sizes if prepared.feed.current is None else {}
        shown = [self._shown(record, one, switches, sizes) for record, one in stories]
        head = replace(prepared.feed, updated=updated)
        return prepared._replace(feed=head, entries=shown)

    def _archived(self, key: int, kept: Iterable[Standing]) -> list[str]:
        """Name the months of a place that get an archive document."""
        shown = {this.id for this in kept}
        months = self.ledger.months(key)
        return [one for one in months if is_archived(self._of_month(key, one), shown)]

    def _of_month(self, key: int, month: str) -> Iterator[Standing]:
        """Select the entries of an archive document."""
        doubles = partial(self.ledger.doubles, key)
        return winners(self.ledger.of_month(key, month), doubles)

    def _kept(self, key: int, rules: shape.Rules) -> tuple[list[Standing], int | None]:
        """Select the entries of a place, and say when time will change them."""
        seen: list[Standing] = []

        def doubles(this: Standing) -> Iterable[Standing]:
            found = self.ledger.doubles(key, this)
            seen.extend(found)
            return found

        stream = self.ledger.standings(key, rules.pick or "newest")
        verdicts = judged(stream, doubles, rules, self.now)
        limit = rules.limit and min(rules.limit, _UNLIMITED)
        kept = [*islice((this for this, refusal in verdicts if not refusal), limit)]
        kept.sort(key=newest)
        if rules.max_age is None:
            return kept, None
        most, now = age(rules.max_age), int(self.now.timestamp())
        fresh = [
            this.time for this in seen if timedelta(seconds=now - this.time) <= most
        ]
        return kept, min(fresh) + int(most.total_seconds()) + 1 if fresh else None

    def _story(self, this: Standing) -> tuple[bytes, Candidate]:
        key = this.file, this.number
        if key not in self.stories:
            record = self.ledger.record(*key)
            self.stories[key] = record, candidate(decode(record), self.config, self.now)
        return self.stories[key]

    def _shown(
        self,
        record: bytes,
        one: Candidate,
        switches: Switches,
        sizes: Mapping[str, Measured],
    ) -> Shown:
        names = self._names(*one.topics, provider=one.record.provider)
        said = (*names.topics.values(), *names.providers.values())
        is_sized = self.config.measure_images and switches.enclosure
        picture = pictured(one.record) if is_sized else None
        size = sizes.get(picture or "", UNKNOWN)
        details = (one.id, int(one.updated.timestamp()), said, switches, size)
        digest = blake2b(record + msgspec.msgpack.encode(details), digest_size=_DIGEST)
        return Shown(digest.digest(), one, names, switches, picture, size)

    def _names(self, *topics: str | None, provider: str | None = None) -> Names:
        """Find how topics and a provider are shown."""
        config = self.config
        return Names(
            topics={
                key: self._name("topic", key, config.topics) or spelling(key, config)
                for key in topics
                if key is not None
            },
            providers={
                provider: self._name("provider", provider, config.providers) or provider
            }
            if provider is not None
            else {},
        )

    def _name(
        self, kind: str, key: str, groups: Mapping[str, shape.Group]
    ) -> str | None:
        written = groups.get(key)
        if written and written.name:
            return written.name
        name = f"{kind} {key}"
        if name not in self.names:
            self.names[name] = self.ledger.elected(name)
        return self.names[name]

    def _recall(self, batch: Iterable[Prepared]) -> None:
        """Take the entries of documents that stand as they were written."""
        for prepared in batch if self.folder.is_near else ():
            for name in prepared.feed.formats:
                form = FORMATS[name]
                path = prepared.feed.path + form.suffix
                known = self.documents.get(path)
                if known and known.digests and self.folder.stands(path, known.stamp):
                    document = self.folder.current(path) or b""
                    fragments, digests = form.cut(document), _digests(known.digests)
                    # What the disk damaged since, no stamp shows.
                    is_whole = _sum(document) == known.digests[:_SUM]
                    if is_whole and len(fragments) == len(digests):
                        self.fragments.recall(name, digests, fragments)

    def _render(self, batch: Iterable[Prepared]) -> None:
        """Render the entries that were not found."""
        missing: dict[str, dict[bytes, Shown]] = {}
        for prepared in batch:
            for name in prepared.feed.formats:
                for shown in prepared.entries:
                    if (name, shown.digest) not in self.fragments:
                        missing.setdefault(name, {})[shown.digest] = shown
        made: dict[bytes, Entry | str] = {}
        for name, wanted in missing.items():
            for digest, shown in wanted.items():
                if digest not in made:
                    made[digest] = tried(partial(self._entry, shown))
            self.fragments.make(name, {digest: made[digest] for digest in wanted})

    def _entry(self, shown: Shown) -> Entry:
        related, *images = shown.switches
        switches = shape.Images(**dict(zip(_IMAGES, images, strict=True)))
        one, names, size = shown.one, shown.names, shown.size
        return entry(one, names, related=related, images=switches, size=size)

    def _written(self, prepared: Prepared) -> Done:
        feed, shown = prepared.feed, prepared.entries
        times = (int(one.one.record.published.timestamp()) for one in shown)
        listed = listing(feed, family_of(prepared.place), times)
        pictures = {one.picture: one.size for one in shown if one.picture}
        done = Done(
            prepared.key, len(shown), prepared.expires, [], [], listed, pictures
        )
        return self._write(prepared, done)

    def _write_archive(self, prepared: Prepared, done: Done) -> Done:
        """Write the archive of a feed, one month after the other to bound memory."""
        kept = self.work.kept(prepared.key, prepared.feed)
        _feed, archive = archived(prepared.feed, prepared.months)
        for month, head in archive.items():
            if kept.get(month) == head:
                paths = (head.path + FORMATS[name].suffix for name in head.formats)
                done.documents.extend((path, self.documents[path]) for path in paths)
                continue
            part = Prepared(prepared.key, prepared.place, head, [])
            part = self._filled(part, self._of_month(prepared.key, month))
            self._recall([part])
            self._render([part])
            done = self._write(part, done)
            self._let_go()
        return done

    def _write(self, prepared: Prepared, done: Done) -> Done:
        """Write the documents of a feed, unless they are not fit to publish."""
        feed, findings = prepared.feed, [*done.findings]
        digests = b"".join(one.digest for one in prepared.entries)
        for name in feed.formats:
            form = FORMATS[name]
            document, found = self._document(prepared, name)
            findings += found
            for address in (feed.path, *feed.also):
                path = address + form.suffix
                if document is None:
                    done.documents.append((path, Written(prepared.key, UNFIT, b"")))
                    continue
                if self.folder.replace(path, form.at(address, feed, document)):
                    done.written.append(path)
                stamp = self.folder.stamp(path) or ()
                # Entries are only looked for at the address of now.
                memo = _sum(document) + digests if address == feed.path else b""
                done.documents.append((path, Written(prepared.key, stamp, memo)))
        return done._replace(findings=findings)

    def _document(
        self, prepared: Prepared, name: str
    ) -> tuple[bytes | None, list[Finding]]:
        """Put a document together; None where it is not fit to publish."""
        feed, path = prepared.feed, prepared.feed.path + FORMATS[name].suffix
        for shown in prepared.entries:
            if flaw := self.fragments[name, shown.digest].flaw:
                record = shown.one.record
                where = f"{record.file}:{record.line}"
                return None, [Finding(path, 0, flaw, record=where)]
        stories = {one.digest: one.one.id for one in prepared.entries}
        return self.fragments.document(feed, name, stories)


_IMAGES = shape.Images.__struct_fields__


def _switches(rules: shape.Rules) -> Switches:
    images = msgspec.structs.astuple(rules.images or shape.Images())
    return Switches(rules.related is not False, *images)


def _sum(document: bytes) -> bytes:
    return crc32(document).to_bytes(_SUM, "big")


def _digests(memo: bytes) -> list[bytes]:
    return [memo[at : at + _DIGEST] for at in range(_SUM, len(memo), _DIGEST)]

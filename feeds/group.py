"""Records into feeds: all, per topic, per provider, per pair.

The only place where a Record becomes an Entry.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain, product
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds import shape
from feeds.address import domain, enclosable, tag
from feeds.config import Config
from feeds.errors import Mistake
from feeds.feed import PAGE, Enclosure, Entry, Feed, Person, archived, filled
from feeds.frontmatter import Path
from feeds.listing import FAMILIES
from feeds.media import UNKNOWN, Measured, media_type
from feeds.path import Paths, host, slug
from feeds.record import Record
from feeds.select import Candidate, Selection, select
from feeds.template import fill
from feeds.text import fold

_TITLES = {
    (): "{site}",
    ("topic",): "{topic}: {site}",
    ("provider",): "{provider}: {site}",
    ("topic", "provider"): "{topic}, {provider}: {site}",
}


class Place(NamedTuple):
    """Where a record may go: a feed of feeds.yaml by its number, and the group there."""

    feed: int
    topic: str | None = None
    provider: str | None = None


class Shelf(Struct, frozen=True, kw_only=True):
    """One feed to be: its rules, and what they made of the records of its group."""

    place: Place
    path: str
    rules: shape.Rules
    selection: Selection


class Names(Struct, frozen=True, kw_only=True):
    """Display names: of topics by key, of providers by domain."""

    topics: Mapping[str, str]
    providers: Mapping[str, str]


class Library(Struct, frozen=True, dict=True):
    """All candidates of a build, by the places they may go to."""

    config: Config
    now: datetime
    candidates: Sequence[Candidate]

    def shelves(self) -> list[Shelf]:
        """Give every feed that has a record or a promised address, by path."""
        stock: defaultdict[Place, list[Candidate]] = defaultdict(list)
        for one in self.candidates:
            for place in places(one, self.config):
                stock[place].append(one)
        kept_open = set(promised(self.config))
        open_places = [
            place
            for place in stock.keys() | kept_open
            if not closed(place, self.config)
        ]
        shelves = (self.shelf(place, stock[place]) for place in open_places)
        kept = (
            shelf
            for shelf in shelves
            if shelf.selection.admitted or shelf.place in kept_open
        )
        return _distinct(sorted(kept, key=lambda shelf: shelf.path), self.config)

    def shelf(self, place: Place, candidates: Iterable[Candidate]) -> Shelf:
        rules = rules_of(place, self.config)
        selection = select(candidates, rules, self.config, self.now)
        return Shelf(
            place=place,
            path=path_of(place, self.config),
            rules=rules,
            selection=selection,
        )

    def shelf_at(self, place: Place) -> Shelf:
        """Give one feed, whether or not it would be written."""
        return self.shelf(
            place, (one for one in self.candidates if place in places(one, self.config))
        )


def promised(config: Config) -> Iterator[Place]:
    """Name the feeds that exist even when empty: an address once given is a promise."""
    for index, feed in enumerate(config.feeds):
        kinds = config.kinds(feed)
        if not kinds:
            yield Place(index)
        elif kinds == ("topic",):
            named = {config.topic(name) for name in feed.only or ()}
            yield from (Place(index, key) for key in named | config.topics.keys())
        elif kinds == ("provider",):
            named = {domain(name) or name for name in feed.only or ()}
            hosts = named | config.providers.keys()
            yield from (Place(index, provider=key) for key in hosts)


def check(config: Config) -> None:
    """Make sure that no address of old takes that of a feed of feeds.yaml. Raises Mistake."""
    new = _without_also(config)
    for place in promised(config) if new != config else ():
        address = path_of(place, new)
        if not closed(place, config) and path_of(place, config) != address:
            where = f"{config.file}:{config.line(('feeds', place.feed, 'path'))}"
            what = f'"{address}" is an address of old (`also`) of another feed'
            raise Mistake(f"{where}: feeds.path: {what}, expected it there no longer")


def _without_also(config: Config) -> Config:
    return replace(
        config,
        feeds=tuple(replace(feed, also=()) for feed in config.feeds),
        topics={key: replace(one, also=()) for key, one in config.topics.items()},
        providers={key: replace(one, also=()) for key, one in config.providers.items()},
        slugs=frozenset(one.slug.lower() for one in config.topics.values() if one.slug),
        old_hosts=frozenset(),
    )


def places(one: Candidate, config: Config) -> Iterator[Place]:
    """Name every feed that a record could be in."""
    for index, feed in enumerate(config.feeds):
        kinds = config.kinds(feed)
        topics = one.topics if "topic" in kinds else (None,)
        provider = one.record.provider if "provider" in kinds else None
        for topic in topics:
            yield Place(index, topic, provider)


def closed(place: Place, config: Config) -> str | None:
    """Say why a group gets no feed at a place; None where it may have one."""
    feed = config.feeds[place.feed]
    for key, group in (
        (place.topic, config.topics),
        (place.provider, config.providers),
    ):
        if key is not None and (written := group.get(key)) and not written.feed:
            return f"feed: false for {spelling(key, config)}"
    only = feed.only
    if only is not None and not (
        only and all(_among(only, place, config, default=True))
    ):
        return "only does not name it"
    if feed.except_ is not None and any(
        _among(feed.except_, place, config, default=False)
    ):
        return "except names it"
    return None


def named(config: Config) -> Iterator[tuple[Path, str, str]]:
    """Give each name of feeds.yaml that should meet records: where, its kind, its key."""
    for name in config.topic_names:
        yield ("topics", name), "topic", config.topic(name)
    for name in config.provider_names:
        yield ("providers", name), "provider", domain(name) or ""
    for index, feed in enumerate(config.feeds):
        for number, name in enumerate(feed.only or ()):
            at: Path = ("feeds", index, "only", number, name)
            if is_host(name, config, config.kinds(feed)):
                yield at, "provider", domain(name) or ""
            else:
                yield at, "topic", config.topic(name)


def configured(config: Config) -> frozenset[str]:
    """Name the topics and providers of feeds.yaml: `topic ai`, `provider x.org`."""
    return frozenset(f"{kind} {key}" for _at, kind, key in named(config))


def strangers(config: Config, met: Container[str]) -> Iterator[str]:
    """Warn of each configured name that no record has ever had."""
    for at, kind, key in named(config):
        if f"{kind} {key}" not in met:
            line = config.line(at)
            yield f"{config.file}:{line}: {at[-1]}: no record has ever had this {kind}"


def is_host(name: str, config: Config, kinds: tuple[str, ...]) -> bool:
    """Tell a domain from a topic in `only` and `except`, where a pair may name both."""
    if len(kinds) < 2:
        return kinds == ("provider",)
    return fold(name) not in config.aliases and "." in name and domain(name) is not None


def spelling(key: str, config: Config) -> str:
    """Show a topic's key as the configuration spells it."""
    return config.spellings.get(key, key)


def rules_of(place: Place, config: Config) -> shape.Rules:
    """Merge the rules that hold at a place; the most specific wins.

    Topic before provider, then the feed, then the defaults. A topic's or provider's title
    and description are for its own feed, never for a pair.
    """
    groups: list[shape.Rules] = []
    if place.topic is not None and place.topic in config.topics:
        groups.append(config.topics[place.topic])
    if place.provider is not None and place.provider in config.providers:
        groups.append(config.providers[place.provider])
    if place.topic is not None and place.provider is not None:
        groups = [
            msgspec.structs.replace(one, title=None, description=None) for one in groups
        ]
    return merged(*groups, config.feeds[place.feed], config.base)


def merged(*layers: shape.Rules) -> shape.Rules:
    """Take each key from the first layer that has it; each image switch singly."""
    values = {
        key: next((v for one in layers if (v := getattr(one, key)) is not None), None)
        for key in shape.Rules.__struct_fields__
    }
    switches = [one.images for one in layers if one.images]
    values["images"] = shape.Images(
        **{
            key: next(
                (v for one in switches if (v := getattr(one, key)) is not None), True
            )
            for key in shape.Images.__struct_fields__
        }
    )
    return shape.Rules(**values)


def path_of(place: Place, config: Config) -> str:
    """Give the path of a feed, below the output and without the ending."""
    return addresses(place, config)[0]


def addresses(place: Place, config: Config) -> tuple[str, ...]:
    """Give the path of a feed, and after it those of old that `also` keeps alive.

    Paths of old take part in the order of all as they did when they were not old, so that
    each still comes to what it was.
    """
    slugs: dict[str, tuple[str, ...]] = {}
    if place.topic is not None:
        slugs["topic"] = topic_slugs(place.topic, config)
    if place.provider is not None:
        slugs["provider"] = provider_slugs(place.provider, config)
    templates = [(feed.path, *feed.also) for feed in config.feeds]
    first = sum(map(len, templates[: place.feed]))
    paths = Paths(tuple(chain.from_iterable(templates)))
    return tuple(
        dict.fromkeys(
            paths.path(first + number, dict(zip(slugs, chosen, strict=True)))
            for number in range(len(templates[place.feed]))
            for chosen in product(*slugs.values())
        )
    )


def topic_slugs(key: str, config: Config) -> tuple[str, ...]:
    """Give the slug of a topic, the configured one or one that is not; then those of old."""
    written = config.topics.get(key, shape.Topic())
    return (written.slug or slug(key, config.slugs), *written.also)


def provider_slugs(name: str, config: Config) -> tuple[str, ...]:
    """Give the host of a provider as it stands in a path, then those of old."""
    written = config.providers.get(name, shape.Provider())
    old = (host(domain(one) or one) for one in written.also)
    return (host(name, config.old_hosts), *old)


def names(
    shelves: Iterable[Shelf], candidates: Iterable[Candidate], config: Config
) -> Names:
    """Find the display names: the configured one, else the spelling most used.

    One vote for each record that at least one feed lets in; the first in alphabetical
    order on a tie.
    """
    let_in = {id(one) for shelf in shelves for one in shelf.selection.admitted}
    topics: defaultdict[str, Counter[str]] = defaultdict(Counter)
    providers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in candidates:
        if id(one) in let_in:
            for key, written in one.topics.items():
                topics[key][written] += 1
            if name := one.record.provider_name:
                providers[one.record.provider][name] += 1
    return Names(
        topics=_elected(topics) | _configured(config.topics),
        providers=_elected(providers) | _configured(config.providers),
    )


def build(
    shelves: Iterable[Shelf],
    candidates: Sequence[Candidate],
    config: Config,
    sizes: Mapping[str, Measured],
) -> Iterator[tuple[Feed, ...]]:
    """Turn shelves into feeds, each with its archive documents, oldest first.

    A story is made an entry once for each way it is shown. `sizes` is what is known of
    pictures, by address; archives say nothing of it, or they would change with it.
    """
    shelves = list(shelves)
    shown = names(shelves, candidates, config)

    @cache
    def entry_once(
        number: int, switches: tuple[bool, bool, bool, bool], is_sized: bool
    ) -> Entry:
        related, enclosure, media, inline = switches
        images = shape.Images(enclosure=enclosure, media=media, inline=inline)
        one = by_number[number]
        url = pictured(one.record) if is_sized else None
        size = sizes.get(url or "", UNKNOWN)
        return entry(one, shown, related=related, images=images, size=size)

    by_number = {id(one): one for one in candidates}
    for shelf in shelves:
        rules, images = shelf.rules, shelf.rules.images or shape.Images()
        switches = (rules.related is not False, *msgspec.structs.astuple(images))
        months = shelf.selection.archive
        head, documents = archived(feed(shelf.place, rules, shown, config), [*months])
        parts = [(head, shelf.selection.entries)]
        parts += [(documents[month], found) for month, found in months.items()]
        yield tuple(
            filled(part, (entry_once(id(one), switches, part is head) for one in found))
            for part, found in parts
        )


def feed(place: Place, rules: shape.Rules, shown: Names, config: Config) -> Feed:
    """Describe a feed, as yet without entries."""
    site, (path, *also) = config.site, addresses(place, config)
    values = {"site": site.title}
    if place.topic is not None:
        values["topic"] = shown.topics.get(place.topic) or spelling(place.topic, config)
    if place.provider is not None:
        values["provider"] = shown.providers.get(place.provider) or place.provider
    kinds = config.kinds(config.feeds[place.feed])
    description = fill(rules.description, values) if rules.description else None
    return Feed(
        base=site.url,
        path=path,
        id=tag(path, site.id),
        title=fill(rules.title or _TITLES[kinds], values),
        description=description or site.description,
        home=site.home,
        author=Person(name=site.author.name, email=site.author.email),
        language=rules.language or site.language,
        copyright=site.copyright,
        logo=site.logo,
        ttl=rules.ttl,
        formats=formats_of(rules, config),
        site=site.title,
        hubs=config.hubs,
        also=tuple(also),
    )


def formats_of(rules: shape.Rules, config: Config) -> tuple[str, ...]:
    """Name the formats of a feed; its page comes last."""
    return (*dict.fromkeys(rules.formats or ()), *([PAGE] if config.pages else []))


def family_of(place: Place) -> str:
    """Name the family that a feed is listed in."""
    return FAMILIES[(place.topic is not None) + 2 * (place.provider is not None)]


def entry(
    one: Candidate,
    shown: Names,
    *,
    related: bool,
    images: shape.Images,
    size: Measured = UNKNOWN,
) -> Entry:
    """Decide what of a record readers see; `size` is what is known of its picture."""
    # A build with nothing to do shows nothing.
    from feeds.content import content  # noqa: PLC0415

    record = one.record
    lead = record.images[0] if record.images else None
    provider = Person(
        name=shown.providers.get(record.provider, record.provider),
        uri=f"https://{record.provider}/",
    )
    return Entry(
        id=one.id,
        title=record.title,
        link=record.link,
        published=record.published,
        updated=one.updated,
        summary=record.summary,
        content=content(
            lead=lead if images.inline else None,
            body=record.body,
            summary=record.summary,
            related=record.related if related else (),
            provider=provider,
            link=record.link,
        ),
        author=provider,
        categories=tuple(dict.fromkeys(shown.topics[key] for key in one.topics)),
        enclosure=_enclosure(record, size) if images.enclosure else None,
        images=record.images if images.media else (),
        related=record.related if related else (),
    )


def pictured(record: Record) -> str | None:
    """Give the address of the picture that is a record's enclosure, if it has one."""
    url = record.images[0].url if record.images else ""
    return url if enclosable(url) else None


def _enclosure(record: Record, size: Measured) -> Enclosure | None:
    if (url := pictured(record)) is None:
        return None
    kind = size.media_type or media_type(url)
    return Enclosure(url=url, media_type=kind, length=size.length)


def _among(
    chosen: tuple[str, ...], place: Place, config: Config, *, default: bool
) -> Iterator[bool]:
    """Tell for topic and provider of a place whether the names chosen hold it."""
    kinds = config.kinds(config.feeds[place.feed])
    hosts = {domain(name) for name in chosen if is_host(name, config, kinds)}
    topics = {config.topic(name) for name in chosen if not is_host(name, config, kinds)}
    if place.topic is not None:
        yield place.topic in topics if topics else default
    if place.provider is not None:
        yield place.provider in hosts if hosts else default


def _elected(votes: Mapping[str, Counter[str]]) -> dict[str, str]:
    return {
        key: min(counts, key=lambda name: (-counts[name], name))
        for key, counts in votes.items()
    }


def _configured(
    groups: Mapping[str, shape.Topic] | Mapping[str, shape.Provider],
) -> dict[str, str]:
    return {key: one.name for key, one in groups.items() if one.name}


def _distinct(shelves: list[Shelf], config: Config) -> list[Shelf]:
    """Refuse two feeds of one path, also where a file system ignores case."""
    seen: dict[str, Place] = {}
    for shelf in shelves:
        for path in addresses(shelf.place, config):
            if seen.setdefault(path.lower(), shelf.place) != shelf.place:
                raise Mistake(
                    f'two feeds have the path "{path}", change one path in feeds.yaml'
                )
    return shelves

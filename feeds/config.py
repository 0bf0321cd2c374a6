"""feeds.yaml into a Config: every mistake at once, each with its line and its cure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from pathlib import Path as File
from types import UnionType
from typing import Annotated, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from feeds import frontmatter, moment, path, shape
from feeds.address import address, domain, host
from feeds.errors import Mistake
from feeds.fields import Translation, flaws, translation
from feeds.frontmatter import Path, Unreadable, line_of
from feeds.record import boolean, quoted
from feeds.remote.url import flaw as url_flaw
from feeds.remote.url import is_url
from feeds.template import placeholders
from feeds.text import fold, printable

NAME = "feeds.yaml"

_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
_SMALLEST, _LARGEST = "1 KiB", "16 MiB"  # a record is held in memory many times over
_RULES = frozenset(shape.Rules.__struct_fields__)
_TOP = frozenset(shape.Shape.__struct_fields__)
_ROOT: Path = ()
_Kind = TypeVar("_Kind", bound=shape.Key)


class Site(Struct, frozen=True, kw_only=True):
    """What all feeds share; `url` ends in a slash and is where the output is served."""

    title: str
    url: str
    home: str
    id: str
    description: str
    language: str | None
    author: shape.Author
    copyright: str | None
    logo: str | None


class Config(Struct, frozen=True, kw_only=True):
    """A configuration without mistakes.

    `sources` and `output` are as written, relative to the folder of `file`. Topics go by
    their folded name, providers by their domain; `aliases` leads from every configured
    spelling of a topic, folded, to its folded name; `spellings` shows a name as written.
    `slugs` are those that configured topics have or had, `old_hosts` what providers had:
    no other group may take them.
    """

    file: File
    text: str
    site: Site
    zone: tzinfo
    sources: tuple[str, ...]
    output: str
    cache_seconds: int | None
    max_record_size: int
    fields: Translation | None
    pages: bool
    measure_images: bool
    hubs: tuple[str, ...]
    base: shape.Rules
    feeds: tuple[shape.Feed, ...]
    topics: Mapping[str, shape.Topic]
    providers: Mapping[str, shape.Provider]
    aliases: Mapping[str, str]
    spellings: Mapping[str, str]
    slugs: frozenset[str]
    old_hosts: frozenset[str]
    lines: Mapping[Path, int]

    @property
    def folder(self) -> File:
        return self.file.parent

    @property
    def topic_names(self) -> list[str]:
        """The topics as feeds.yaml spells them."""
        return [str(at[1]) for at in self.lines if at[:-1] == ("topics",)]

    @property
    def provider_names(self) -> list[str]:
        """The providers as feeds.yaml spells them."""
        return [str(at[1]) for at in self.lines if at[:-1] == ("providers",)]

    def line(self, at: Path) -> int:
        """Give the line of a key, or of what holds it."""
        return line_of(at, self.lines)

    def topic(self, name: str) -> str:
        """Give the key of a topic, whichever way it is spelt."""
        folded = fold(name)
        return self.aliases.get(folded, folded)

    def kinds(self, feed: shape.Feed) -> tuple[str, ...]:
        """Name what a feed is grouped by: nothing, topic, provider or both."""
        return tuple(sorted(placeholders(feed.path), reverse=True))


def load(file: File) -> Config:
    """Read a configuration. Raises Mistake with a line for each thing to mend."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Mistake(f"{file}: cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Mistake(f"{file}:{line}: not UTF-8, expected UTF-8 text") from error
    return parse(text, file)


def parse(text: str, file: File) -> Config:
    """Type and check a configuration. Raises Mistake."""
    lines: dict[Path, int] = {_ROOT: 1}
    try:
        written = frontmatter.parse(text, lines=lines, secret=None)
    except Unreadable as error:
        what = f"{error.key}: given twice" if error.key else error.what
        raise Mistake(f"{file}:{error.line}: {what}") from error
    notes = _Notes(str(file), lines)
    wanted = _Typed(notes).mapping(
        shape.Shape, {} if written is None else written, _ROOT
    )
    if wanted is None:
        raise notes.mistake()
    # What has no type is left out: of the rest as many mistakes are found as can be.
    config = _Checked(notes, wanted).config(file, text)
    if notes.found:
        raise notes.mistake()
    return config


class _Notes:
    """The mistakes found so far."""

    def __init__(self, file: str, lines: Mapping[Path, int]) -> None:
        self.file, self.lines = file, lines
        self.found: list[tuple[int, str]] = []

    def add(self, at: Path, what: str) -> None:
        name = ".".join(str(part) for part in at if isinstance(part, str))
        self.found.append(
            (line_of(at, self.lines), f"{name}: {what}" if name else what)
        )

    def mistake(self) -> Mistake:
        texts = (f"{self.file}:{line}: {what}" for line, what in sorted(self.found))
        return Mistake("\n".join(texts))


class _Typed:
    """Values into the types of the shape; what does not fit is noted and left out."""

    def __init__(self, notes: _Notes) -> None:
        self.notes = notes

    def mapping(self, kind: type[_Kind], value: object, at: Path) -> _Kind | None:
        if not isinstance(value, dict):
            self.notes.add(at, f"got {_got(value)}, expected a mapping")
            return None
        known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key in value.keys() - known.keys():
            self.notes.add((*at, key), _stranger(str(key), known))
        given = {}
        for name, field in known.items():
            if value.get(name) is not None:
                found = self.value(field.type, value[name], (*at, name))
                if found is not None:
                    given[field.name] = found
            elif field.required:
                self.notes.add(
                    (*at, name), f"missing, expected {_expected(field.type)}"
                )
        needed = {field.name for field in known.values() if field.required}
        return kind(**given) if needed <= given.keys() else None

    def value(self, kind: object, value: object, at: Path) -> object:
        kinds = [*_options(kind)]
        keys = [option for option in kinds if _is_key(option)]
        lists = [option for option in kinds if get_origin(option) is tuple]
        groups = [option for option in kinds if get_origin(option) is dict]
        if isinstance(value, dict) and keys:
            return self.mapping(keys[0], value, at)
        if isinstance(value, dict) and groups:
            return self.each(get_args(groups[0])[1], value, at)
        if isinstance(value, list) and value and lists:
            return self.items(get_args(lists[0])[0], value, at)
        return self.scalar(kind, kinds, value, at)

    def scalar(
        self, kind: object, kinds: list[object], value: object, at: Path
    ) -> object:
        truth = boolean(value) if bool in kinds else None
        try:
            plain = _clean(value) if truth is None else truth
            return msgspec.convert(plain, kind, strict=False)
        except msgspec.ValidationError:
            self.notes.add(at, self.complaint(kinds, kind, value))
            return None

    def each(
        self, kind: object, values: dict[str, object], at: Path
    ) -> dict[str, object]:
        return {
            key: None if value is None else self.value(kind, value, (*at, key))
            for key, value in values.items()
        }

    def items(self, kind: object, values: list[object], at: Path) -> object:
        """Type the items of a list one by one, so that each mistake is named."""
        found = [
            self.value(kind, one, (*at, index)) for index, one in enumerate(values)
        ]
        # What is left would be told by the wrong numbers.
        return None if any(one is None for one in found) else tuple(found)

    def complaint(self, kinds: list[object], kind: object, value: object) -> str:
        return f"got {_got(value)}, expected {_expected(kind)}{_closest(kinds, value)}"


class _Checked:
    """What types cannot say: addresses, templates, and names that must not meet."""

    def __init__(self, notes: _Notes, wanted: shape.Shape) -> None:
        self.notes, self.wanted = notes, wanted
        self.aliases: dict[str, str] = {}
        self.spellings: dict[str, str] = {}

    def config(self, file: File, text: str) -> Config:
        wanted = self.wanted
        site, zone = self.site(), self.zone()
        topics, providers = self.topics(), self.providers()
        self.rules(wanted.defaults, ("defaults",))
        for index, feed in enumerate(wanted.feeds):
            self.feed(feed, ("feeds", index))
        self.distinct_paths()
        sources = wanted.records
        sources = (sources,) if isinstance(sources, str) else sources
        self.addresses(sources, wanted.output)
        return Config(
            file=file,
            text=text,
            site=site,
            zone=zone,
            sources=sources,
            output=wanted.output,
            cache_seconds=wanted.cache_seconds,
            max_record_size=self.size(),
            fields=self.fields(site, sources),
            pages=self.wanted.pages,
            measure_images=self.wanted.measure_images,
            hubs=self.hubs(),
            base=msgspec.structs.replace(
                wanted.defaults, formats=wanted.defaults.formats or wanted.formats
            ),
            feeds=wanted.feeds,
            topics=topics,
            providers=providers,
            aliases=self.aliases,
            spellings=self.spellings,
            slugs=frozenset(
                slug.lower()
                for topic in topics.values()
                for slug in (topic.slug, *topic.also)
                if slug
            ),
            old_hosts=frozenset(
                domain(old) or old for one in providers.values() for old in one.also
            ),
            lines=self.notes.lines,
        )

    def site(self) -> Site:
        site, at = self.wanted.site, ("site",)
        url = self.address(site.url, (*at, "url"))
        if "?" in url or "#" in url or "@" in url:
            self.notes.add((*at, "url"), "expected an address without user, ? and #")
        url = url if url.endswith("/") else f"{url}/"
        home = self.address(site.home, (*at, "home")) if site.home else url
        return Site(
            title=site.title,
            url=url,
            home=home,
            id=site.id or self.authority(url),
            description=site.description or site.title,
            language=site.language,
            author=site.author or shape.Author(name=site.title),
            copyright=site.copyright,
            logo=self.address(site.logo, (*at, "logo")) if site.logo else None,
        )

    def authority(self, url: str) -> str:
        """Take the site's id from its address."""
        name = host(url)
        if name is None:  # a mistake of its own
            return ""
        try:
            return msgspec.convert(name, shape.Authority)
        except msgspec.ValidationError:
            what = f"missing, expected {_expected(shape.Authority)}: {name} is none"
            self.notes.add(("site", "id"), what)
            return ""

    def address(self, text: str, at: Path) -> str:
        url = address(text)
        if url is None:
            self.notes.add(at, f"got {_got(text)}, expected an http or https address")
        return url or ""

    def addresses(self, sources: tuple[str, ...], output: str) -> None:
        """Check what is no path of this machine, or would be one by surprise."""
        for index, source in enumerate(sources):
            self.home(source, ("records", index))
            if is_url(source) and (what := url_flaw(source)):
                self.notes.add(("records", index), what)
        self.home(output, ("output",))
        if is_url(output) and (what := url_flaw(output, is_target=True)):
            self.notes.add(("output",), what)

    def home(self, place: str, at: Path) -> None:
        """Refuse what only a shell reads as the home: a folder named ~ would be made."""
        if f"{place}/".startswith("~/"):
            self.notes.add(at, f"got {_got(place)}, expected a path without ~")

    def zone(self) -> tzinfo:
        name = self.wanted.site.timezone
        found = moment.zone(name)
        if found is None:
            close = _did_you_mean(name, moment.zones())
            what = f'got "{name}", expected a time zone such as Europe/Berlin{close}'
            self.notes.add(("site", "timezone"), what)
        return found or UTC

    def size(self) -> int:
        written = self.wanted.max_record_size
        size = _bytes(written)
        if not _bytes(_SMALLEST) <= size <= _bytes(_LARGEST):
            what = f"got {_got(written)}, expected {_SMALLEST} to {_LARGEST}"
            self.notes.add(("max_record_size",), what)
        return size

    def hubs(self) -> tuple[str, ...]:
        """Check the addresses of hubs: every feed publishes them."""
        hubs: list[str] = []
        for index, written in enumerate(self.wanted.hubs):
            at: Path = ("hubs", index)
            hub = self.address(written, at)
            if "#" in hub or "@" in "".join(hub.split("/")[2:3]):
                self.notes.add(at, "expected an address without user and #")
            elif hub and hub in hubs:
                self.notes.add(at, f'"{hub}" is given twice')
            hubs.append(hub)
        return tuple(hubs)

    def fields(self, site: Site, sources: tuple[str, ...]) -> Translation | None:
        wanted = self.wanted.fields
        if wanted is None:
            return None
        for at, what in flaws(wanted):
            self.notes.add(("fields", *at), what)
        if wanted.base and ("?" in wanted.base or "#" in wanted.base):
            self.notes.add(("fields", "base"), "expected an address without ? and #")
        # What a tool of its own made is the website behind the feeds.
        base = wanted.base or (site.home if wanted.preset else "")
        base = self.address(base, ("fields", "base")) if wanted.base else base
        return translation(wanted, base, sources)

    def topics(self) -> dict[str, shape.Topic]:
        topics: dict[str, shape.Topic] = {}
        slugs: dict[str, str] = {}
        for name, written in self.wanted.topics.items():
            topic, at, key = written or shape.Topic(), ("topics", name), fold(name)
            for spelling in (name, *topic.aliases):
                self.spelling(spelling, key, (*at, "aliases") if topic.aliases else at)
            self.rules(topic, at, {"site", "topic"})
            if topic.slug:
                self.slug(topic.slug, slugs, at)
            self.spellings.setdefault(key, name)
            topics[key] = topic
        self.old_slugs(topics, slugs)
        return topics

    def old_slugs(
        self, topics: Mapping[str, shape.Topic], slugs: dict[str, str]
    ) -> None:
        """Check the slugs of `also`: no topic with a feed may have them."""
        for key, topic in topics.items():
            if not topic.slug and topic.feed:
                slugs.setdefault(path.slug(key), self.spellings[key])
        for key, topic in topics.items():
            name = self.spellings[key]
            for number, old in enumerate(topic.also):
                at: Path = ("topics", name, "also", number)
                self.device(old, at)
                if other := slugs.get(old.lower()):
                    self.notes.add(at, f'"{old}" is the slug of "{other}" already')
                slugs.setdefault(old.lower(), name)

    def spelling(self, spelling: str, key: str, at: Path) -> None:
        folded = fold(spelling)
        if not folded:
            self.notes.add(at, "an empty name, expected a topic")
        elif self.aliases.setdefault(folded, key) != key or (
            folded == key and key in self.spellings
        ):
            other = self.spellings.get(self.aliases[folded], spelling)
            self.notes.add(at, f'"{spelling}" is a spelling of "{other}" already')

    def slug(self, slug: str, slugs: dict[str, str], at: Path) -> None:
        name = str(at[-1])
        self.device(slug, (*at, "slug"))
        if (other := slugs.setdefault(slug.lower(), name)) != name:
            self.notes.add((*at, "slug"), f'"{slug}" is the slug of "{other}" already')

    def device(self, slug: str, at: Path) -> None:
        if path.is_device(slug):
            self.notes.add(at, f'"{slug}" is the name of a device on Windows')

    def providers(self) -> dict[str, shape.Provider]:
        providers: dict[str, shape.Provider] = {}
        for name, written in self.wanted.providers.items():
            at, host = ("providers", name), domain(name)
            provider = written or shape.Provider()
            if host is None:
                self.notes.add(at, f'got "{name}", expected a host name')
            elif host in providers:
                self.notes.add(at, f'"{host}" is given twice')
            else:
                providers[host] = provider
            self.rules(provider, at, {"site", "provider"})
            self.hosts(provider.also, (*at, "also"))
        self.old_hosts(providers)
        return providers

    def old_hosts(self, providers: Mapping[str, shape.Provider]) -> None:
        """Check the hosts of `also`: no provider with a feed may have them."""
        taken = {host: host for host, one in providers.items() if one.feed}
        for name, provider in self.wanted.providers.items():
            for number, old in enumerate(provider.also if provider else ()):
                if (host := domain(old)) is None:  # a mistake of its own
                    continue
                if other := taken.get(host):
                    at: Path = ("providers", name, "also", number)
                    self.notes.add(at, f'"{old}" is an address of "{other}" already')
                taken.setdefault(host, name)

    def feed(self, feed: shape.Feed, at: Path) -> None:
        if not self.path(feed.path, (*at, "path")):
            return
        kinds = placeholders(feed.path)
        for number, old in enumerate(feed.also):
            self.old_path(old, kinds, (*at, "also", number))
        self.rules(feed, at, {"site", *kinds})
        for key, names in (("only", feed.only), ("except", feed.except_)):
            if names is not None:
                self.groups(names, kinds, (*at, key))
        for key in ("title", "description"):
            if getattr(feed, key) is None:
                self.inherited(key, feed.path, {"site", *kinds})

    def path(self, template: str, at: Path) -> bool:
        """Check a path; tell whether its placeholders can be trusted."""
        if what := path.flaw(template):
            self.notes.add(at, what)
            return False
        if template.lower() in path.RESERVED:
            what = f'the path "{template}" is that of the list of all feeds'
            self.notes.add(at, what)
        return True

    def old_path(self, template: str, kinds: tuple[str, ...], at: Path) -> None:
        """Check a path of `also`: each group must have its own there."""
        if not self.path(template, at) or set(placeholders(template)) == set(kinds):
            return
        has = " and ".join(f"{{{kind}}}" for kind in kinds)
        expected = f"{has} as in the path" if has else "no placeholder, as in the path"
        self.notes.add(at, f'got "{template}", expected {expected}')

    def groups(self, names: tuple[str, ...], kinds: tuple[str, ...], at: Path) -> None:
        """Check the names of `only` and `except`."""
        if not kinds:
            what = "chooses among groups, expected a path with {topic} or {provider}"
            self.notes.add(at, what)
        elif kinds == ("provider",):
            self.hosts(names, at)
        else:
            for name in names:
                folded = fold(name)
                self.spellings.setdefault(self.aliases.get(folded, folded), name)

    def inherited(self, key: str, feed: str, known: set[str]) -> None:
        template = getattr(self.wanted.defaults, key)
        unknown = self.names(template) - known if template else set()
        if unknown & {"topic", "provider"}:
            what = f'{{{min(unknown)}}} is not known to the feed "{feed}", give it its own {key}'
            self.notes.add(("defaults", key), what)

    def distinct_paths(self) -> None:
        """Refuse a path given twice; one of `also` gives way to one of a feed."""
        seen: dict[str, int] = {}
        feeds = [*enumerate(self.wanted.feeds)]
        paths: list[tuple[int, str, Path]] = [
            (index, feed.path, ("path",)) for index, feed in feeds
        ]
        paths += [
            (index, old, ("also", number))
            for index, feed in feeds
            for number, old in enumerate(feed.also)
        ]
        for index, template, key in paths:
            other = seen.get(template.lower())
            seen.setdefault(template.lower(), index)
            if other is not None:
                line = line_of(("feeds", other, "path"), self.notes.lines)
                what = f'"{template}" is the path of the feed of line {line} already'
                self.notes.add(("feeds", index, *key), what)

    def rules(
        self,
        rules: shape.Rules,
        at: Path,
        known: frozenset[str] | set[str] = frozenset({"site", "topic", "provider"}),
    ) -> None:
        for key in ("title", "description"):
            if template := getattr(rules, key):
                self.template(template, (*at, key), known)
        self.hosts(_names(rules.providers), (*at, "providers"))

    def template(
        self, template: str, at: Path, known: frozenset[str] | set[str]
    ) -> None:
        expected = "expected " + ", ".join(f"{{{name}}}" for name in sorted(known))
        try:
            unknown = set(placeholders(template)) - known
        except ValueError as error:
            self.notes.add(at, f"{error}, {expected}")
        else:
            if unknown:
                self.notes.add(at, f"{{{min(unknown)}}} is not known here, {expected}")

    def names(self, template: str) -> set[str]:
        try:
            return set(placeholders(template))
        except ValueError:
            return set()

    def hosts(self, names: tuple[str, ...], at: Path) -> None:
        for name in names:
            if domain(name) is None:
                self.notes.add(at, f'got "{name}", expected a host name')


def _names(choices: tuple[str, ...] | shape.Choice | None) -> tuple[str, ...]:
    if isinstance(choices, shape.Choice):
        return (*choices.any, *choices.all, *choices.none)
    return choices or ()


def _bytes(size: int | str) -> int:
    """Count the bytes of a size."""
    digits = str(size).rstrip("BKMi ")
    return int(digits) * _SIZES[str(size)[len(digits) :].strip() or "B"]


def _options(kind: object) -> Iterator[object]:
    """Take a type annotation apart: its alternatives, without their notes."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _options(get_args(kind)[0])
    elif origin in {Union, UnionType}:
        for option in get_args(kind):
            yield from _options(option)
    else:
        yield kind


def _is_key(kind: object) -> TypeGuard[type[shape.Key]]:
    return isinstance(kind, type) and issubclass(kind, shape.Key)


def _expected(kind: object) -> str:
    """Finish the sentence "expected ..." with the kind's own description."""
    if get_origin(kind) is Annotated:
        return str(kind.__metadata__[0].description)  # type: ignore[attr-defined]
    if get_origin(kind) in {Union, UnionType}:
        return _expected(get_args(kind)[0])
    return "a mapping"


def _closest(kinds: list[object], value: object) -> str:
    words = [
        str(word)
        for kind in kinds
        if get_origin(kind) is Literal
        for word in get_args(kind)
    ]
    return _did_you_mean(value, words) if isinstance(value, str) and words else ""


def _stranger(key: str, known: Mapping[str, object]) -> str:
    if key == frontmatter.SECRET and "preset" in known:
        return "this field is a secret, and is never read"
    if key in _RULES and "defaults" in known:
        return f'no such key here; did you mean "{key}" under "defaults"?'
    if key in _TOP and "defaults" not in known:
        return f'no such key here; did you mean "{key}" at the top level?'
    close = _did_you_mean(key, known)
    return "no such key" + (close or f", expected one of {', '.join(known)}")


def _did_you_mean(
    word: str, words: Mapping[str, object] | frozenset[str] | list[str]
) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only where there is a mistake)

    close = get_close_matches(word, words, n=1, cutoff=0.5)
    folded = {known.lower().replace("_", ""): known for known in words}
    plain = re.sub(r"[-_ ]", "", word.lower())
    best = folded.get(plain) or (close[0] if close else None)
    return f'; did you mean "{best}"?' if best else ""


def _clean(value: object) -> object:
    """Leave out of a text what XML cannot hold; fold its white space."""
    if isinstance(value, str):
        return " ".join(printable(value).split())
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _got(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return quoted(value if isinstance(value, dict) else str(value))

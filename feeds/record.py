"""Record: what an editor wrote, typed field by field; or the reason why it is none."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from feeds import moment
from feeds.address import address, domain, normalised
from feeds.feed import Image, Related
from feeds.tangle import tangled
from feeds.text import mend, printable

Path = tuple[str | int, ...]

FIELDS = [
    "title",
    "webUrl",
    "originalUrl",
    "publishedDateTime",
    "updatedDateTime",
    "published",
    "quality",
    "heat",
    "excerpt",
    "provider",
    "topics",
    "category",
    "type",
    "images",
    "related",
    "ampWebUrl",
    "cdnAmpWebUrl",
    "id",
    "secured",
    "body",
]

MOST_ITEMS = 250
"""So many topics, images and related stories a record may have."""

MOST_LETTERS = 1000
"""So long a topic's name may be."""

_BOOLEANS = dict.fromkeys(["true", "yes", "on", "y", "1"], True)
_BOOLEANS |= dict.fromkeys(["false", "no", "off", "n", "0"], False)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SIZE = re.compile(r"0*([1-9]\d{0,5})(?:\.0*)?", re.ASCII)
_ADDRESS = "an http or https address"
_TANGLED = "body: too much markup, expected less; the excerpt is shown in its stead"
_QUOTED = 60
_KNOWN = frozenset(FIELDS)
_FOLDED = {name.lower(): name for name in FIELDS}
_STAND_INS = {
    "title": "title",
    "webUrl": "https://example.org/",
    "originalUrl": "https://example.org/",
    "publishedDateTime": "2000-01-01",
}


class Complaint(Struct, frozen=True, kw_only=True):
    """What is wrong in a record file, for its editor; the line counts from 1.

    `digest` is that of the file's content: a new version of the file, a new complaint.
    `also` is what else is wrong with a rejected record; no state keeps it.
    """

    file: str
    line: int
    reason: str
    digest: str = ""
    also: "tuple[Complaint, ...]" = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Record(Struct, frozen=True, kw_only=True):
    """One story as its editor keeps it, every field of its type; times are UTC.

    `id` is the record's own or its normalised link; `updated` is never before `published`
    but may be in the future. Quality and heat are None when unknown. `flaws` cost less
    than the record: an image that cannot be used, for one.
    """

    file: str
    line: int
    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    is_draft: bool
    quality: float | None
    heat: float | None
    summary: str
    provider: str
    provider_name: str
    topics: tuple[str, ...]
    category: str
    type: str
    images: tuple[Image, ...]
    related: tuple[Related, ...]
    body: str
    flaws: tuple[Complaint, ...] = ()


class Raw(Struct, frozen=True, kw_only=True):
    """One mapping out of a file, before its fields are believed.

    `origin` tells by what name a field stands in the file, where that is not ours.
    """

    file: str
    line: int
    fields: Mapping[str, object]
    body: str
    locate: Callable[[Path], int]
    size: int = 0
    origin: Callable[[Path], Path] | None = None


class Wrong(Exception):
    """A value that is not what its field holds."""

    def __init__(self, path: Path, expected: str, value: object = None) -> None:
        super().__init__(path, expected, value)
        self.path, self.expected, self.value = path, expected, value

    def __str__(self) -> str:
        name = ".".join(str(part) for part in self.path if isinstance(part, str))
        got = "missing" if self.value is None else f"got {quoted(self.value)}"
        return f"{name}: {got}, expected {self.expected}"


def record(raw: Raw, zone: tzinfo) -> Record | Complaint:
    """Type the fields of a record; a date without a zone is of `zone`."""
    fields = Fields(raw.fields)
    try:
        return _record(raw, fields, zone)
    except Wrong as wrong:
        return replace(complaint(raw, wrong), also=_also(raw, wrong, zone))


def complaint(raw: Raw, wrong: Wrong) -> Complaint:
    """Say what makes a record none, and what was probably meant."""
    wrong = _as_written(raw, wrong)
    return _complaint(raw, wrong, Fields(raw.fields).hint(wrong))


def boolean(value: object) -> bool | None:
    """Read yes and no in any usual spelling; None if it is neither."""
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def quoted(value: object) -> str:
    """Show a value in a complaint: a text as it is written, cut where it is long."""
    if isinstance(value, str):
        text = value if len(value) <= _QUOTED else f"{value[:_QUOTED]}..."
        return f'"{text}"'
    return "a list" if isinstance(value, list) else "a mapping"


class Fields:
    """A mapping asked for its values by name and type; raises Wrong."""

    __slots__ = ("path", "values")

    def __init__(self, values: Mapping[str, object], path: Path = ()) -> None:
        self.values, self.path = values, path

    def scalar(self, name: str, expected: str) -> str:
        """Give a value as the text it was written as; empty where it is missing."""
        value = self.values.get(name)
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, bool):
            return str(value).lower()
        if value is None:
            return ""
        raise Wrong((*self.path, name), expected, value)

    def text(self, name: str) -> str:
        return mend(self.scalar(name, "text"))

    def required(self, name: str, expected: str = "text") -> str:
        if text := mend(self.scalar(name, expected)):
            return text
        raise Wrong((*self.path, name), expected)

    def address(self, name: str) -> str:
        text = self.scalar(name, _ADDRESS)
        if not text:
            return ""
        if url := address(text):
            return url
        raise Wrong((*self.path, name), _ADDRESS, text)

    def date(self, name: str, zone: tzinfo) -> datetime | None:
        text = self.scalar(name, moment.EXPECTED)
        if not text:
            return None
        if when := moment.moment(text, zone):
            return when
        raise Wrong((*self.path, name), moment.EXPECTED, text)

    def number(self, name: str) -> float | None:
        text = self.scalar(name, "a number")
        if not text:
            return None
        number = float(text) if _NUMBER.fullmatch(text) else float("inf")
        if abs(number) == float("inf"):
            raise Wrong((*self.path, name), "a number", text)
        return number

    def boolean(self, name: str) -> bool:
        value = self.scalar(name, "true or false")
        if not value:
            return False
        if (truth := boolean(value)) is None:
            raise Wrong((*self.path, name), "true or false", value)
        return truth

    def texts(self, name: str, expected: str) -> Iterable[str]:
        for index, value in enumerate(self.listed(name)):
            if value is not None and not isinstance(value, str | bool):
                raise Wrong((*self.path, name, index), expected, value)
            if len(text := Fields({name: value}).text(name)) > MOST_LETTERS:
                most = f"{MOST_LETTERS} characters at most"
                raise Wrong((*self.path, name, index), most, text)
            if text:
                yield text

    def listed(self, name: str) -> list[object]:
        """Give a list; a lone value is a list of one, a missing one is empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return []
        return value[:MOST_ITEMS] if isinstance(value, list) else [value]

    def surplus(self, *names: str) -> "Iterable[Wrong]":
        """Complain of lists of which only the first items are taken."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, list) and len(value) > MOST_ITEMS:
                expected = f"{MOST_ITEMS} items at most, the others are left out"
                yield Wrong((*self.path, name), expected, value)

    def mapping(self, name: str, expected: str) -> "Fields":
        value = self.values.get(name)
        if value is None or value == "":
            return Fields({}, (*self.path, name))
        if isinstance(value, Mapping):
            return Fields(value, (*self.path, name))
        raise Wrong((*self.path, name), expected, value)

    def hint(self, wrong: Wrong) -> str:
        """Name the field that was probably meant where one is missing."""
        if wrong.value is not None or len(wrong.path) != 1:
            return ""
        from difflib import get_close_matches  # noqa: PLC0415  (few records are wrong)

        names = (str(name) for name in self.values if name not in FIELDS)
        strangers = [*islice(names, MOST_ITEMS)]
        close = get_close_matches(str(wrong.path[0]), strangers, n=1)
        return f'; is "{close[0]}" meant to be it?' if close else ""


def _also(raw: Raw, wrong: Wrong, zone: tzinfo) -> tuple[Complaint, ...]:
    """Complain of the other fields: one that is wrong gives way, until none is."""
    fields = dict(raw.fields)
    if isinstance(fields.get("body"), str):
        fields["body"] = None  # whether it is tangled would take time
    rest = replace(raw, fields=fields, body="")
    found: list[Complaint] = []
    for _ in FIELDS:
        fields[str(wrong.path[0])] = _STAND_INS.get(str(wrong.path[0]))
        try:
            return (*found, *_record(rest, Fields(fields), zone).flaws)
        except Wrong as other:
            wrong = other
            found.append(complaint(raw, wrong))
    return (*found,)


def _record(raw: Raw, fields: Fields, zone: tzinfo) -> Record:
    title = fields.required("title")
    link = fields.address("webUrl") or fields.address("originalUrl")
    if not link:
        raise Wrong(("webUrl",), _ADDRESS)
    published = fields.date("publishedDateTime", zone)
    if published is None:
        raise Wrong(("publishedDateTime",), moment.EXPECTED)
    updated = fields.date("updatedDateTime", zone) or published
    heat = fields.number("heat")
    provider, provider_name = _provider(fields, link)
    flaws = [*fields.surplus("topics", "images", "related")]
    images: dict[str, Image] = {}
    for image in _images(fields, flaws):
        images.setdefault(image.url, image)
    related = tuple(_related(fields, flaws))
    body = printable(raw.body or fields.scalar("body", "text")).strip()
    told = [_complaint(raw, _as_written(raw, flaw)) for flaw in flaws]
    told += _misspelt(raw)
    if tangled(body):
        told.append(
            Complaint(file=raw.file, line=raw.locate(("body",)), reason=_TANGLED)
        )
        body = ""
    return Record(
        file=raw.file,
        line=raw.line,
        id=printable(fields.scalar("id", "text")).strip() or normalised(link),
        title=title,
        link=link,
        published=published,
        updated=max(published, updated),
        is_draft=not fields.boolean("published"),
        quality=fields.number("quality"),
        heat=None if heat == -1 else heat,
        summary=fields.text("excerpt"),
        provider=provider,
        provider_name=provider_name,
        topics=tuple(dict.fromkeys(fields.texts("topics", "a list of names"))),
        category=fields.text("category"),
        type=fields.text("type"),
        images=tuple(images.values()),
        related=related,
        body=body,
        flaws=tuple(told),
    )


def _misspelt(raw: Raw) -> Iterable[Complaint]:
    """Complain of fields in other case; of their values too little is known to quote them."""
    for name in raw.fields:
        if name in _KNOWN:
            continue
        if (meant := _FOLDED.get(name.lower())) and meant not in raw.fields:
            reason = f'{name}: not read, as it is spelt "{meant}"'
            line = raw.locate((name,))
            yield Complaint(file=raw.file, line=line, reason=reason)


def _provider(fields: Fields, link: str) -> tuple[str, str]:
    """Give the domain, which identifies a provider, and the name as it is spelt here."""
    provider = fields.mapping("provider", "a mapping with name and domain")
    written = provider.scalar("domain", "a host name")
    host = domain(written or link)
    if host is None:
        raise Wrong((*provider.path, "domain"), "a host name", written)
    return host, provider.text("name")


def _images(fields: Fields, flaws: list[Wrong]) -> Iterable[Image]:
    for image in _usable(fields, "images", "url", flaws):
        try:
            if not (url := image.address("url")):
                raise Wrong((*image.path, "url"), _ADDRESS)
        except Wrong as wrong:
            flaws.append(wrong)
        else:
            width, height = (
                _pixels(image, name, flaws) for name in ("width", "height")
            )
            yield Image(url=url, width=width, height=height)


def _related(fields: Fields, flaws: list[Wrong]) -> Iterable[Related]:
    for story in _usable(fields, "related", "webUrl", flaws):
        try:
            link = story.address("webUrl") or story.address("originalUrl")
            if not link:
                raise Wrong((*story.path, "webUrl"), _ADDRESS)
            host, name = _provider(story, link)
            yield Related(
                title=story.required("title"), link=link, provider=name or host
            )
        except Wrong as wrong:
            flaws.append(wrong)


def _usable(
    fields: Fields, name: str, lone: str, flaws: list[Wrong]
) -> Iterable[Fields]:
    """Give the mappings of a list; a lone text stands for the mapping's chief field."""
    for index, value in enumerate(fields.listed(name)):
        path = (*fields.path, name, index)
        if isinstance(value, Mapping):
            yield Fields(value, path)
        elif isinstance(value, str):
            yield Fields({lone: value}, path)
        elif value is not None:
            flaws.append(Wrong(path, f"a mapping with {lone}", value))


def _pixels(image: Fields, name: str, flaws: list[Wrong]) -> int | None:
    try:
        text = image.scalar(name, "pixels")
        if size := _SIZE.fullmatch(text):
            return int(size[1])
        if text.strip("0.") == "":
            return None
        raise Wrong((*image.path, name), "a whole number of pixels", text)
    except Wrong as wrong:
        flaws.append(wrong)
        return None


def _as_written(raw: Raw, wrong: Wrong) -> Wrong:
    """Name a value as its file does."""
    if raw.origin is None:
        return wrong
    return Wrong(raw.origin(wrong.path), wrong.expected, wrong.value)


def _complaint(raw: Raw, wrong: Wrong, hint: str = "") -> Complaint:
    # A lone surrogate, which JSON can hold, could be written nowhere.
    reason = f"{wrong}{hint}".encode("utf-8", "backslashreplace").decode()
    return Complaint(file=raw.file, line=raw.locate(wrong.path), reason=reason)

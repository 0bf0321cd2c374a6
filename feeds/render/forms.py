"""What feedgen writes, by its form: things that differ in their texts alone are written alike.

feedgen and lxml would take most of the time of a build from nothing, and do the same over
and over. So feedgen writes a sample of each form, in which every text is a mark, and where
it put a mark, the texts of all others of that form go, escaped as lxml would. A test asserts
that no byte differs from what feedgen makes of the whole feed.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count
from operator import itemgetter
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds.feed import PAGE, Enclosure, Entry, Feed, Image, Person, Related
from feeds.media import ending, media_type
from feeds.render.wording import as_html, neighbours, rfc822

Addressed = tuple[Feed, str]
"""A feed, and the address of the document that it is going to be."""

_Pick = Callable[[Sequence[str]], tuple[str, ...]]

_Thing = TypeVar("_Thing")

_MOST = 1000
"""So many forms of a kind are kept: where there are more, few things are alike."""

_LONG = 250
"""Hardly anything has so many texts, and its form takes long to learn."""

_GAP = "\0"
"""Stands between texts that are escaped together; none that XML allows has it."""

_SUM = 8
_EARLIER, _THEN, _LATER = (datetime(year, 1, 1, tzinfo=UTC) for year in (1, 2, 3))
_NOTHING = Enclosure(url="", media_type="")


class _Form(Struct, frozen=True):
    """What stands around texts, for the operator %, and which of all texts stand there."""

    around: str
    picked: tuple[int, ...]


class _Memory:
    """Forms that other builds learned, and those that are new; each with its digest."""

    def __init__(self) -> None:
        self.old: Mapping[bytes, object] = {}
        self.new: dict[bytes, bytes] = {}

    def find(self, key: bytes) -> _Form | None:
        packed = self.old.get(key)
        # What the disk damaged may be a number now.
        if not isinstance(packed, bytes) or _sum(key + packed[_SUM:]) != packed[:_SUM]:
            return None
        return _DECODER.decode(packed[_SUM:])

    def add(self, key: bytes, form: _Form) -> None:
        packed = msgspec.msgpack.encode(form)
        self.new[key] = _sum(key + packed) + packed


_DECODER = msgspec.msgpack.Decoder(_Form)
_MEMORY = _Memory()


def recall(forms: Mapping[bytes, object]) -> None:
    """Take what was learned by a build with the same versions of everything."""
    _MEMORY.old = forms


def learned() -> dict[bytes, bytes]:
    """Give the forms that were learned since this was asked last."""
    new, _MEMORY.new = _MEMORY.new, {}
    return new


class Forms(Generic[_Thing]):
    """Writes things of a kind as `write` does.

    `texts` gives all that may differ within a form, always in the same order; the last of
    them never stands in an attribute. `outline` gives what else the writer asks: together
    with which of the texts are empty, it is the form. `sample` makes a thing of the same
    form, whose texts are all different.
    """

    def __init__(
        self,
        kind: str,
        write: Callable[[_Thing], bytes],
        texts: Callable[[_Thing], list[str]],
        outline: Callable[[_Thing], Hashable],
        sample: Callable[[_Thing], _Thing],
    ) -> None:
        self._kind, self._write, self._texts = kind, write, texts
        self._outline, self._sample = outline, sample
        self._forms: dict[Hashable, tuple[str, _Pick]] = {}

    def __call__(self, thing: _Thing) -> bytes:
        texts = self._texts(thing)
        if len(texts) > _LONG:
            return self._write(thing)
        key = self._outline(thing), *map(bool, texts)
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) == _MOST:
                return self._write(thing)
            packed = msgspec.msgpack.encode((self._kind, *key))
            form = self._forms[key] = self._found(packed, thing)
        around, pick = form
        escaped = _escaped(texts)
        # feedgen refuses NUL; of all else that XML forbids, `validate` finds what is left.
        if len(escaped) != 2 * len(texts) - 1:
            return self._write(thing)
        return (around % pick(escaped)).encode()

    def _found(self, key: bytes, thing: _Thing) -> tuple[str, _Pick]:
        form = _MEMORY.find(key)
        if form is None:
            form = self._form(self._sample(thing))
            _MEMORY.add(key, form)
        return form.around, itemgetter(*form.picked)

    def _form(self, sample: _Thing) -> _Form:
        marks = self._texts(sample)
        places = {mark: at for at, mark in enumerate(marks) if mark}
        any_mark = "|".join(map(re.escape, places))
        pieces = re.split(f"({any_mark})", self._write(sample).decode())
        around = [piece.replace("%", "%%") for piece in pieces]
        around[1::2] = ["%s"] * (len(pieces) // 2)
        # An attribute's value is a text whole, and nothing but it follows such a quote.
        picked = [
            places[mark] + len(marks) * before.endswith('="')
            for before, mark in zip(pieces[::2], pieces[1::2], strict=False)
        ]
        return _Form("".join(around), tuple(picked))


def _sum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_SUM).digest()


def _escaped(texts: Iterable[str]) -> list[str]:
    """Escape texts as lxml does: all between tags, then all but the last in attributes."""
    between = (
        _GAP.join(texts)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\r", "&#13;")
    )
    short, _, _last = between.rpartition(_GAP)
    attributes = (
        short.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    )
    return [*between.split(_GAP), *attributes.split(_GAP)]


def _marked() -> Callable[[str], str]:
    """Mark texts, each in another way, but for those that are empty."""
    marks = map("@{}@".format, count())
    return lambda text: text and next(marks)


def _numbered() -> Callable[[int | None], int | None]:
    numbers = count(10**9)
    return lambda number: number and next(numbers)


def of_entries(kind: str, write: Callable[[Entry], bytes]) -> Forms[Entry]:
    """Write entries by their form."""
    return Forms(kind, write, _texts, _outline, _sample)


def _texts(entry: Entry) -> list[str]:
    file, author = entry.enclosure or _NOTHING, entry.author
    texts = [
        *(entry.id, entry.title, entry.link, as_html(entry.summary)),
        *(author.name, author.uri or "", file.url, file.media_type),
        *(str(file.length or ""), entry.updated.isoformat()),
        *(entry.published.isoformat(), rfc822(entry.published), *entry.categories),
    ]
    for other in entry.related:
        texts += (other.link, other.title)
    for image in entry.images:
        texts += (image.url, str(image.width or ""), str(image.height or ""))
    texts.append(entry.content)
    return texts


def _outline(entry: Entry) -> Hashable:
    picture = entry.enclosure.url if entry.enclosure else None
    return (
        *(entry.id == entry.link, entry.updated > entry.published),
        *(len(entry.categories), len(entry.related), picture is None),
        *(image.url == picture for image in entry.images),
    )


def _sample(entry: Entry) -> Entry:
    text, number = _marked(), _numbered()
    link, file = text(entry.link), entry.enclosure
    picture = text(file.url) if file else ""

    def image(one: Image) -> Image:
        url = picture if file and one.url == file.url else text(one.url)
        return Image(url=url, width=number(one.width), height=number(one.height))

    return Entry(
        id=link if entry.id == entry.link else text(entry.id),
        title=text(entry.title),
        link=link,
        published=_THEN,
        updated=_LATER if entry.updated > entry.published else _EARLIER,
        summary=text(entry.summary),
        content=text(entry.content),
        author=_person(entry.author, text),
        categories=tuple(map(text, entry.categories)),
        enclosure=file
        and Enclosure(
            url=picture,
            media_type=text(file.media_type),
            length=number(file.length) or 0,
        ),
        images=tuple(map(image, entry.images)),
        related=tuple(
            Related(title=text(one.title), link=text(one.link), provider="")
            for one in entry.related
        ),
    )


def _person(one: Person, text: Callable[[str], str]) -> Person:
    return Person(
        name=text(one.name),
        uri=one.uri and text(one.uri),
        email=one.email and text(one.email),
    )


def of_feeds(kind: str, write: Callable[[Addressed], bytes]) -> Forms[Addressed]:
    """Write feeds without their entries by their form."""
    return Forms(kind, write, _feed_texts, _feed_outline, _feed_sample)


def _feed_texts(addressed: Addressed) -> list[str]:
    feed, address = addressed
    return [
        *(feed.id, feed.title, address, feed.home),
        *(feed.author.name, feed.author.email or "", feed.language or ""),
        *(feed.copyright or "", str(feed.ttl or ""), feed.updated.isoformat()),
        *(rfc822(feed.updated), feed.logo or ""),
        *(link["href"] for link in neighbours(feed, address, "")),
        feed.description,
    ]


def _feed_outline(addressed: Addressed) -> Hashable:
    feed, _address = addressed
    history = feed.current is None, feed.older is None, feed.newer is None
    logo = media_type(feed.logo or "")
    return (logo, PAGE in feed.formats, len(feed.hubs), len(feed.also), *history)


def _feed_sample(addressed: Addressed) -> Addressed:
    feed, address = addressed
    text, number = _marked(), _numbered()
    sample = replace(
        feed,
        base=text(feed.base),
        path=text(feed.path),
        id=text(feed.id),
        title=text(feed.title),
        description=text(feed.description),
        home=text(feed.home),
        author=_person(feed.author, text),
        language=feed.language and text(feed.language),
        copyright=feed.copyright and text(feed.copyright),
        logo=feed.logo and f"{text(feed.logo)}.{ending(media_type(feed.logo))}",
        ttl=number(feed.ttl),
        updated=_THEN,
        hubs=tuple(map(text, feed.hubs)),
        also=tuple(map(text, feed.also)),
        older=feed.older and text(feed.older),
        newer=feed.newer and text(feed.newer),
        current=feed.current and text(feed.current),
    )
    suffix = address.removeprefix(feed.base + feed.path)
    return sample, sample.base + sample.path + suffix

"""Front matter of other tools into ours, as `fields` in feeds.yaml says.

A preset is nothing but such a `fields`, after the tool's own documentation:
<https://jekyllrb.com/docs/front-matter/>, <https://gohugo.io/content-management/front-matter/>,
<https://docs.getpelican.com/en/latest/content.html>, <https://www.11ty.dev/docs/dates/>.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from posixpath import normpath
from urllib.parse import quote, urljoin

import msgspec
from msgspec import Struct

from feeds import shape
from feeds.frontmatter import SECRET
from feeds.moment import EXPECTED, moment
from feeds.record import FIELDS, Path, Raw, Wrong, boolean
from feeds.remote.url import is_url
from feeds.template import fill, placeholders

FILENAME, TITLE = ":filename", ":title"
"""What stands for the date or the slug in a file's name, and for the title as a slug."""

PLACEHOLDERS = frozenset(
    [
        *("year", "month", "day", "slug", "title", "path", "folder", "name", "section"),
        "categories",
    ]
)

_TELLING = frozenset(["slug", "title", "path", "name"])
"""What tells one record from another; a template needs one of them."""

PRESETS = {
    "jekyll": shape.Fields(
        url="/{categories}/{year}/{month}/{day}/{slug}.html",
        web_url="permalink",
        published_date_time=("date", FILENAME),
        updated_date_time="last_modified_at",
        published=shape.Truth(from_="published", default=True),
        excerpt=("excerpt", "description"),
        topics=shape.Joined(from_=("tags", "categories"), split="space"),
        images=("image", "images"),
    ),
    "hugo": shape.Fields(
        url="/{folder}/{slug}/",
        web_url="url",
        published_date_time=("publishDate", "publishdate", "pubdate", "date"),
        updated_date_time=("lastmod", "modified"),
        published=shape.Truth(not_="draft"),
        excerpt=("summary", "description"),
        topics=("tags", "categories"),
        images=("images", "params.images"),
    ),
    "pelican": shape.Fields(
        url="/{slug}.html",
        slug=("slug", "Slug", TITLE),
        title=("title", "Title"),
        web_url="url",
        published_date_time=("date", "Date", FILENAME),
        updated_date_time=("modified", "Modified"),
        published=shape.Truth(from_=("status", "Status"), default=True),
        excerpt=("summary", "Summary"),
        topics=shape.Joined(from_=("tags", "Tags"), split="comma"),
        category=("category", "Category"),
    ),
    "eleventy": shape.Fields(
        url="/{folder}/{slug}/",
        slug=FILENAME,
        web_url="permalink",
        published_date_time=("date", FILENAME),
        published=shape.Truth(not_="draft"),
        excerpt=("excerpt", "description"),
        topics="tags",
        images=("image", "images"),
    ),
}

_PASSED_OVER = {
    "jekyll": r"(?:^|/)_(?:drafts|data|includes|layouts|sass|site)/|(?:^|/)_config\.ya?ml$",
    "hugo": r"(?:^|/)_index\.[^/]*$",
    "pelican": r"(?:^|/)pages/",
    "eleventy": r"(?:^|/)_(?:data|includes|site)/|\.11tydata\.json$|([^/]+)/\1\.json$",
}
_SCALARS = ["title", "webUrl", "originalUrl", "publishedDateTime", "updatedDateTime"]
_SCALARS += ["quality", "heat", "excerpt", "category", "type", "id", "body"]
_LISTS = ["topics", "images", "related"]
_OURS = frozenset(FIELDS)
_STYLES = {  # <https://jekyllrb.com/docs/permalinks/#built-in-formats>
    "date": "/{categories}/{year}/{month}/{day}/{slug}.html",
    "pretty": "/{categories}/{year}/{month}/{day}/{slug}/",
    "none": "/{categories}/{slug}.html",
}
# What Jekyll and Hugo write with a colon, in our words.
_TOKENS = {name: f"{{{name}}}" for name in PLACEHOLDERS - {"path", "folder", "name"}}
_TOKENS |= {"output_ext": ".html", "filename": "{slug}", "slugorfilename": "{slug}"}
_TOKENS |= {"basename": "{name}", "contentbasename": "{name}", "sections": "{folder}"}
_TOKEN = r":([a-z_]+)"
# Words of a state that says whether a record is published.
_STATES = {"published": True, "publish": True, "draft": False, "hidden": False}
_STATES |= {"skip": False, "private": False, "pending": False}
_MANY = (".json", ".jsonl", ".ndjson")
# Patterns are compiled when one is wanted: most sites have no `fields`.
_DATE = r"(?<![0-9])[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])"
_DATED = r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[-_ ]"
_ABSOLUTE = r"[A-Za-z][A-Za-z0-9+.-]*:|//"
_CODE = r"\{\{|\{%"
_SAFE = "/~:@!$&'()*+,;="


class Translation(Struct, frozen=True, kw_only=True):
    """How other front matter comes to ours.

    `names` are the places of each field in theirs, by ours. `base` completes addresses and
    `url` makes those that are missing; `roots` are the folders that paths are counted from.
    """

    preset: str | None
    base: str
    url: str
    roots: tuple[str, ...]
    names: Mapping[str, tuple[Path, ...]]
    truth: shape.Truth | None
    split: str | None

    @property
    def has_meta(self) -> bool:
        """Tell whether metadata may stand without fences."""
        return self.preset == "pelican"

    def passes_over(self, file: str) -> bool:
        """Tell whether a file is none of the tool's articles, by its name."""
        pattern = _PASSED_OVER.get(self.preset or "")
        return pattern is not None and re.search(pattern, file) is not None

    def places(self, field: str) -> tuple[Path, ...]:
        return self.names.get(field) or ((field,),)


def flaws(wanted: shape.Fields) -> Iterator[tuple[Path, str]]:
    """Say what is wrong with `fields` in feeds.yaml, and at which of its keys."""
    for at, names in _named(wanted):
        for index, name in enumerate(names):
            if what := _flaw(name, at[0]):
                yield (*at, index), what
    truth = wanted.published
    if isinstance(truth, shape.Truth) and truth.from_ and truth.not_:
        yield ("published", "not"), 'expected either "from" or "not"'
    if wanted.url:
        url = _braced(wanted.url, wanted.preset)
        if what := _template_flaw(url):
            yield ("url",), what
        elif not (wanted.base or wanted.preset or re.match(_ABSOLUTE, url)):
            yield ("url",), 'relative, expected an http or https address, or a "base"'


def translation(wanted: shape.Fields, base: str, sources: Iterable[str]) -> Translation:
    """Make a flawless `fields` of feeds.yaml ready; its own keys go before the preset's."""
    whole = _merged(wanted)
    names = {
        ".".join(str(part) for part in at if part not in {"from", "not"}): tuple(
            tuple(name.split(".")) for name in names
        )
        for at, names in _named(whole)
    }
    names.setdefault("slug", (("slug",), (FILENAME,)))
    truth, topics = whole.published, whole.topics
    return Translation(
        preset=whole.preset,
        base=base,
        url=_braced(whole.url or "", whole.preset),
        roots=_roots(sources, whole.preset),
        names=names,
        truth=truth if isinstance(truth, shape.Truth) else None,
        split=topics.split if isinstance(topics, shape.Joined) else None,
    )


def translate(raw: Raw, by: Translation, zone: tzinfo) -> Raw:
    """Give the fields of a record our names. Raises Wrong."""
    found = _Found(raw, by, zone)
    found.take()
    try:
        found.complete()
    except Wrong as wrong:
        raise Wrong(found.origin(wrong.path), wrong.expected, wrong.value) from None
    return Raw(
        file=raw.file,
        line=raw.line,
        fields=found.ours,
        body=raw.body,
        locate=raw.locate,
        size=raw.size,
        origin=found.origin,
    )


class _Found:
    """One record on its way from their names to ours."""

    def __init__(self, raw: Raw, by: Translation, zone: tzinfo) -> None:
        self.raw, self.by, self.zone = raw, by, zone
        # What is theirs alone stays, so that what was probably meant can be named.
        theirs = raw.fields.items()
        self.ours = {key: value for key, value in theirs if key not in _OURS}
        self.written: dict[Path, Path] = {}  # where in theirs a value of ours stood

    def origin(self, path: Path) -> Path:
        """Name a value as its file does."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.written:
                return self.written[path[:end]] + path[end:]
        field = ".".join(part for part in path if isinstance(part, str))
        places = [".".join(map(str, place)) for place in self.by.places(field)]
        return (" or ".join(places),)

    def take(self) -> None:
        for field in _SCALARS:
            self.scalar(field)
        for field in _LISTS:
            self.listed(field)
        self.provider()
        self.published()

    def first(self, field: str, *part: str) -> object:
        """Give the first value that is there, and note where it stands."""
        for place in self.by.places(".".join((field, *part)) if part else field):
            value = self.at(place)
            if value is not None and value != "":
                self.written[field, *part] = place
                return value
        return None

    def at(self, place: Path) -> object:
        value: object = self.raw.fields
        for part in place:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def scalar(self, field: str) -> None:
        value = self.first(field)
        if value is None and (FILENAME,) in self.by.places(field):
            value = self.date_of_file()
        if value is not None:
            self.ours[field] = value

    def listed(self, field: str) -> None:
        places = self.by.places(field)
        self.written[(field,)] = places[0]
        split = self.by.split if field == "topics" else None
        if len(places) == 1 and not split:
            if (value := self.at(places[0])) is not None:
                self.ours[field] = value
            return
        items: list[object] = []
        for place in places:
            for index, one in enumerate(_split(self.at(place), split)):
                self.written[(field, len(items))] = (*place, index)
                items.append(one)
        if items:
            self.ours[field] = items

    def provider(self) -> None:
        parts = [
            name for name in ("name", "domain") if f"provider.{name}" in self.by.names
        ]
        if not parts:
            self.scalar("provider")
            return
        given: dict[str, object] = {}
        for part in parts:
            given[part] = self.first("provider", part)
        self.ours["provider"] = given

    def published(self) -> None:
        truth = self.by.truth
        if truth is None:
            self.scalar("published")
            return
        value = self.first("published")
        if value is None:
            default = truth.default
            self.ours["published"] = bool(truth.not_) if default is None else default
            return
        if isinstance(value, str):
            value = _STATES.get(value.strip().lower(), value)
        said = boolean(value)
        # What is neither yes nor no is for the record to complain of.
        self.ours["published"] = value if said is None else said != bool(truth.not_)

    def complete(self) -> None:
        """Give an address to what has none, and complete those that are relative."""
        if self.by.preset == "eleventy" and boolean(self.ours.get("webUrl")) is False:
            del self.ours["webUrl"]  # `permalink: false`: there is no page of it
            self.ours["published"] = False
        links = [key for key in ("webUrl", "originalUrl") if self.ours.get(key)]
        for key in links:
            self.ours[key] = self.address(self.ours[key], is_link=True)
        if not links and self.by.url:
            self.ours["webUrl"] = self.address(self.filled(self.by.url))
        for field, keys in (
            ("images", ["url"]),
            ("related", ["webUrl", "originalUrl"]),
        ):
            if value := self.ours.get(field):
                items = value if isinstance(value, list) else [value]
                self.ours[field] = [self.item(one, keys) for one in items]

    def item(self, one: object, keys: list[str]) -> object:
        """Complete an image or a related story."""
        if not isinstance(one, Mapping):
            return self.beside(one)
        known = dict(one)
        if self.by.preset and keys == ["url"] and not known.get("url"):
            known["url"] = known.get("path") or known.get("src")
        return known | {key: self.beside(known[key]) for key in keys if key in known}

    def beside(self, text: object) -> object:
        """Complete an address; what lies in a page bundle of Hugo lies below its page."""
        link = self.ours.get("webUrl")
        is_bundle = self.by.preset == "hugo" and _stem(self.raw.file) == "index"
        if not is_bundle or not isinstance(text, str) or text.startswith("/"):
            return self.address(text)
        if not isinstance(link, str) or re.match(_ABSOLUTE, text):
            return text
        return f"{link.rstrip('/')}/{text.strip().removeprefix('./')}"

    def address(self, value: object, *, is_link: bool = False) -> object:
        """Complete an address that is relative; what is none stays as it is."""
        if not isinstance(value, str):
            return value
        text = value.strip()
        if is_link and self.by.preset in {"jekyll", "hugo"} and re.search(_TOKEN, text):
            text = self.expanded(text)
        if (
            not text
            or re.match(_ABSOLUTE, text)
            or re.search(_CODE, text)
            or not self.by.base
        ):
            return text
        if is_link:
            text = _as_served(text, self.by.preset)
        below = f"{self.by.base.rstrip('/')}/"
        return (
            urljoin(below, text) if text.startswith(".") else below + text.lstrip("/")
        )

    def expanded(self, text: str) -> str:
        """Put values for the tokens of a permalink; an address keeps its colons."""
        if re.match(_ABSOLUTE, text):
            return text
        template = _braced(text, self.by.preset)
        try:
            is_known = PLACEHOLDERS.issuperset(placeholders(template))
        except ValueError:
            is_known = False
        if not is_known or re.search(_TOKEN, template):
            known = ", ".join(f":{name}" for name in sorted(_TOKENS))
            raise Wrong(("webUrl",), f"an address with none but {known}", text)
        return self.filled(template)

    def filled(self, template: str) -> str:
        """Fill a template. Raises Wrong where a record has not what it needs."""
        values = {name: self.value(name) for name in placeholders(template)}
        if not all(values[name] for name in values.keys() & _TELLING):
            raise Wrong(("webUrl",), "an http or https address")
        quoted = {name: quote(values[name], _SAFE, errors="replace") for name in values}
        text = fill(template, quoted)
        scheme, mark, rest = text.rpartition("://")
        return scheme + mark + re.sub("/{2,}", "/", rest)

    def value(self, name: str) -> str:
        """Give what stands for a placeholder."""
        if name in {"year", "month", "day"}:
            return self.date().strftime(
                {"year": "%Y", "month": "%m", "day": "%d"}[name]
            )
        if name == "title":
            return self.title()
        if name == "categories":
            return "/".join(dict.fromkeys(self.categories()))
        found = self.slug() if name == "slug" else self.parts()[name]
        return found.lower() if self.by.preset == "hugo" else found

    def date(self) -> datetime:
        text = self.ours.get("publishedDateTime")
        when = moment(text.strip(), self.zone) if isinstance(text, str) else None
        if when is None:
            raise Wrong(("publishedDateTime",), EXPECTED, text)
        return when.astimezone(self.zone)

    def title(self) -> str:
        """Turn the title into a slug, as Pelican does."""
        text = str(self.ours.get("title") or "").lower()
        if self.by.preset == "pelican":
            apart = unicodedata.normalize("NFKD", text)
            text = "".join(one for one in apart if not unicodedata.combining(one))
        return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text).strip())

    def slug(self) -> str:
        for place in self.by.places("slug"):
            text = self.at(place)
            if place == (FILENAME,):
                text = re.sub(_DATED, "", self.parts()["name"])
            elif place == (TITLE,):
                text = self.title()
            if isinstance(text, str) and text.strip():
                return re.sub(r"\s+", "-", text.strip())
        return ""

    def categories(self) -> Iterator[str]:
        """Name the categories as Jekyll has them in its addresses."""
        for name, split in (("category", None), ("categories", self.by.split)):
            for one in _split(self.at((name,)), split):
                yield str(one).lower().strip()

    def date_of_file(self) -> str | None:
        name = self.raw.file.rpartition("/")[2]
        found = re.search(_DATE, name) or re.search(_DATE, self.raw.file)
        return found[0] if found else None

    def parts(self) -> dict[str, str]:
        """Take the file's name apart; in one with many records, no record has a name."""
        file = self.raw.file
        root = next((root for root in self.by.roots if file.startswith(root)), "")
        path = file[len(root) :].rpartition(".")[0]
        if _stem(file) == "index":
            path = path.rpartition("/")[0]
        if file.lower().endswith(_MANY):
            path = f"{path.rpartition('/')[0]}/"
        folder, _, name = path.rpartition("/")
        section = folder.partition("/")[0]
        path = path if name else ""
        return {"path": path, "folder": folder, "name": name, "section": section}


def _merged(wanted: shape.Fields) -> shape.Fields:
    preset = PRESETS.get(wanted.preset or "", shape.Fields())
    own = {
        name: value
        for name, value in msgspec.structs.asdict(wanted).items()
        if value is not None
    }
    return msgspec.structs.replace(preset, **own)


def _named(wanted: shape.Fields) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Give each key of `fields` that names theirs, and the names."""
    for info in msgspec.structs.fields(shape.Fields):
        if info.name in {"preset", "base", "url"}:
            continue
        value = getattr(wanted, info.name)
        inner = {info.encode_name: value}
        if isinstance(value, shape.Key):
            inner = {
                f"{info.encode_name}.{part.encode_name}": getattr(value, part.name)
                for part in msgspec.structs.fields(type(value))
                if part.name not in {"split", "default"}
            }
        for name, given in inner.items():
            if given is not None:
                yield tuple(name.split(".")), _listed(given)


def _listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _flaw(name: str, field: object) -> str | None:
    parts = name.split(".")
    if SECRET in parts:
        return f'"{SECRET}" is a secret, and is never read'
    if "" in parts:
        return f'got "{name}", expected a field\'s name, or several joined by dots'
    known = {"slug": [FILENAME, TITLE], "publishedDateTime": [FILENAME]}
    tokens = known.get(str(field), [])
    if name.startswith(":") and name not in tokens:
        expected = " or ".join(tokens) or "a field's name"
        return f'"{name}" is not known here, expected {expected}'
    return None


def _template_flaw(template: str) -> str | None:
    expected = "expected " + ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
    try:
        names = set(placeholders(template))
    except ValueError as error:
        return f"{error}, {expected}"
    if unknown := names - PLACEHOLDERS:
        return f"{{{min(unknown)}}} is not known here, {expected}"
    if token := re.search(_TOKEN, template):
        return f'"{token[0]}" is not known here, {expected}'
    if not names & _TELLING:
        return (
            "the same for all records, expected {slug}, {title}, {path} or {name} in it"
        )
    return None


def _braced(text: str, preset: str | None) -> str:
    """Write a permalink of Jekyll or Hugo as a template of ours."""
    text = _STYLES.get(text, text)
    if preset == "jekyll":  # whose title is that of the file
        text = re.sub(":title(?![a-z_])", ":slug", text)
    return re.sub(_TOKEN, lambda token: _TOKENS.get(token[1], token[0]), text)


def _roots(sources: Iterable[str], preset: str | None) -> tuple[str, ...]:
    """Name the folders of the sources, the longest first, and for Hugo its content."""
    roots: set[str] = set()
    for source in sources:
        fixed = re.split(r"(?:^|/)[^/]*[*?\[]", source)[0]
        folder = fixed.rstrip("/") if is_url(fixed) else normpath(fixed or ".")
        for one in (folder, folder.rpartition("/")[0]):
            root = "" if one in {"", "."} else f"{one}/"
            if preset == "hugo":
                root = re.sub(r"((?:^|.*/)content/).*", r"\1", root)
            roots.add(root)
    return tuple(sorted(roots, key=lambda root: (-len(root), root)))


def _split(value: object, split: str | None) -> list[object]:
    """Give the items of a list, or of a text that lists them."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if not split or not isinstance(value, str):
        return [value]
    mark = ";" if ";" in value else ","
    return [*(value.split() if split == "space" else value.split(mark))]


def _as_served(text: str, preset: str | None) -> str:
    """Write a path as the tool serves it."""
    if preset == "eleventy":
        return re.sub(r"(^|/)index\.html$", r"\1", text)
    last = text.rpartition("/")[2]
    return f"{text}/" if preset == "hugo" and last and "." not in last else text


def _stem(file: str) -> str:
    return file.rpartition("/")[2].rpartition(".")[0]

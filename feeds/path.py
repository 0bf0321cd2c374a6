"""The addresses of feeds: a slug for every name, a path for every group.

A path follows from the folded name and the configuration alone. A plain name (a-z, 0-9
and single spaces) is its own slug; any other keeps what ASCII can show of it and takes a
digest behind two hyphens, which no plain name has. So no two groups share a path, and
no new record or topic ever moves a feed.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from msgspec import Struct

from feeds.template import fill, placeholders

SUFFIXES = (".rss", ".atom", ".json", ".html", ".opml", ".xml")
RESERVED = ("index", "feeds")
MOST = 60
"""The most characters of a name that a slug shows."""

_LONGEST = 100
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_DIGESTED = re.compile(r"[a-z0-9-]*--[a-z2-7]{12}")
_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_PATTERNS = {"topic": "[a-z0-9_-]+", "provider": "[a-z0-9._-]+"}
# Names that Windows gives to devices, whatever the ending.
_DEVICES = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
    ]
)


def slug(name: str, taken: frozenset[str] = frozenset()) -> str:
    """Turn a folded topic name into a path segment; `taken` are those of others, folded."""
    plain = name.replace(" ", "-")
    if _PLAIN.fullmatch(name) and len(name) <= MOST and plain not in _DEVICES | taken:
        return plain
    from slugify import slugify  # noqa: PLC0415  (most names are plain)

    readable = slugify(name, max_length=MOST) or "topic"
    return f"{readable}--{_digest(name)}"


def host(domain: str, taken: frozenset[str] = frozenset()) -> str:
    """Turn a provider's domain into a path segment: itself, wherever that is safe."""
    if (
        _DOMAIN.fullmatch(domain)
        and domain not in taken
        and not _DIGESTED.fullmatch(domain)
        and len(domain) <= 2 * MOST
        and not is_device(domain)
        and not domain.endswith(SUFFIXES)
    ):
        return domain
    readable = re.sub(r"[^a-z0-9]+", "-", domain)[:MOST].strip("-")
    return f"{readable or 'provider'}--{_digest(domain)}"


def is_device(segment: str) -> bool:
    """Tell whether Windows takes a file of this name for a device."""
    return segment.lower().partition(".")[0] in _DEVICES


def flaw(template: str) -> str | None:
    """Say what is wrong with a path of feeds.yaml; None where nothing is."""
    try:
        unknown = set(placeholders(template)) - _PATTERNS.keys()
    except ValueError as error:
        return f"{error}, expected {{topic}} or {{provider}}"
    if unknown:
        return f"{{{min(unknown)}}} is not known in a path, expected {{topic}} or {{provider}}"
    if max(map(len, template.split("/"))) > _LONGEST:
        return f"too long, expected {_LONGEST} characters between two slashes at most"
    for segment in template.split("/"):
        if what := _flaw(segment):
            return what
    return None


class Paths(Struct, frozen=True):
    """Where each feed goes, for the path templates of one configuration."""

    templates: tuple[str, ...]

    def path(self, index: int, slugs: Mapping[str, str]) -> str:
        """Fill in a template; a path that a feed of more right may have takes a suffix."""
        path = fill(self.templates[index], slugs)
        if slugs and any(
            rival.fullmatch(path.lower()) for rival in self._rivals(index)
        ):
            return f"{path}--{_digest('/'.join(f'{kind}={slug}' for kind, slug in slugs.items()))}"
        return path

    def _rivals(self, index: int) -> Iterable[re.Pattern[str]]:
        """A literal path goes before a group's, an earlier template before a later."""
        for name in RESERVED:
            yield re.compile(name)
        for other, template in enumerate(self.templates):
            if other < index or (other > index and not placeholders(template)):
                yield _pattern(template)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{([a-z]+)\}", template.lower())
    return re.compile(
        "".join(_PATTERNS[p] if i % 2 else re.escape(p) for i, p in enumerate(pieces))
    )


def _flaw(segment: str) -> str | None:
    names = placeholders(segment)
    if len(re.findall("{", segment)) > 1:
        return f'"{segment}" has two placeholders, expected one between two slashes'
    sample = fill(segment, dict.fromkeys(names, "x"))
    if not sample:
        return "an empty part, expected no slash at the ends and none doubled"
    if not _SEGMENT.fullmatch(sample) or sample.endswith("."):
        return f'"{segment}" holds what is no letter a-z, digit, "-", "_", "~" or inner "."'
    if sample.lower().endswith(SUFFIXES):
        return f'"{segment}" has an ending, expected none: each format adds its own'
    if not names and is_device(sample):
        return f'"{segment}" is the name of a device on Windows'
    return None


def _digest(name: str) -> str:
    from base64 import b32encode  # noqa: PLC0415  (few names need one)

    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return b32encode(digest).decode("ascii").lower()[:12]

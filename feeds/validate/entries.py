"""Entries alone, as a build has them: each is judged once, however many documents hold it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from feeds.validate import jsonfeed
from feeds.validate.plain import are_plain
from feeds.validate.values import ATOM, SPACES, quoted

SEAMS = {
    ".rss": (b"", b"  </channel>\n</rss>\n"),
    ".atom": (b"", b"</feed>\n"),
    ".json": (b",\n", b"\n  ]\n}\n"),
}
"""What stands between the entries of a document, and what after them, by its ending."""


class Entries(NamedTuple):
    """Entries as they are written, and the ids of the stories they were made of."""

    fragments: Sequence[bytes]
    ids: Sequence[str]


def flaws(name: str, entries: Entries) -> list[str]:
    """Say of each entry in a format what is wrong with it; no word where it is right."""
    fragments, ids = entries
    if name == "json":
        return [*map(_json_flaw, fragments, ids)]
    if name not in {"rss", "atom"}:
        return [""] * len(fragments)
    plain = are_plain(name, fragments, ids)
    return [
        "" if is_plain else _xml_flaw(name, fragment, id_)
        for is_plain, fragment, id_ in zip(plain, fragments, ids, strict=True)
    ]


def _json_flaw(fragment: bytes, id_: str) -> str:
    try:
        item = msgspec.json.decode(fragment)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"item is not well-formed JSON: {error}"
    return next(jsonfeed.of_item(item), "") or _mistaken(str(item["id"]), id_)


def _xml_flaw(name: str, fragment: bytes, id_: str) -> str:
    # Both bring lxml, which a build that writes no XML need not wait for.
    from feeds.validate import atom, rss, tree  # noqa: PLC0415

    part, path = (rss.ITEM, "guid") if name == "rss" else (atom.ENTRY, atom.ID)
    tag = "item" if name == "rss" else f"{{{ATOM}}}entry"
    default = f' xmlns="{ATOM}"' if name == "atom" else ""
    spaces = "".join(f' xmlns:{key}="{uri}"' for key, uri in SPACES.items())
    start = f"<feed{default}{spaces}>".encode()
    root = tree.read(b"%s%s</feed>" % (start, fragment))
    if isinstance(root, tuple):
        return str(root[1])
    if [one.tag for one in root] != [tag]:
        return "entry is cut wrongly"
    wrong = (what for _line, what in tree.told(root[0], part))
    given: str = root[0].findtext(path) or ""
    return next(wrong, "") or _mistaken(given, id_)


def _mistaken(given: str, expected: str) -> str:
    """Say that an entry is that of another story."""
    if given == expected:
        return ""
    return f"id is {quoted(given)}, expected {quoted(expected)}"

"""The state file and the documents, damaged between two builds.

A case is a byte for what happens besides, then eight bytes for each damage: what is done,
to which file, where (two bytes), how much, and what is put there (three bytes).
"""

import os
from functools import cache

from feeds import survey
from fuzz.harness import STATE, Broken, a_desk, built, rarely
from tests.strategies import Desk, tree

SIZE = 8
MOST = 12
PAGE = 4096
PARTS = ("*.db", "*.records")
CONFIGURATION = {
    "site": {"title": "One", "url": "https://feeds.example.org/"},
    "records": "records",
    "feeds": [
        {"path": "all"},
        {"path": "topics/{topic}", "pick": "best", "limit": 2},
        {"path": "by/{provider}", "formats": ["atom"], "order": "updated"},
        {"path": "fresh", "max_age": "30 days", "formats": ["rss"]},
    ],
}
CHANGED = {**CONFIGURATION, "defaults": {"min_quality": 2}, "formats": ["atom"]}


def a_story(number: int, **fields: object) -> dict[str, object]:
    return {
        "title": f"Story {number}",
        "webUrl": f"https://a.example/{number}",
        "publishedDateTime": f"2025-12-{10 + number}",
        "published": True,
        "quality": number,
        "provider": {"name": f"Alpha {number % 2}", "domain": "a.example"},
        **fields,
    }


LIBRARY = {
    "a.md": a_story(1, topics=["AI"]),
    "b.txt": a_story(2, topics=["AI", "Minds"], images="https://a.example/p.jpg"),
    "deep/c.md": a_story(2, quality=9, topics=["ai"], provider={"name": "Beta"}),
    "d.json": [a_story(4, published=False), a_story(5, topics=["Minds"])],
    "e.jsonl": [a_story(6, publishedDateTime="2026-01-10"), a_story(7, topics=["NO"])],
    "z.md": "---\ntitle: broken\n---\n",
}
LATER = "2026-01-20T00:00:00Z"
CHANGES: list[list[tuple[object, ...]]] = [
    [],
    [("put", "f.md", a_story(8, topics=["AI", "New"]))],
    [("change", "a.md", "topics", "Minds")],
    [("delete", "b.txt"), ("delete", "d.json")],
    [("clock", LATER)],
    [("touch", "a.md")],
    [("configure", CHANGED)],
    [("put", "a.md", a_story(5)), ("delete", "e.jsonl"), ("clock", LATER)],
    [("delete", "deep/c.md")],
]


def _seeds() -> list[bytes]:
    """Give every damage at some places, with every change."""
    places = range(0, 256, 16)
    return [
        bytes([place % len(CHANGES), verb, file, place, 77, 3, place, verb, 5])
        for place in places
        for verb in range(len(DAMAGES))
        for file in (0, 200)
    ]


def check(data: bytes) -> None:
    """Build, damage, build: then all is as a build from nothing makes it."""
    change = data[0] % len(CHANGES) if data else 0
    survey._TICK = 0  # else most files were too young to be believed
    with a_desk(CONFIGURATION, LIBRARY) as desk:
        built(desk)
        last = min(len(data), MOST * SIZE + 1) - SIZE
        damaged = {
            damage(desk, data[at : at + SIZE]) for at in range(1, last + 1, SIZE)
        }
        for edit in CHANGES[change]:
            desk.edit(*edit)
        code = built(desk, "--force", is_real=rarely(data, 100), but=damaged)
        wanted, found = from_nothing(change), tree(desk.output)
        if code:
            raise Broken(f"the exit code is {code}")
        if any(found.get(name) != content for name, content in wanted.items()):
            raise Broken("a document is not as a build from nothing makes it")
        # What no longer says that we made it is not ours to remove.
        if found.keys() - wanted.keys() - damaged:
            raise Broken("a document is left that a build from nothing does not make")


@cache
def from_nothing(change: int) -> dict[str, bytes]:
    with a_desk(CONFIGURATION, LIBRARY) as desk:
        for edit in CHANGES[change]:
            desk.edit(*edit)
        built(desk)
        return tree(desk.output)


def damage(desk: Desk, how: bytes) -> str:
    """Do one damage; name the file."""
    states = sorted(file for part in PARTS for file in (desk.folder / STATE).glob(part))
    documents = sorted(file for file in desk.output.rglob("*") if file.is_file())
    number = how[1] - 160
    file = (
        documents[number % len(documents)]
        if documents and number >= 0
        else states[number % len(states)]
    )
    content = file.read_bytes()
    spoilt = DAMAGES[how[0] % len(DAMAGES)](
        content, _place(content, how), how[4], how[5:]
    )
    with file.open("r+b") as opened:  # the same file: a new one would be noticed
        opened.truncate(len(spoilt))
        opened.write(spoilt)
    return os.path.relpath(file, desk.output)


def _place(content: bytes, how: bytes) -> int:
    """Give a place in a file, mostly among what is not zero."""
    part = int.from_bytes(how[2:4])
    if not how[0] & 0x80:
        full = [at for at, byte in enumerate(content) if byte]
        return full[len(full) * part >> 16] if full else 0
    return len(content) * part >> 16


def _page(content: bytes, at: int) -> tuple[bytes, bytes, bytes]:
    start = at // PAGE * PAGE
    return content[:start], content[start : start + PAGE], content[start + PAGE :]


def _flip(content: bytes, at: int, much: int, _put: bytes) -> bytes:
    if not content:
        return content
    return content[:at] + bytes([content[at] ^ (1 << much % 8)]) + content[at + 1 :]


def _over(content: bytes, at: int, much: int, put: bytes) -> bytes:
    put = put[: 1 + much % 3]
    return content[:at] + put + content[at + len(put) :]


def _into(content: bytes, at: int, much: int, put: bytes) -> bytes:
    return content[:at] + put * (1 + much) + content[at:]


def _out(content: bytes, at: int, much: int, _put: bytes) -> bytes:
    return content[:at] + content[at + 1 + much :]


def _cut(content: bytes, at: int, _much: int, _put: bytes) -> bytes:
    return content[:at]


def _blank(content: bytes, at: int, _much: int, _put: bytes) -> bytes:
    before, page, after = _page(content, at)
    return before + bytes(len(page)) + after


def _swap(content: bytes, at: int, much: int, _put: bytes) -> bytes:
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)]
    if pages:
        one, other = at // PAGE % len(pages), much % len(pages)
        pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


def _append(content: bytes, _at: int, much: int, put: bytes) -> bytes:
    return content + put * (1 + much)


DAMAGES = [_flip, _flip, _over, _over, _into, _out, _cut, _blank, _swap, _append]
SEEDS = _seeds()

"""A record file of any ending: the first byte says which, and where the secret stands."""

import json
from pathlib import Path

from feeds import frontmatter
from fuzz.harness import CANARY, a_desk, built, judge, ran, rarely
from tests.strategies import FEEDS, LINKS, SITES

SECRET = f'secured: &s "{CANARY}"\n'.encode()
ENDINGS = [".md", ".txt", ".yaml", ".json", ".jsonl"]
CONFIGURATION = {
    "site": SITES[1],
    "records": "records",
    "defaults": {"status": "any"},
    "feeds": [
        *FEEDS,
        {"path": "words", "words": ["police", "猫"], "min_heat": 1},
        {"path": "some/{topic}", "types": ["article"], "require_image": True},
    ],
}
STEADY = {
    "title": "Steady",
    "webUrl": LINKS[0],
    "publishedDateTime": "2021-02-01",
    "published": True,
    "quality": 40,
    "topics": ["AI"],
}
BODY = """
# Heading

Some *text* & **more** with [a link](/rel "t"), <b>HTML</b>, ![p](https://a.example/p.jpg),
<https://a.example/?a=1&b=2>, `code`, &copy; and a footnote[^1].

> quoted
> - list
>   1. deep

| a | b |
|---|:-:|
| 1 | 2 |

```html
<script>alert(1)</script>
```

<table><tr><td onclick="x()">cell</table>

[^1]: note
"""
ODD = {
    "title": "Größe 5 < 6 &amp; said\u00c2\u00a0231 猫",
    "originalUrl": "http://müller.example/a b?utm_source=x&q=%zz#!/top",
    "publishedDateTime": "Mon, 1 Feb 2021 11:00:59.5 +0100",
    "updatedDateTime": "2025-12-31 23:59",
    "published": "yes",
    "quality": "40.5",
    "heat": -1,
    "id": "own id",
    "excerpt": 'A <b>bold</b> "claim"',
    "provider": {"name": "tech", "domain": "WWW.Müller.example:80"},
    "topics": ["C++", "cv", "CON", "猫", "NO"],
    "category": "news",
    "type": "article",
    "images": "//a.example/q.png",
    "related": [{"title": "Else", "originalUrl": "c.example", "provider": {}}, "x"],
}


def _seeds() -> list[bytes]:
    found = []
    for file in sorted(Path(__file__).parent.parent.joinpath("seeds").iterdir()):
        lines = file.read_bytes().splitlines(keepends=True)
        text = b"".join(line for line in lines if not line.startswith(b"secured:"))
        yaml = frontmatter.split(text.decode()).yaml
        found.append((text, yaml, frontmatter.parse(yaml)))
    odd = "".join(f"{key}: {json.dumps(value)}\n" for key, value in ODD.items())
    found.append((f"---\n{odd}---\n{BODY}".encode(), f"{odd}body: |\n  x\n", ODD))
    seeds = []
    for text, yaml, story in found:
        one = json.dumps({**story, "body": BODY}, indent=1)
        line = json.dumps(story)
        contents = [text, text, yaml.encode(), one.encode(), f"{line}\n{line}".encode()]
        seeds += [bytes([n]) + content for n, content in enumerate(contents)]
    return [*seeds, b"\x03" + f"[{line}, {one}]".encode()]


SEEDS = _seeds()


def check(data: bytes) -> None:
    """Build with a record, and ask of it."""
    if not data:
        return
    name = f"x{ENDINGS[data[0] % len(ENDINGS)]}"
    content = secured(data[1:], name, is_last=data[0] > 127)
    with a_desk(CONFIGURATION, {"a.md": STEADY}) as desk:
        desk.file(name).write_bytes(content)
        built(desk, is_real=rarely(data, 100))
        if rarely(data, 8):
            built(desk, "-v", "--strict", "--force")
            place = ["-c", str(desk.folder / "feeds.yaml")]
            for words in (["check"], ["list"], ["explain", str(desk.file(name))]):
                judge(desk, desk.output, ran([*words, *place])[1])
            built(desk, "--dry-run", "--now", "2031-01-01")


def secured(content: bytes, name: str, *, is_last: bool) -> bytes:
    """Put a secret in that stays the value of its field, or makes the record unreadable."""
    if name.endswith(("json", "jsonl")):
        return content.replace(b"{", b'{"secured": "%s", ' % CANARY.encode(), 1)
    if is_last and content.count(b"\n---\n") == 1:
        return content.replace(b"\n---\n", b"\n" + SECRET + b"---\n")
    fence = b"---\n" if content.startswith(b"---\n") else b""
    return fence + SECRET + content.removeprefix(fence)

"""The quick reader of the plain layout against libyaml: one value, or none by both."""

from feeds import frontmatter
from feeds.frontmatter import SECRET, Path, Unreadable
from fuzz.harness import Broken
from fuzz.records import SEEDS as RECORDS

_QUOTES = b'a: "x\\"y\\\\ z"\nb-c: x:y\n2020: ""\nd:\n  - "a"\n  - b: ~\n    c: 1\nsecured: x\n'
SEEDS = [seed[1:] for seed in RECORDS if seed[0] in {0, 2}] + [_QUOTES]


def check(data: bytes) -> None:
    """Read front matter in each way there is."""
    text = data.decode("utf-8", "ignore")
    try:
        text = frontmatter.split(text, fenced=False).yaml
    except Unreadable:
        return
    quick = _read(text, None)
    if quick != _any(text):
        raise Broken("the quick reader does not say what libyaml does")
    if quick != _read(text, {(): 1}):
        raise Broken("the lines of keys change what is read")


def _any(text: str) -> str:
    try:
        return repr(frontmatter._any(text, 1, None, SECRET))
    except Unreadable as error:
        return repr(error)


def _read(text: str, lines: dict[Path, int] | None) -> str:
    try:
        return repr(frontmatter.parse(text, 1, lines))
    except Unreadable as error:
        return repr(error)

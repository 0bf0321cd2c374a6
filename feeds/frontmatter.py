"""YAML text into plain values: the only door to PyYAML, and the guard on it.

Every scalar stays the text that was written; what it means is for its field to say. So
`NO`, `2020` and `1.10` survive, where YAML 1.1 would guess a boolean and two numbers.
Reading libyaml's events one by one bounds depth before anything is built (libyaml
crashes on deep nesting), builds no object a tag asks for, and never expands an alias.
"""

import re
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

MAX_DEPTH = 24
SECRET = "secured"
TWICE = "a key is given twice"

Path = tuple[Hashable, ...]
Event = Any  # the stubs of PyYAML do not know what its events hold

_FENCE = re.compile(r"---[ \t]*")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ["str", "int", "float", "bool", "null", "timestamp", "seq", "map"]
)
# libyaml refuses these characters or ends a line at them; they are hidden from it and
# shown again in what it read, so that one costs a character of a title and not the record.
_UNREADABLE = [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
_UNREADABLE += [0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]
_HIDE = {code: 0x10_0000 + code for code in _UNREADABLE}
_SHOW = {hidden: code for code, hidden in _HIDE.items()}
_HIDDEN = re.compile(f"[{''.join(map(re.escape, map(chr, _UNREADABLE)))}]")


class Document(NamedTuple):
    """A file with front matter, taken apart: its YAML, the line that starts on, the rest."""

    yaml: str
    line: int
    body: str


class Unreadable(Exception):
    """Text that is not the YAML we take: the line, counted from 1, and what is wrong.

    `what` quotes nothing of the text, as that may be secret; `key` may have to be withheld.
    """

    def __init__(self, line: int, what: str, key: str = "") -> None:
        super().__init__(line, what, key)
        self.line, self.what, self.key = line, what, key


def split(text: str, *, fenced: bool = True) -> Document:
    """Take YAML front matter and body apart; without fences, all of it may be YAML.

    Raises Unreadable.
    """
    lines = (
        text.removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .split("\n")
    )
    if not _FENCE.fullmatch(lines[0]):
        if fenced:
            raise Unreadable(1, 'no front matter, expected "---" on the first line')
        return Document("\n".join(lines), 1, "")
    for number, line in enumerate(lines[1:], 1):
        if _FENCE.fullmatch(line):
            return Document(
                "\n".join(lines[1:number]), 2, "\n".join(lines[number + 1 :])
            )
    if fenced:
        raise Unreadable(1, 'the front matter has no end, expected a second "---" line')
    return Document("\n".join(lines[1:]), 2, "")


def parse(
    text: str,
    first_line: int = 1,
    lines: dict[Path, int] | None = None,
    secret: str | None = SECRET,
) -> object:
    """Build mappings, lists, texts and None of YAML; the secret key is left out.

    `lines`, where given, receives the line of every key and item by its path.
    Raises Unreadable.
    """
    hidden = _HIDDEN.search(text) is not None
    reader = _Reader(text.translate(_HIDE) if hidden else text, first_line, lines)
    reader.show = _SHOW if hidden else {}
    reader.secret = secret
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        raise Unreadable(line + first_line, f"not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise Unreadable(
            first_line, "not YAML: a character it does not allow"
        ) from None


def locate(text: str, first_line: int, path: Path) -> int:
    """Find the line of a key, or of the nearest thing around it that is there."""
    lines: dict[Path, int] = {(): first_line}
    parse(text, first_line, lines)
    return line_of(path, lines)


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Give the line of a path, or of the nearest thing around it that is there."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


class _Reader:
    """One pass over libyaml's events."""

    def __init__(
        self, text: str, first_line: int, lines: dict[Path, int] | None
    ) -> None:
        self.events = CParser(text)
        self.first_line = first_line
        self.lines = lines
        self.anchors: dict[str, object] = {}
        self.show: dict[int, int] = {}
        self.secret: str | None = None

    def document(self) -> object:
        self.events.get_event()  # the stream's start
        if isinstance(self.events.get_event(), yaml.StreamEndEvent):
            return None
        value = self.node(self.events.get_event(), ())
        self.events.get_event()  # the document's end
        after = self.events.get_event()
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.problem(after, "a second document, expected one")
        return value

    def node(self, event: Event, path: Path) -> object:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.problem(event, "an alias to nothing")
            return self.anchors[event.anchor]
        if event.tag and event.tag not in _PLAIN_TAGS:
            raise self.problem(event, "a tag, expected plain YAML")
        value = self.value(event, path)
        # Only now: an anchor that is used inside its own node is an alias to nothing.
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def value(self, event: Event, path: Path) -> object:
        if isinstance(event, yaml.ScalarEvent):
            if not event.style and event.value in _NULLS:
                return None
            return event.value.translate(self.show) if self.show else event.value
        if len(path) >= MAX_DEPTH:
            raise self.problem(event, f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        return self.sequence(path)

    def mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := self.events.get_event(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.problem(event, "a key that is no text")
            key = event.value.translate(self.show) if self.show else event.value
            if key in found:
                raise self.problem(event, TWICE, key)
            self.note(event, (*path, key))
            if key == self.secret:
                self.skip()
            else:
                found[key] = self.node(self.events.get_event(), (*path, key))
        return found

    def sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := self.events.get_event(), yaml.SequenceEndEvent):
            self.note(event, (*path, len(found)))
            found.append(self.node(event, (*path, len(found))))
        return found

    def skip(self) -> None:
        """Pass over one node, its anchors with it: no alias may bring it back."""
        depth = 0
        while True:
            event = self.events.get_event()
            if isinstance(event, yaml.AliasEvent):
                raise self.problem(event, f"an alias in {self.secret}")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise self.problem(event, f"nested more than {MAX_DEPTH} deep")
            if depth == 0:
                return

    def note(self, event: Event, path: Path) -> None:
        if self.lines is not None:
            self.lines[path] = event.start_mark.line + self.first_line

    def problem(self, event: Event, what: str, key: str = "") -> Unreadable:
        return Unreadable(event.start_mark.line + self.first_line, what, key)

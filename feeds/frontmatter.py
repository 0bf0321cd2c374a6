"""YAML text into plain values: the only door to PyYAML, and the guard on it.

Every scalar stays the text that was written; what it means is for its field to say. So
`NO`, `2020` and `1.10` survive, where YAML 1.1 would guess a boolean and two numbers.
Reading libyaml's events one by one bounds depth before anything is built (libyaml
crashes on deep nesting), builds no object a tag asks for, and never expands an alias.
The plain layout that records are written in is read without libyaml, to the same values.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any, NamedTuple

MAX_DEPTH, MAX_SIZE = 24, 50_000
SECRET = "secured"
TWICE = "a key is given twice"

Path = tuple[Hashable, ...]
Event = Any  # the stubs of PyYAML do not know what its events hold

_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
_END = re.compile(r"\n---[ \t]*(?:\n|\Z)")
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
# A line of the plain layout: `- `, `key:` or both, then a value that ends with its line,
# between double quotes or plain; or nothing. A plain value begins with a letter or digit
# (so with no sign of YAML's), ends with no space, and has no `#`, nor `:` before a space.
# Keys are far shorter than libyaml allows, steps are fewer than we allow.
_ODD = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00100000-\U0010ffff"
_IN_QUOTES = rf'[^"\\{_ODD}]'
_IN_PLAIN = rf"[^#:{_ODD}]"
_LARGE = 1 << 17  # characters: what is larger is not worth the memory
_ESCAPED = re.compile(r"\\(.)")
_UNQUOTED: dict[str, str | None] = {'""': "", **dict.fromkeys(_NULLS)}


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
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = _FENCE.match(text)
    if not start:
        if fenced:
            raise Unreadable(1, 'no front matter, expected "---" on the first line')
        return Document(text, 1, "")
    if end := _END.search(text, start.end() - 1):
        return Document(text[start.end() : end.start()], 2, text[end.end() :])
    if fenced:
        raise Unreadable(1, 'the front matter has no end, expected a second "---" line')
    return Document(text[start.end() :], 2, "")


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
    if lines is None:
        try:
            return _Plain(secret).read(text)
        except _Unusual:
            pass
    return _any(text, first_line, lines, secret)


def locate(text: str, first_line: int, path: Path) -> int:
    """Find the line of a key, or of the nearest thing around it that is there."""
    return line_of(path, _lines(text, first_line))


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Give the line of a path, or of the nearest thing around it that is there."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


@lru_cache(maxsize=1)  # a record may have many flaws
def _lines(text: str, first_line: int) -> dict[Path, int]:
    lines: dict[Path, int] = {(): first_line}
    with suppress(Unreadable):  # JSON has escapes that YAML has not
        parse(text, first_line, lines)
    return lines


def _any(
    text: str, first_line: int, lines: dict[Path, int] | None, secret: str | None
) -> object:
    """Read YAML of any layout. Raises Unreadable."""
    import yaml  # noqa: PLC0415  (slow to import, and the plain layout needs none of it)

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


class _Unusual(Exception):
    """Text of another layout than the plain one, which may well be wrong."""


@cache
def _line() -> re.Pattern[str]:
    """Match a line of the plain layout; slow to make, and a build may read no record."""
    return re.compile(
        r"^(?:( {0,20}+(?:(?:- )?+[0-9A-Za-z_][0-9A-Za-z_-]{0,99}+:(?: |$)|- (?=\S)))"
        rf'(?:"(?!")({_IN_QUOTES}*+(?:\\["\\]{_IN_QUOTES}*+)*+)"'
        rf'|(-?[^\W_]{_IN_PLAIN}*+(?::(?! ){_IN_PLAIN}++)*+(?<! )|""))?+)?+$',
        re.MULTILINE,
    )


class _Plain:
    """One pass over the lines of a mapping written in steps of two columns.

    It takes only what it knows the meaning of to the last character, and never tells what
    is wrong: all else is for libyaml.
    """

    def __init__(self, secret: str | None) -> None:
        self.secret = secret
        self.open: dict[int, Any] = {}  # the mappings and lists by their column
        self.column = 0

    def read(self, text: str) -> dict[str, object]:
        """Give what libyaml's reader would give. Raises _Unusual."""
        lines = _line().findall(text) if len(text) < _LARGE else []
        if len(lines) != text.count("\n") + 1:
            raise _Unusual
        if "\\" in text:
            lines = [(a, b and _ESCAPED.sub(r"\1", b), c) for a, b, c in lines]
        return self.mapping(lines)

    def mapping(self, lines: list[tuple[str, str, str]]) -> dict[str, object]:
        root: dict[str, object] = {}
        here: Any = root
        self.open[0] = root
        secret = self.secret
        waiting = ""  # the key of the line before, if it had no value
        for head, quoted, plain in lines:
            if not head:
                continue
            column, is_item, key = _shape(head)
            if is_item or column != self.column:
                here = self.place(column, is_item, key, waiting)
            value = quoted or _UNQUOTED.get(plain, plain)
            waiting = "" if quoted or plain else key
            if not key:
                here.append(value)
            elif key in here:
                raise _Unusual
            elif key != secret:
                here[key] = value
        if not root:  # perhaps no mapping at all
            raise _Unusual
        return root

    def place(self, column: int, is_item: bool, key: str, waiting: str) -> Any:
        """Find the mapping or list that a line is part of."""
        if column > self.column:
            self.nest(column, is_item, waiting)
        here = self.open.get(column)
        if here is None or isinstance(here, list) is not is_item:
            raise _Unusual
        if not is_item:
            self.column = column
        elif key:
            self.column = column + 2
            item: dict[str, object] = {}
            here.append(item)
            here = self.open[column + 2] = item
        else:
            self.column = column + 1  # where no line stands, so that the next is placed
        return here

    def nest(self, column: int, is_item: bool, waiting: str) -> None:
        if not waiting or column != self.column + 2:
            raise _Unusual
        self.open[column] = [] if is_item else {}
        if waiting != self.secret:
            self.open[self.column][waiting] = self.open[column]


@lru_cache(maxsize=1024)
def _shape(head: str) -> tuple[int, bool, str]:
    """Take the head of a plain line apart: its column, whether it is an item, the key.

    Raises _Unusual.
    """
    rest = head.lstrip(" ")
    column = len(head) - len(rest)
    if column % 2:
        raise _Unusual
    return column, rest.startswith("- "), rest.removeprefix("- ").partition(":")[0]


class _Reader:
    """One pass over libyaml's events."""

    def __init__(
        self, text: str, first_line: int, lines: dict[Path, int] | None
    ) -> None:
        from yaml import events  # noqa: PLC0415
        from yaml.cyaml import CParser  # type: ignore[attr-defined]  # noqa: PLC0415

        self.next_event: Callable[[], Event] = CParser(text).get_event
        self.kinds = events
        self.first_line = first_line
        self.lines = lines
        self.path: list[Hashable] = []  # where the node being read stands
        self.anchors: dict[str, object] = {}
        self.show: dict[int, int] = {}
        self.size = 0
        self.secret: str | None = None

    def document(self) -> object:
        self.next_event()  # the stream's start
        if type(self.next_event()) is self.kinds.StreamEndEvent:
            return None
        value = self.node(self.next_event())
        self.next_event()  # the document's end
        after = self.next_event()
        if type(after) is not self.kinds.StreamEndEvent:
            raise self.problem(after, "a second document, expected one")
        return value

    def node(self, event: Event) -> object:
        if type(event) is self.kinds.AliasEvent:
            if event.anchor not in self.anchors:
                raise self.problem(event, "an alias to nothing")
            return self.anchors[event.anchor]
        self.untagged(event)
        value = self.value(event)
        # Only now: an anchor that is used inside its own node is an alias to nothing.
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def value(self, event: Event) -> object:
        if type(event) is self.kinds.ScalarEvent:
            if not event.style and event.value in _NULLS:
                return None
            return event.value.translate(self.show) if self.show else event.value
        if len(self.path) >= MAX_DEPTH:
            raise self.problem(event, f"nested more than {MAX_DEPTH} deep")
        self.path.append(None)
        is_mapping = type(event) is self.kinds.MappingStartEvent
        found = self.mapping() if is_mapping else self.sequence()
        self.path.pop()
        return found

    def mapping(self) -> dict[str, object]:
        found: dict[str, object] = {}
        end, scalar = self.kinds.MappingEndEvent, self.kinds.ScalarEvent
        while type(event := self.next_event()) is not end:
            if type(event) is not scalar:
                raise self.problem(event, "a key that is no text")
            self.untagged(event)
            key = event.value.translate(self.show) if self.show else event.value
            if key in found:
                raise self.problem(event, TWICE, key)
            self.note(event, key)
            if key == self.secret:
                self.skip()
            else:
                found[key] = self.node(self.next_event())
        return found

    def sequence(self) -> list[object]:
        found: list[object] = []
        end = self.kinds.SequenceEndEvent
        while type(event := self.next_event()) is not end:
            self.note(event, len(found))
            found.append(self.node(event))
        return found

    def skip(self) -> None:
        """Pass over one node, its anchors with it: no alias may bring it back."""
        depth = 0
        while True:
            event = self.next_event()
            if isinstance(event, self.kinds.AliasEvent):
                raise self.problem(event, f"an alias in {self.secret}")
            if isinstance(event, self.kinds.CollectionStartEvent):
                depth += 1
            elif isinstance(event, self.kinds.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise self.problem(event, f"nested more than {MAX_DEPTH} deep")
            if depth == 0:
                return

    def untagged(self, event: Event) -> None:
        if event.tag and event.tag not in _PLAIN_TAGS:
            raise self.problem(event, "a tag, expected plain YAML")

    def note(self, event: Event, key: Hashable) -> None:
        """Count a key or an item, and keep its line."""
        self.size += 1
        if self.size > MAX_SIZE:
            raise self.problem(event, f"more than {MAX_SIZE:,} keys and items")
        if self.lines is not None:
            self.path[-1] = key
            self.lines[(*self.path,)] = event.start_mark.line + self.first_line

    def problem(self, event: Event, what: str, key: str = "") -> Unreadable:
        return Unreadable(event.start_mark.line + self.first_line, what, key)

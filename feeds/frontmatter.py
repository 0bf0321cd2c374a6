"""Front matter into plain values: the only door to PyYAML and tomllib, and their guard.

Every scalar stays the text that was written; what it means is for its field to say. So
`NO`, `2020` and `1.10` survive, where YAML 1.1 would guess a boolean and two numbers.
Reading libyaml's events one by one bounds depth before anything is built (libyaml
crashes on deep nesting), builds no object a tag asks for, and never expands an alias.
The plain layout that records are written in is read without libyaml, to the same values.

TOML <https://toml.io/en/v1.0.0> between `+++` comes to the same values, and so do the plain
`Key: value` lines that Python-Markdown calls meta-data. Of TOML, tomllib leaves no more
than the value: a whole number is decimal and without `_`, a time has a `T` and its offset.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

MAX_DEPTH, MAX_SIZE = 24, 50_000
MAX_REPEATED = 1 << 20
"""So many characters the aliases of one text may come to."""
SECRET = "secured"
TWICE = "a key is given twice"

Path = tuple[Hashable, ...]
Event = Any  # the stubs of PyYAML do not know what its events hold

_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
_END = re.compile(r"\n---[ \t]*(?:\n|\Z)")
_TOML_FENCE = r"\+\+\+[ \t]*(?:\n|\Z)"
_TOML_END = r"\n\+\+\+[ \t]*(?:\n|\Z)"
# <https://python-markdown.github.io/extensions/meta_data/>
_META = r" {0,3}([A-Za-z0-9_-]+):[ \t]*(.*)"
_METAS = r"(?: {0,3}[A-Za-z0-9_-]+:.*(?:\n {4}.*)*(?:\n|\Z))+"
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
# What libyaml says, whether at the end of what is wrong, and what people do about it.
_CURES = {
    "found character that cannot start any token": (
        False,
        "indent by spaces, not tabs, and quote a text that begins with @, % or `",
    ),
    "mapping values are not allowed in this context": (
        False,
        'quote a text that holds ": ", and align the keys of a mapping',
    ),
    "did not find expected key": (
        False,
        "align the keys of a mapping, and double a quote inside quotes",
    ),
    "could not find expected ':'": (True, 'end a key in ": "'),
    "found unexpected end of stream": (True, "close the quote"),
}
# A line of the plain layout: `- `, `key:` or both, then a value that ends with its line,
# between double quotes or plain; or nothing. A plain value begins with a letter or digit
# (so with no sign of YAML's), ends with no space, and has no `#`, nor `:` before a space.
# Keys are far shorter than libyaml allows, steps are fewer than we allow.
_ODD = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00100000-\U0010ffff"
_IN_QUOTES = rf'[^"\\{_ODD}]'
_IN_PLAIN = rf"[^#:{_ODD}]"
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
# tomllib takes a time that grows with the square of a dotted key's parts.
_NAME = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED = rf"(?:{_NAME}[ \t]*+\.[ \t]*+){{{MAX_DEPTH + 1}}}"
_TOML_TABLE = r"[ \t]*(\[\[?)([^\]\[#=]+)\]"
_TOML_KEY = r"[ \t]*([A-Za-z0-9_\"'-][A-Za-z0-9_.\"' \t-]*?)[ \t]*="
_DOUBLED = "Cannot (?:overwrite|declare|redefine|mutate)|Duplicate inline table key"
_HARMLESS = r"(?:[A-Za-z ,/-]|'[\]\[=}]{1,2}')+"
_LARGE = 1 << 17  # characters: what is larger is not worth the memory
_ESCAPED = re.compile(r"\\(.)")
_UNQUOTED: dict[str, str | None] = {'""': "", **dict.fromkeys(_NULLS)}


class Document(NamedTuple):
    """A file taken apart: its front matter (`kind` says which), the line it starts on, the rest."""

    yaml: str
    line: int
    body: str
    kind: Literal["yaml", "toml", "meta"] = "yaml"


class Unreadable(Exception):
    """Text that is not the YAML we take: the line, counted from 1, and what is wrong.

    `what` quotes nothing of the text, as that may be secret; `key` may have to be withheld.
    """

    def __init__(self, line: int, what: str, key: str = "") -> None:
        super().__init__(line, what, key)
        self.line, self.what, self.key = line, what, key


def split(text: str, *, fenced: bool = True, meta: bool = False) -> Document:
    """Take front matter and body apart; without fences, all of it may be YAML.

    Where `meta` is allowed, lines without fences may go before the body. Raises Unreadable.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = _FENCE.match(text)
    if not start:
        return _unfenced(text, meta=meta) if fenced else Document(text, 1, "")
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


def parse_toml(text: str, first_line: int = 1) -> object:
    """Build mappings, lists and texts of TOML; the secret key is left out.

    Raises Unreadable.
    """
    import tomllib  # noqa: PLC0415  (few records are TOML)

    if deep := re.search(_DOTTED, text):
        raise Unreadable(first_line + text.count("\n", 0, deep.start()), _TOO_DEEP)
    try:
        found = tomllib.loads(text, parse_float=_float)
        return _texts(found, MAX_DEPTH, iter(range(MAX_SIZE)), first_line)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text, first_line) from None
    except ValueError:  # Python counts no further than 4300 digits
        raise Unreadable(first_line, "not TOML: a number far too long") from None
    except RecursionError:
        raise Unreadable(first_line, _TOO_DEEP) from None


def locate_toml(text: str, first_line: int, path: Path) -> int:
    """Find the line of a key of TOML, or of the nearest thing around it that is there."""
    lines: dict[Path, int] = {(): first_line}
    for number, at in _toml_keys(text):
        for end in range(1, len(at) + 1):
            lines.setdefault(at[:end], number + first_line)
    return line_of(path, lines)


def parse_meta(text: str, first_line: int = 1) -> object:
    """Build a mapping of `Key: value` lines, keys in lower case; the secret is left out.

    Raises Unreadable.
    """
    found: dict[str, object] = {}
    for number, (key, value) in _metas(text):
        if key in found:
            raise Unreadable(number + first_line, TWICE, key)
        if key != SECRET:
            found[key] = value
    return found


def locate_meta(text: str, first_line: int, path: Path) -> int:
    """Find the line of a key among `Key: value` lines."""
    found = (number for number, (key, _) in _metas(text) if (key,) == path[:1])
    return next(found, 0) + first_line


def locate(text: str, first_line: int, path: Path) -> int:
    """Find the line of a key, or of the nearest thing around it that is there."""
    return line_of(path, _lines(text, first_line))


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Give the line of a path, or of the nearest thing around it that is there."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _unfenced(text: str, *, meta: bool) -> Document:
    if start := re.match(_TOML_FENCE, text):
        if end := re.compile(_TOML_END).search(text, start.end() - 1):
            front = text[start.end() : end.start()]
            return Document(front, 2, text[end.end() :], "toml")
        what = 'the front matter has no end, expected a second "+++" line'
        raise Unreadable(1, what)
    if meta and (lines := re.match(_METAS, text)):
        rest = text[lines.end() :]
        if rest.partition("\n")[0].strip():  # it may go on with a secret
            line = lines[0].count("\n") + 1
            raise Unreadable(line, 'expected "Key: value" or an empty line')
        return Document(lines[0], 1, rest, "meta")
    raise Unreadable(1, 'no front matter, expected "---" on the first line')


def _metas(text: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Give keys and values with the number of their line; a value may go on indented."""
    number, key, value = 0, "", ""
    for count, line in enumerate(text.split("\n")):
        if start := re.match(_META, line):
            if key:
                yield number, (key, value)
            number, key, value = count, start[1].lower(), start[2].strip()
        else:
            value = f"{value} {line.strip()}".strip()
    yield number, (key, value)


def _float(written: str) -> str:
    return written.replace("_", "")


def _texts(value: object, depth: int, left: Iterator[int], line: int) -> object:
    """Turn what tomllib made of scalars back into text."""
    if isinstance(value, dict | list) and depth == 0:
        raise Unreadable(line, _TOO_DEEP)
    if isinstance(value, list):
        return [
            _texts(one, depth - 1, left, line) for one in value if _counted(left, line)
        ]
    if isinstance(value, dict):
        return {
            key: _texts(one, depth - 1, left, line)
            for key, one in value.items()
            if _counted(left, line) and key != SECRET
        }
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _counted(left: Iterator[int], line: int) -> bool:
    if next(left, None) is None:
        raise Unreadable(line, f"more than {MAX_SIZE:,} keys and items")
    return True


def _not_toml(message: str, text: str, first_line: int) -> Unreadable:
    """Say what is wrong without a word of the text, as that may be secret."""
    what, _, position = message.rpartition(" (at ")
    where = re.search(r"line (\d+)", position)
    number = int(where[1]) - 1 if where else text.count("\n")
    if re.match(_DOUBLED, what):
        is_last = what == "Cannot overwrite a value"  # on the line that ends there
        key = re.match(_TOML_KEY, text.split("\n")[number]) if is_last else None
        return Unreadable(number + first_line, TWICE, key[1] if key else "")
    plain = f"{what[:1].lower()}{what[1:]}" if re.fullmatch(_HARMLESS, what) else ""
    return Unreadable(number + first_line, f"not TOML: {plain or 'wrong here'}")


def _toml_keys(text: str) -> Iterator[tuple[int, Path]]:
    """Give the keys of TOML as they are written, with the number of their line."""
    table: Path = ()
    counts: dict[Path, int] = {}
    is_text = False
    for number, line in enumerate(text.split("\n")):
        if not is_text and (head := re.match(_TOML_TABLE, line)):
            table = _toml_path(head[2])
            if head[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield number, table
        elif not is_text and (key := re.match(_TOML_KEY, line)):
            yield number, (*table, *_toml_path(key[1]))
        if (line.count('"""') + line.count("'''")) % 2:
            is_text = not is_text


def _toml_path(written: str) -> Path:
    return tuple(part.strip(" \t\"'") for part in written.split("."))


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
        raise _not_yaml(error, first_line) from None
    except yaml.YAMLError:
        raise Unreadable(
            first_line, "not YAML: a character it does not allow"
        ) from None


def _not_yaml(error: Any, first_line: int) -> Unreadable:
    """Say where what is wrong begins, and what is usually meant."""
    begun, cure = _CURES.get(error.problem, (False, ""))
    mark = error.problem_mark or error.context_mark
    mark = error.context_mark if begun and error.context_mark else mark
    what = f"not YAML: {error.problem}{cure and f'; {cure}'}"
    return Unreadable(first_line + (mark.line if mark else 0), what)


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
        self.anchors: dict[str, tuple[object, int]] = {}
        self.weight = (
            0  # the characters read, those of aliases as often as they are used
        )
        self.most = len(text) + MAX_REPEATED
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
            value, weight = self.anchors[event.anchor]
            self.weight += weight
            if self.weight > self.most:
                raise self.problem(event, "aliases that repeat too much")
            return value
        self.untagged(event)
        before = self.weight
        value = self.value(event)
        # Only now: an anchor that is used inside its own node is an alias to nothing.
        if event.anchor:
            self.anchors[event.anchor] = value, self.weight - before
        return value

    def value(self, event: Event) -> object:
        if type(event) is self.kinds.ScalarEvent:
            self.weight += len(event.value)
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

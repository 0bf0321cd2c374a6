"""A file of many records, read in a stream: a JSON list, or JSON a line.

No more of it is held than the record being read, so it may be of any size.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

from feeds import frontmatter
from feeds.frontmatter import SECRET, TWICE, Unreadable
from feeds.record import FIELDS, Complaint, Raw
from feeds.unpack import Torn

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_AHEAD = 1 << 16  # characters
_ENDLESS = 1 << 28
_NEAR = 16
"""A mistake so near to the end of what was read of a file may be none once there is more."""


def too_large(most: int) -> str:
    """Say that a record takes more bytes than it may."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if most % unit == 0:
            return f"larger than {most // unit} {name}, the most for one record"
    return f"larger than {most} bytes, the most for one record"


def decoded(content: bytes) -> str:
    """Read bytes as text. Raises Unreadable."""
    if mark := _MARKS.get(content[:2]):
        raise Unreadable(1, f"{mark}, expected UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, _NOT_TEXT) from None


def twice(key: str) -> str:
    """Name a doubled key only where it is a field: any other text may be secret."""
    return f"{key}: given twice" if key in FIELDS else TWICE


def json_list(
    pieces: Iterable[bytes], file: str, most: int
) -> Iterator[Raw | Complaint]:
    """Read one mapping or a list of them; what stands before a syntax error counts."""
    text = _Text(pieces, file, most)
    if text.following() == "[":
        yield from _items(text)
    else:
        yield text.item()
    if text.following():
        raise text.wrong("not JSON: expected the end")


def json_lines(
    pieces: Iterable[bytes], file: str, most: int
) -> Iterator[Raw | Complaint]:
    """Read one mapping a line; a broken line costs itself, and a long one is not read."""
    for number, line in _lines(pieces, most):
        if line is None or len(line) > most:
            yield Complaint(file=file, line=number, reason=too_large(most))
            continue
        try:
            text = decoded(line).removeprefix("\ufeff")
            if text.strip():
                item, end = _value(text, _space(text, 0))
                if (rest := _space(text, end)) < len(text):
                    raise _Wrong(rest, "expected the end")
                yield _item(text[:end], file, item, number)
        except _Wrong as wrong:
            yield Complaint(file=file, line=number, reason=wrong.what)
        except Unreadable as error:
            yield Complaint(file=file, line=number, reason=error.what)


def _lines(pieces: Iterable[bytes], most: int) -> Iterator[tuple[int, bytes | None]]:
    """Give each line with its number; None for one that is far too long."""
    number, line, passed = 1, b"", 0
    try:
        for piece in pieces:
            first, *others = piece.split(b"\n")
            line = b"" if passed else line + first
            if len(line) > most:
                yield number, None
                line, passed = b"", len(line)
            elif passed:
                passed += len(first)
                _refuse_endless(number, passed)
            for other in others:
                if line:
                    yield number, line
                number, line, passed = number + 1, other, 0
    except Torn as torn:
        raise Unreadable(number, str(torn)) from torn
    if line:
        yield number, line


def _refuse_endless(line: int, passed: int) -> None:
    """Give up a record so large that looking for its end would take too long."""
    if passed > _ENDLESS:
        what = f"no end of a record in {_ENDLESS >> 20} MiB, the rest is not read"
        raise Unreadable(line, what)


def _items(text: "_Text") -> Iterator[Raw | Complaint]:
    text.take(1)
    if text.following() == "]":
        text.take(1)
        return
    while True:
        yield text.item()
        after = text.following()
        if after not in {",", "]"}:
            raise text.wrong('not JSON: expected "," or "]"')
        text.take(1)
        if after == "]":
            return
        text.following()


class _Text:
    """What was read of a file and not yet taken, and the line it begins in."""

    def __init__(self, pieces: Iterable[bytes], file: str, most: int) -> None:
        self.file, self.most = file, most
        self.text, self.at, self.line = "", 0, 1
        self._pieces = iter(pieces)
        self._decode = getincrementaldecoder("utf-8")().decode
        self._fault = ""
        self._is_whole = self._is_begun = False

    def item(self) -> Raw | Complaint:
        """Take one value, and make a record of it."""
        while True:
            try:
                value, end = _value(self.text, self.at)
                length = end - self.at
                # A number may go on where the text does.
                is_near = end > len(self.text) - _NEAR
                if self.text[end - 1] in '}]"' or not is_near or not self.more():
                    break
            except _Wrong as wrong:
                far = wrong.at - self.at
                if wrong.is_final(self.text) or not self.more():
                    raise self.wrong(wrong.what, self.at + far) from None
            if len(self.text) > 2 * self.most + _AHEAD:
                return self._passed_over()
        line, written = self.line, self.text[self.at : self.at + length]
        self.take(length)
        return _item(written, self.file, value, line)

    def following(self) -> str:
        """Give the next character that is no space; nothing at the end."""
        while True:
            self.take(_space(self.text, self.at) - self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, count: int) -> None:
        end = self.at + count
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def wrong(self, what: str, at: int | None = None) -> Unreadable:
        """Say that there is no JSON at a place, or at the next one."""
        to = self.at if at is None else at
        return Unreadable(self.line + self.text.count("\n", self.at, to), what)

    def more(self) -> bool:
        """Read on, as much as there is already; tell whether there was anything.

        Raises Unreadable where the file cannot be read any further.
        """
        if self._fault:
            raise Unreadable(self.line + self.text.count("\n", self.at), self._fault)
        self.text, self.at = self.text[self.at :], 0
        wanted, found = max(len(self.text), _AHEAD), [self.text]
        while wanted > 0 and not self._is_whole:
            found.append(self._piece())
            wanted -= len(found[-1])
        before, self.text = len(self.text), "".join(found)
        return len(self.text) > before or (bool(self._fault) and self.more())

    def _piece(self) -> str:
        """Read on; what cannot be read is told of once what comes before it is taken."""
        try:
            piece = next(self._pieces, b"")
            if not self._is_begun and (mark := _MARKS.get(piece[:2])):
                raise Unreadable(1, f"{mark}, expected UTF-8")
            text = self._decode(piece, not piece)
        except UnicodeDecodeError as error:
            piece, self._fault = b"", _NOT_TEXT
            text = error.object[: error.start].decode()
        except Torn as torn:
            piece, self._fault, text = b"", str(torn), ""
        if not self._is_begun:
            text = text.removeprefix("\ufeff")
        self._is_begun, self._is_whole = True, not piece
        return text

    def _passed_over(self) -> Complaint:
        """Take a value that is larger than a record may be, without holding it."""
        told = Complaint(file=self.file, line=self.line, reason=too_large(self.most))
        depth, is_quoted, passed = 0, False, 0
        while True:
            mark = (_QUOTED if is_quoted else _PLAIN).search(self.text, self.at)
            if mark:
                self.take(mark.end() - self.at)
                if mark[0] == '"':
                    is_quoted = not is_quoted
                elif not is_quoted:
                    depth += 1 if mark[0] in "[{" else -1
                if not is_quoted and depth <= 0:
                    return told
            else:
                # Half an escape is looked at again once all of it is there.
                kept = len(self.text) - self.text.endswith("\\")
                passed += len(self.text)
                _refuse_endless(told.line, passed)
                self.take(max(0, kept - self.at))
                if not self.more():
                    return told


class _Wrong(Exception):
    """What keeps a text from being JSON, and where."""

    def __init__(self, at: int, what: str) -> None:
        self.at, self.what = at, f"not JSON: {what[0].lower()}{what[1:]}"
        self.is_open = what.startswith("Unterminated")

    def is_final(self, text: str) -> bool:
        """Tell whether it stays wrong whatever follows the text."""
        return not self.is_open and self.at < len(text) - _NEAR


def _value(text: str, start: int) -> tuple[object, int]:
    """Read the value that begins at a place; give it and where it ends."""
    from json import JSONDecodeError  # noqa: PLC0415  (few records are JSON)

    try:
        return _decoder()(text, start)
    except JSONDecodeError as error:
        raise _Wrong(error.pos, error.msg) from None
    except RecursionError:
        line = text.count("\n", 0, start) + 1
        raise Unreadable(line, "nested too deep") from None


def _item(written: str, file: str, value: object, line: int) -> Raw | Complaint:
    if isinstance(value, _Doubled):
        return Complaint(file=file, line=line, reason=twice(value.key))
    if not isinstance(value, dict):
        return Complaint(file=file, line=line, reason="no mapping, expected a record")
    return Raw(
        file=file,
        line=line,
        fields=value,
        body="",
        locate=partial(frontmatter.locate, written, line),
        size=len(written.encode()),
    )


class _Doubled(dict[str, object]):
    """A mapping that has a key twice, or holds such a mapping."""

    key = ""


def _mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    doubled = ""
    for key, value in pairs:
        within = [value, *(value if isinstance(value, list) else [])]
        doubled = next(
            (one.key for one in within if isinstance(one, _Doubled)), doubled
        )
        doubled = key if key in found else doubled
        if key != SECRET:
            found[key] = value
    if not doubled:
        return found
    broken = _Doubled(found)
    broken.key = doubled
    return broken


def _space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    assert match
    return match.end()


_NOT_TEXT = "not UTF-8, expected UTF-8 text"
_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'["\[\]{}]')
_QUOTED = re.compile(r'\\.|"', re.DOTALL)


@cache
def _decoder() -> Callable[[str, int], tuple[object, int]]:
    """Read JSON, numbers as the text they are written as: 1.10 is a version, 2020 a title."""
    from json import JSONDecoder  # noqa: PLC0415

    return JSONDecoder(
        object_pairs_hook=_mapping,
        parse_float=str,
        parse_int=str,
        parse_constant=str,
        strict=False,
    ).raw_decode

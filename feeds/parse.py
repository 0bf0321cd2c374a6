"""The bytes of one file into its records, by the ending of its name."""

import json
import re
from collections.abc import Callable, Generator, Iterator
from datetime import tzinfo
from functools import partial

from feeds import frontmatter
from feeds.fields import Translation, translate
from feeds.frontmatter import SECRET, TWICE, Unreadable
from feeds.record import FIELDS, Complaint, Raw, Record, Wrong, complaint, record

# A file of junk would fill the memory with complaints; one good record makes up for some.
_MOST_WRONG, _WORTH = 1000, 10
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def parse(
    content: bytes,
    file: str,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> list[Record | Complaint]:
    """Read every record of a file; a bad one, or one of more bytes, as its complaint.

    `fields` tells what its fields are called where that is not as ours are.
    """
    if fields and fields.passes_over(file):
        return []
    read = ENDINGS[ending(file)]
    if read is _FENCED and fields and fields.has_meta:
        read = _META
    if read is _json_lines:
        read = partial(_json_lines, most=most)
    found: list[Record | Complaint] = []
    wrong = 0
    try:
        for item in read(content, file):
            one = _typed(item, zone, most, fields)
            found.append(one)
            wrong += 1 if isinstance(one, Complaint) else -_WORTH
            if wrong > _MOST_WRONG:
                raise Unreadable(
                    item.line, "far too many mistakes, the rest is not read"
                )
    except Unreadable as error:
        reason = _twice(error.key) if error.key else error.what
        found.append(Complaint(file=file, line=error.line, reason=reason))
    return found


def too_large(most: int, what: str = "record") -> str:
    """Say that a record, or a file of many, takes more bytes than it may."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if most % unit == 0:
            return f"larger than {most // unit} {name}, the most for one {what}"
    return f"larger than {most} bytes, the most for one {what}"


def ending(file: str) -> str:
    """Give the ending that says how a file is read; empty for none."""
    return file[file.rfind(".") :].lower() if "." in file else ""


def holds_many(file: str) -> bool:
    """Tell whether a file may hold more than one record."""
    return ENDINGS[ending(file)] in {_json, _json_lines}


def _typed(
    raw: Raw | Complaint, zone: tzinfo, most: int, fields: Translation | None
) -> Record | Complaint:
    if isinstance(raw, Complaint):
        return raw
    if raw.size > most:
        return Complaint(file=raw.file, line=raw.line, reason=too_large(most))
    if fields is None:
        return record(raw, zone)
    try:
        return record(translate(raw, fields, zone), zone)
    except Wrong as wrong:
        return complaint(raw, wrong)


def _decoded(content: bytes) -> str:
    if mark := _MARKS.get(content[:2]):
        raise Unreadable(1, f"{mark}, expected UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "not UTF-8, expected UTF-8 text") from None


def _one(
    content: bytes, file: str, *, fenced: bool, meta: bool = False
) -> Iterator[Raw]:
    document = frontmatter.split(_decoded(content), fenced=fenced, meta=meta)
    read, locate = _KINDS[document.kind]
    fields = read(document.yaml, document.line)
    if not isinstance(fields, dict):
        found = "nothing" if fields is None else "no mapping"
        raise Unreadable(document.line, f'{found}, expected "field: value" lines')
    yield Raw(
        file=file,
        line=1,
        fields=fields,
        body=document.body,
        locate=partial(locate, document.yaml, document.line),
        size=len(content),
    )


def _json(content: bytes, file: str) -> Iterator[Raw | Complaint]:
    """Read one mapping or a list of them; what stands before a syntax error counts."""
    text = _decoded(content).removeprefix("\ufeff")
    start = _space(text, 0)
    if text.startswith("[", start):
        end = yield from _list(text, file, start)
    else:
        item, end = _value(text, start)
        yield _item(text, file, (item, start, end), text.count("\n", 0, start) + 1)
    _expect_end(text, end)


def _list(text: str, file: str, start: int) -> Generator[Raw | Complaint, None, int]:
    end = _space(text, start + 1)
    if text.startswith("]", end):
        return end + 1
    line, counted = 1, 0
    while True:
        item, stop = _value(text, end)
        line += text.count("\n", counted, end)
        counted = end
        yield _item(text, file, (item, end, stop), line)
        stop = _space(text, stop)
        if text.startswith("]", stop):
            return stop + 1
        if not text.startswith(",", stop):
            raise _not_json(text, stop, 'expected "," or "]"')
        end = _space(text, stop + 1)


def _json_lines(
    content: bytes, file: str, most: int = 1 << 62
) -> Iterator[Raw | Complaint]:
    """Read one mapping a line; a broken line costs itself, and a long one is not read."""
    number, counted = 1, 0
    for line in _LINE.finditer(content):
        number += content.count(b"\n", counted, line.start())
        counted = line.start()
        if len(line[0]) > most:
            yield Complaint(file=file, line=number, reason=too_large(most))
            continue
        try:
            text = _decoded(line[0]).removeprefix("\ufeff")
            if text.strip():
                item, end = _value(text, _space(text, 0))
                _expect_end(text, end)
                yield _item(text, file, (item, 0, end), number)
        except Unreadable as error:
            yield Complaint(file=file, line=number, reason=error.what)


def _item(
    text: str, file: str, span: tuple[object, int, int], line: int
) -> Raw | Complaint:
    item, start, end = span
    if isinstance(item, _Doubled):
        return Complaint(file=file, line=line, reason=_twice(item.key))
    if not isinstance(item, dict):
        return Complaint(file=file, line=line, reason="no mapping, expected a record")
    written = text[start:end]
    return Raw(
        file=file,
        line=line,
        fields=item,
        body="",
        locate=partial(frontmatter.locate, written, line),
        size=len(written.encode()),
    )


def _twice(key: str) -> str:
    """Name a doubled key only where it is a field: any other text may be secret."""
    return f"{key}: given twice" if key in FIELDS else TWICE


def _value(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _not_json(text, error.pos, error.msg) from None
    except RecursionError:
        line = text.count("\n", 0, start) + 1
        raise Unreadable(line, "nested too deep") from None


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


def _expect_end(text: str, end: int) -> None:
    rest = _space(text, end)
    if rest < len(text):
        raise _not_json(text, rest, "expected the end")


def _not_json(text: str, position: int, what: str) -> Unreadable:
    return Unreadable(
        text.count("\n", 0, position) + 1, f"not JSON: {what[0].lower()}{what[1:]}"
    )


def _space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    assert match
    return match.end()


_LINE = re.compile(rb"[^\n]+")
_SPACE = re.compile(r"[ \t\r\n]*")
# Numbers stay the text they are written as: 1.10 is a version, 2020 a title.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_mapping,
    parse_float=str,
    parse_int=str,
    parse_constant=str,
    strict=False,
)
_KINDS: dict[str, tuple[Callable[[str, int], object], Callable[..., int]]] = {
    "yaml": (frontmatter.parse, frontmatter.locate),
    "toml": (frontmatter.parse_toml, frontmatter.locate_toml),
    "meta": (frontmatter.parse_meta, frontmatter.locate_meta),
}
_FENCED = partial(_one, fenced=True)
_META = partial(_one, fenced=True, meta=True)
_OPEN = partial(_one, fenced=False)
ENDINGS: dict[str, Callable[[bytes, str], Iterator[Raw | Complaint]]] = {
    ".md": _FENCED,
    ".markdown": _FENCED,
    ".txt": _FENCED,
    ".yaml": _OPEN,
    ".yml": _OPEN,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
"""How each kind of file is read; every other file is passed over."""

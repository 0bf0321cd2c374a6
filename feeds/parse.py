"""The bytes of one file into its records, by the ending of its name."""

from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from functools import partial

from feeds import frontmatter
from feeds.fields import Translation, translate
from feeds.frontmatter import Unreadable
from feeds.many import decoded, json_lines, json_list, too_large, twice
from feeds.record import Complaint, Raw, Record, Wrong, complaint, record
from feeds.unpack import PACKED

MOST = 1 << 24
"""The most records of one file: the state numbers no more."""

# A file of junk would fill the memory with complaints; one good record makes up for some.
_MOST_WRONG, _WORTH = 1000, 10


def parse(
    content: bytes,
    file: str,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> list[Record | Complaint]:
    """Read every record of a file that is held whole; see `records`."""
    return [*records((content,), file, zone, most, fields)]


def records(
    pieces: Iterable[bytes],
    file: str,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> Iterator[Record | Complaint]:
    """Read every record of a file; a bad one, or one of more bytes, as its complaint.

    `fields` tells what its fields are called where that is not as ours are.
    """
    if fields and fields.passes_over(file):
        return
    read = ENDINGS[ending(file)]
    if read is _FENCED and fields and fields.has_meta:
        read = _META
    wrong = 0
    try:
        for number, item in enumerate(read(pieces, file, most)):
            if number == MOST:
                what = f"more than {MOST} records, the rest is not read"
                raise Unreadable(item.line, what)
            one = _typed(item, zone, most, fields)
            yield one
            wrong += 1 if isinstance(one, Complaint) else -_WORTH
            if wrong > _MOST_WRONG:
                raise Unreadable(
                    item.line, "far too many mistakes, the rest is not read"
                )
    except Unreadable as error:
        reason = twice(error.key) if error.key else error.what
        yield Complaint(file=file, line=error.line, reason=reason)


def ending(file: str) -> str:
    """Give the ending that says how a file is read; empty for none."""
    last = file[file.rfind(".") :].lower() if "." in file else ""
    return ending(file[: -len(last)]) + last if last in PACKED else last


def holds_many(file: str) -> bool:
    """Tell whether a file may hold more than one record."""
    return ENDINGS[ending(file)] in {json_list, json_lines}


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


def _one(
    pieces: Iterable[bytes], file: str, _most: int, *, fenced: bool, meta: bool = False
) -> Iterator[Raw]:
    content = b"".join(pieces)
    document = frontmatter.split(decoded(content), fenced=fenced, meta=meta)
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


_KINDS: dict[str, tuple[Callable[[str, int], object], Callable[..., int]]] = {
    "yaml": (frontmatter.parse, frontmatter.locate),
    "toml": (frontmatter.parse_toml, frontmatter.locate_toml),
    "meta": (frontmatter.parse_meta, frontmatter.locate_meta),
}
_FENCED = partial(_one, fenced=True)
_META = partial(_one, fenced=True, meta=True)
_OPEN = partial(_one, fenced=False)
_Read = Callable[[Iterable[bytes], str, int], Iterator[Raw | Complaint]]
_MANY: dict[str, _Read] = {
    ".json": json_list,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
}
ENDINGS: dict[str, _Read] = {
    ".md": _FENCED,
    ".markdown": _FENCED,
    ".txt": _FENCED,
    ".yaml": _OPEN,
    ".yml": _OPEN,
    **_MANY,
    **{name + packed: read for name, read in _MANY.items() for packed in PACKED},
}
"""How each kind of file is read; every other file is passed over."""

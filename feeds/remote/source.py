"""Records at a store: which there are, and what they hold."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from feeds.errors import Mistake
from feeds.parse import ENDINGS, ending, holds_many
from feeds.remote.pool import pool
from feeds.remote.system import Mark, Stream, System
from feeds.remote.system import check as check_installed
from feeds.remote.url import is_below, pattern, scheme, start

_SILENT = frozenset({"http", "https"})
"""Where a listing tells no version of a file, and each has to be asked for."""


def check(source: str, output: str, where: str) -> None:
    """Make sure of a source without a look at the store. Raises Mistake."""
    try:
        check_installed(source)
    except Mistake as mistake:
        raise Mistake(f"{where}: {mistake}") from mistake
    if is_below(start(source), output):
        what = f"{source} lies in the output, expected it beside"
        raise Mistake(f"{where}: {what}")


def found(source: str, output: str, where: str) -> Iterator[tuple[str, str, Mark]]:
    """Give folder, name and mark of each record file that a source names.

    Names that begin with a dot, and the output, are passed over. Raises Mistake where there
    is nothing, and Unreadable.
    """
    check(source, output, where)
    begin, wanted = start(source), pattern(source)
    system = System(begin)
    files: list[tuple[str, Mark]] = []
    is_empty = True
    for path, mark in system.listed(is_file=not wanted and ending(begin) in ENDINGS):
        is_empty = False
        file = f"{begin}/{path}" if path else begin
        is_record = ending(file) in ENDINGS and not is_below(file, output)
        if is_record and _is_meant(path.split("/"), wanted):
            files.append((path, mark))
    if is_empty:
        raise Mistake(f"{where}: {begin} is missing, expected a folder of records")
    for path, mark in _asked(system, files) if scheme(begin) in _SILENT else files:
        folder, _, name = f"{begin}/{path}".rstrip("/").rpartition("/")
        yield folder, name, mark


def contents(
    files: Iterable[str], most: int
) -> Iterator[tuple[str, bytes | Stream | None]]:
    """Read files, several at once, in order; one that holds many is only opened.

    None is for a file that is gone. Raises Unreadable.
    """
    names = [*files]
    systems = {head: System(head) for head in dict.fromkeys(map(_head, names))}

    def content(name: str) -> bytes | Stream | None:
        system, path = systems[_head(name)], name[len(_head(name)) + 1 :]
        return system.stream(path) if holds_many(name) else system.content(path, most)

    with pool() as threads:
        yield from zip(names, threads.each(content, names), strict=True)


def _asked(
    system: System, files: Iterable[tuple[str, Mark]]
) -> Iterator[tuple[str, Mark]]:
    """Ask for what tells the version of each file."""
    paths = [path for path, _mark in files]
    with pool() as threads:
        yield from zip(paths, threads.each(system.asked, paths), strict=True)


def _head(address: str) -> str:
    """Give the beginning of an address that says which store it is."""
    name, mark, rest = address.partition("://")
    return f"{name}{mark}{rest.partition('/')[0]}"


def _is_meant(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether a file is what a glob names, or lies below a folder that it names."""
    if not wanted:
        return not any(part.startswith(".") for part in parts)
    if not parts:
        return False
    is_hidden = parts[0].startswith(".") and not wanted[0].startswith(".")
    if wanted[0] == "**":
        rest = wanted[1:]
        return bool(rest and _is_meant(parts, rest)) or (
            not is_hidden and _is_meant(parts[1:], wanted if parts[1:] else rest)
        )
    is_named = not is_hidden and fnmatchcase(parts[0], wanted[0])
    return is_named and _is_meant(parts[1:], wanted[1:])

"""Sources → what is published of them, step by step on an engine that may have many machines.

Of each step the results stay where they were made; what comes back here is small: names of
folders, ids that several records have, and in the end what the feeds hold.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zlib import crc32

from feeds.assess import Rulebook, parts
from feeds.config import Config
from feeds.parallel import Engine
from feeds.part import Doubles, Part, doubles, merged, part, together
from feeds.read import each
from feeds.remote.url import Where
from feeds.survey import Folder, inside, starts

_FAN = 8
"""How many parts are merged at once."""

_LEAST, _MOST = 200, 20_000
"""How many files are read in one step."""

_STEPS = 8
"""Steps for each worker, so that a slow one is made up for by others."""

_STORIES = 2_000_000
"""How many ids are compared in one step; bounds its memory to some 200 MB."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


class Site(NamedTuple):
    """What every step has to know."""

    config: Config
    output: Where
    now: datetime


class Share(NamedTuple):
    """Some of the files of a folder: those whose names fall to `number`, of so many."""

    folder: Folder
    number: int
    of: int


Task = tuple[tuple[Share, ...], tuple[str, ...]]
"""What is read in one step: shares of folders, and files that sources name themselves."""


def harvest(engine: Engine, site: Site, progress: Progress) -> tuple[Part, int]:
    """Read all records; give what is published of them, and how many stories they are.

    Raises Mistake and Unreadable as a survey does.
    """
    tasks, files = _tasks(engine, site)
    count = 1 + files // _STORIES
    read = engine.map(partial(_read, site=site, count=count), tasks)
    with progress("reading", len(tasks)) as advance:
        for _done in engine.done(read):
            advance(1)
    shares = [
        engine.map(partial(_digests, number=number), read) for number in range(count)
    ]
    # Made there, so that it can be made again where a worker dies with it.
    found = engine.map(together, [engine.map(doubles, shares)])
    parts = engine.map(partial(_thin, site=site), read, found * len(read))
    del read
    while len(parts) > 1:
        groups = [parts[at : at + _FAN] for at in range(0, len(parts), _FAN)]
        parts = engine.map(partial(_merge, site=site), groups, found * len(groups))
    whole, all_ = engine.fetch([*parts, *found])
    return whole, all_.stories


def _tasks(engine: Engine, site: Site) -> tuple[list[Task], int]:
    """Share the files out, by their folders; say how many there are."""
    folders, lone = starts(site.config, site.output)
    sized: list[tuple[Folder, int]] = []
    seen: set[str] = set()  # sources may overlap
    while folders := _not_seen(folders, seen):
        looked = engine.fetch(engine.map(partial(_look, site=site), folders))
        deeper: list[Folder] = []
        for folder, (inner, files) in zip(folders, looked, strict=True):
            sized.append((folder, files))
            deeper += inner
        folders = deeper
    lone = [file for file in lone if not _is_listed(file, seen)]
    total = len(lone) + sum(files for _folder, files in sized)
    most = min(max(_LEAST, total // (engine.workers * _STEPS)), _MOST)
    shares = _shares(sized, most)
    tasks: list[Task] = [(tuple(share), ()) for share in shares]
    tasks += [((), tuple(lone[at : at + most])) for at in range(0, len(lone), most)]
    return tasks or [((), ())], total


def _not_seen(folders: Iterable[Folder], seen: set[str]) -> list[Folder]:
    """Give the folders that were not met before, each once, and note them."""
    new = {one.name: one for one in folders if one.name not in seen}
    seen.update(new)
    return [*new.values()]


def _is_listed(file: str, folders: set[str]) -> bool:
    """Tell whether a file that a source names is met in a folder as well."""
    folder, _, name = file.rpartition("/")
    return folder in folders and not name.startswith(".")


def _shares(sized: Iterable[tuple[Folder, int]], most: int) -> Iterator[list[Share]]:
    """Cut large folders, and put small ones together."""
    together: list[Share] = []
    files = 0
    for folder, count in sized:
        of = max(1, -(-count // most))
        if of > 1:
            yield from ([Share(folder, number, of)] for number in range(of))
        elif count:
            if files + count > most:
                yield together
                together, files = [], 0
            together.append(Share(folder, 0, 1))
            files += count
    if together:
        yield together


def _look(folder: Folder, site: Site) -> tuple[list[Folder], int]:
    inner, files = inside(folder, site.config, site.output)
    return inner, len(files)


def _read(task: Task, site: Site, count: int) -> tuple[Part, list[bytes]]:
    """Read files and see where their records stand."""
    shares, lone = task
    config, book = site.config, Rulebook(site.config, site.now)
    how = config.folder, config.zone, config.max_record_size, config.fields
    files = [*lone, *(file for share in shares for file in _files(share, site))]
    found = (parts(file, these, book) for file, these in each(files, *how))
    return part((sheet for sheets in found for sheet in sheets), count)


def _files(share: Share, site: Site) -> Iterator[str]:
    for file in inside(share.folder, site.config, site.output)[1]:
        if share.of == 1 or crc32(file.encode()) % share.of == share.number:
            yield file


def _digests(read: tuple[Part, list[bytes]], number: int) -> bytes:
    return read[1][number]


def _thin(read: tuple[Part, list[bytes]], found: Doubles, site: Site) -> Part:
    return _merge([read[0]], found, site)


def _merge(parts: Sequence[Part], found: Doubles, site: Site) -> Part:
    return merged(parts, found.several, Rulebook(site.config, site.now))

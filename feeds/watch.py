"""Sources → turns: when it is time to look at them again.

Folders are watched one by one, never with all that is below them: so the output and the
state, which may lie between them, wake nobody.
"""

import glob
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from feeds.config import Config
from feeds.errors import Mistake, Unreadable
from feeds.parse import ENDINGS, ending

try:
    import watchfiles
except ImportError as missing:  # it is an extra
    what = "watching needs watchfiles: pip install 'watchfiles>=1.0,<2'"
    raise Mistake(what) from missing

PATIENCE = 30.0
"""Seconds after which time alone may have changed what is published."""

_LOOK = 200  # milliseconds
_QUIET = 50  # milliseconds without a change, after which an edit counts as done
_ALARM = 1.0  # seconds


class Places(NamedTuple):
    """What is watched: folders, in any of which a record may come, and the configuration.

    `passed_over` is what a build itself writes. All are paths without links.
    """

    folders: frozenset[str]
    configuration: frozenset[str]
    passed_over: frozenset[str]

    def matter(self, _change: object, path: str) -> bool:
        """Tell whether a build may come to something else by a change."""
        if path in self.configuration:
            return True
        name = Path(path).name
        if name.startswith(".") or path in self.passed_over:
            return False
        is_record = ending(name) in ENDINGS
        return is_record or path in self.folders or Path(path).is_dir()

    def concern(self, changes: Collection[str]) -> bool:
        """Tell whether some of all changes are of these places; none is of all."""
        return not changes or any(
            (path in self.folders or os.path.dirname(path) in self.folders)  # noqa: PTH120
            and self.matter(None, path)
            for path in changes
        )


def places(config: Config, output: Path, written: Iterable[Path] = ()) -> Places:
    """See what there is to watch; `written` are files that each build replaces."""
    folders, configuration, _ = place(config.file)
    passed_over = {os.path.realpath(file) for file in [output, *written]}
    served = os.path.realpath(output)
    for source in config.sources:
        *above, last = _prefixes(config.folder, source)
        found = {os.path.realpath(one) for pattern in above for one in pattern}
        found |= _with_all_below(last, served)
        folders |= {one for one in found if not _is_in(one, served)}
    usable = frozenset(filter(_is_text, folders))
    return Places(usable, configuration, frozenset(passed_over))


def place(file: Path) -> Places:
    """See where a configuration is, or will be: it may be mistaken, or not there yet."""
    here = os.path.realpath(file.parent)
    configuration = frozenset({f"{here}/{file.name}", os.path.realpath(file)})
    above = (Path(one).parents for one in configuration)
    folders = (next(one for one in each if one.is_dir()) for each in above)
    return Places(frozenset(map(str, folders)), configuration, frozenset())


def turns(places: Sequence[Places]) -> Iterator[frozenset[str]]:
    """Give what changed soon after it did, and nothing whenever PATIENCE ends.

    The first turn comes at once: for what changed before anybody watched. They end where
    watching has to begin anew. Raises Unreadable.
    """

    def matter(change: object, path: str) -> bool:
        return any(one.matter(change, path) for one in places)

    due = time.monotonic()
    try:
        for changes in watchfiles.watch(
            *sorted({folder for one in places for folder in one.folders}),
            watch_filter=matter,
            step=_QUIET,
            rust_timeout=_LOOK,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        ):
            if changes or time.monotonic() >= due:
                yield frozenset(path for _change, path in changes)
                due = time.monotonic() + PATIENCE
    except KeyboardInterrupt:
        # Any signal looks like this here; which it was, `__main__` says by an alarm.
        time.sleep(_ALARM)
        raise
    except (FileNotFoundError, RuntimeError):
        # A folder that went meanwhile, or a file whose name is no text.
        time.sleep(_LOOK / 1000)
        yield frozenset()
    except OSError as error:
        raise Unreadable(f"sources cannot be watched: {error}") from error


def _prefixes(folder: Path, source: str) -> Iterator[Iterator[str]]:
    """Give the folders that each beginning of a source names; the last is all of it."""
    parts = Path(source).parts
    for number in range(len(parts) + 1):
        pattern = os.path.join(glob.escape(str(folder)), *parts[:number], "")
        yield glob.iglob(pattern, recursive=True)  # noqa: PTH207 - as a survey does


def _with_all_below(folders: Iterable[str], served: str) -> set[str]:
    """Add the folders that records are looked for in, as a survey does."""
    found: set[str] = set()
    todo = [*folders]
    while todo:
        folder = os.path.realpath(todo.pop())
        if folder in found or _is_in(folder, served):
            continue
        found.add(folder)
        with suppress(OSError), os.scandir(folder) as listing:
            todo += [one.path for one in listing if _is_searched(one)]
    return found


def _is_searched(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    # is_dir() fails on a link to itself.
    is_link_to_one = entry.is_symlink() and Path(entry.path).is_dir()
    return is_link_to_one or entry.is_dir(follow_symlinks=False)


def _is_in(folder: str, served: str) -> bool:
    return folder == served or folder.startswith(served + os.sep)


def _is_text(path: str) -> bool:
    """Tell whether watchfiles can be given a path; changes elsewhere wait for PATIENCE."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True

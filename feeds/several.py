"""Several sites in one process, each as if alone: none ever costs another its build."""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from pathlib import Path

from feeds.command import time_given
from feeds.errors import FeedsError, Mistake, said
from feeds.report import Reports
from feeds.terminal import about, tell

WORST_FIRST = (2, 3, 1, 75, 0)
"""Exit codes by how much they ask of a person.

After 2 and 3 nothing more is published until somebody decides, 1 may have published, and 75
goes by itself: whoever lets one code pass lets none pass that asks for more.
"""


def distinct(files: Iterable[str]) -> list[str | None]:
    """Name each configuration once, whichever way leads to it; the first name counts.

    Links to one file from two folders are two: each reads the records beside it. None is for
    the configuration that has to be looked for.
    """
    found: dict[tuple[str, str], str | None] = {}
    for file in map(Path, files):
        place = os.path.realpath(file.parent), os.path.realpath(file)
        found.setdefault(place, str(file))
    return [*found.values()] or [None]


def check(output: str | None, now: str | None) -> None:
    """Refuse what no build of several can be asked for. Raises Mistake."""
    if output is not None:
        what = "names one output, expected one configuration"
        raise Mistake(f"-o {output}: {what}; give -c only once")
    time_given(now, UTC)


def reports(
    files: Iterable[str | None], report: str | None = None, metrics: str | None = None
) -> Reports:
    """Say where a run is written to, and whether under the names of its sites."""
    names = [file for file in files if file is not None]
    return Reports(report, metrics, names if len(names) > 1 else ())


def worst(codes: Iterable[int]) -> int:
    """Give the exit code of several builds."""
    return min(codes, key=WORST_FIRST.index)


def each(
    files: Sequence[str | None], act: Callable[[str | None], int], reports: Reports
) -> int:
    """Act on each site, whatever becomes of the others; give the worst exit code."""
    if len(files) == 1:
        return act(files[0])
    codes, bugs = [], []
    for file in files:
        try:
            codes.append(_alone(str(file), act, reports))
        except BrokenPipeError:  # nobody is left to tell
            raise
        except Exception as bug:
            bug.add_note(f"in the build of {file}")
            bugs.append(bug)
    if bugs:
        raise bugs[0]
    return worst(codes)


def _alone(file: str, act: Callable[[str | None], int], reports: Reports) -> int:
    with about(file):
        try:
            return act(file)
        except BrokenPipeError:
            raise
        except (FeedsError, OSError) as error:
            trouble, code = said(error)
            tell(trouble, "error")
            reports.failed(file, code, trouble)
            return code

"""Where a cold build spends its time: by module, by function, and on imports."""

import pstats
import re
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from table import table

MOST = 25
_BUILT_IN = "~"
_STANDARD = Path(sysconfig.get_path("stdlib"))
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +((?:feeds\.)?\w+)")


class Spot(NamedTuple):
    """A function: the seconds in itself, and in all that it calls too."""

    module: str
    name: str
    calls: int
    own: float
    total: float


def hotspots(build: Sequence[str], stats: Path, count: int) -> str:
    """Profile a build in one process, and what the command imports."""
    command = [sys.executable, "-m", "cProfile", "-o", str(stats), "-m", "feeds"]
    options = [*build, "--jobs", "1"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    found = pstats.Stats(str(stats)).stats  # type: ignore[attr-defined]
    spots = [
        Spot(_module(file), name, calls, own, total)
        for (file, _line, name), (_, calls, own, total, _) in found.items()
    ]
    ours = [spot for spot in spots if spot.module.startswith("feeds.")]
    seconds = sum(spot.own for spot in spots)
    parts = [
        f"A cold build of {count:,} records in one process took {seconds:.1f} s; cProfile"
        " makes calls dearer than they are.",
        "By module, what is built in counted where it is called:",
        _shares(_by_module(found)),
        "By function, in itself:",
        _functions(sorted(spots, key=lambda spot: -spot.own), seconds),
        "By function of ours, with all that it calls:",
        _functions(sorted(ours, key=lambda spot: -spot.total), seconds),
        "What `feeds --version` imports, other than ours by package:",
        _shares(_imports()),
    ]
    return "\n\n".join(parts)


def _by_module(found: Mapping[tuple[str, int, str], tuple]) -> dict[str, float]:  # type: ignore[type-arg]
    seconds: dict[str, float] = defaultdict(float)
    for (file, _line, _name), (_, _, own, _, callers) in found.items():
        if file != _BUILT_IN:
            seconds[_module(file)] += own
            continue
        for (caller, _, _), (_, _, there, _) in callers.items():
            seconds[_module(caller)] += there
    return seconds


def _module(file: str) -> str:
    """Name modules of ours and of Python one by one, others by their package."""
    path = Path(file).with_suffix("")
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if path.is_relative_to(_STANDARD):
        return ".".join(path.relative_to(_STANDARD).parts)
    if "feeds" in path.parts:
        depth = path.parts[::-1].index("feeds")
        return ".".join(path.parts[-depth - 1 :])
    return "built in"


def _imports() -> dict[str, float]:
    command = [sys.executable, "-X", "importtime", "-m", "feeds", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds: dict[str, float] = defaultdict(float)
    for microseconds, package in _IMPORT.findall(done.stderr):
        seconds[package] += int(microseconds) / 1e6
    return seconds


def _shares(seconds: Mapping[str, float]) -> str:
    total = sum(seconds.values())
    rows = (
        [name, f"{spent:.3f}", f"{spent / total:.0%}"]
        for name, spent in sorted(seconds.items(), key=lambda item: -item[1])[:MOST]
    )
    return table(["where", "s", "share"], rows)


def _functions(spots: Iterable[Spot], total: float) -> str:
    rows = (
        [
            f"`{spot.module}: {spot.name}`".replace("|", "\\|"),
            f"{spot.calls:,}",
            f"{spot.own:.3f}",
            f"{spot.total:.3f}",
            f"{spot.own / total:.0%}",
        ]
        for spot in list(spots)[:MOST]
    )
    head = ["function", "calls", "s in itself", "s in all", "share in itself"]
    return table(head, rows)

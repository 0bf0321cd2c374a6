"""What a whole command costs, its start and its child processes with it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024
"""What the system counts `ru_maxrss` in."""

_EVERY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds by the clock and of processors, and bytes of the largest process.

    Linux never calls a command smaller than what started it, some 20 MiB here. `together`
    are the bytes of all processes at once, where they were watched.
    """

    wall: float
    cpu: float
    peak: int
    together: int = 0


def measure(command: Sequence[str | Path], *, watch: bool = False) -> Cost:
    """Run a command to its end; one that fails ends us too."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        together = _watched(process.pid) if watch else 0
        _pid, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"exit {process.returncode}: {' '.join(map(str, command))}")
    return Cost(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss * UNIT,
        together=together,
    )


def _watched(pid: int) -> int:
    """Give the most memory that a process and its children had together; Linux only."""
    most = 0
    while _is_running(pid):
        most = max(most, sum(map(_share, _family(pid))))
        time.sleep(_EVERY)
    return most


def _is_running(pid: int) -> bool:
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is None


def _family(pid: int) -> Iterator[int]:
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(file).split():
            yield from _family(int(child))


def _share(pid: int) -> int:
    """Give a process' memory; of pages that it shares with others, its share."""
    for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the process has just ended
        return ""

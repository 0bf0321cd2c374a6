"""Work spread over processes: the same results in the same order, for any number.

Each worker is a fork that takes every n-th chunk and writes its results into a pipe of its
own. So a worker waits for nobody but its reader: when the build ends, however it ends, the
pipe closes and the worker with it.
"""

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn, TypeVar

from feeds.errors import FeedsError

_ENDING = {signal.SIGINT, signal.SIGTERM}
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def cpus() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    make: Callable[[], Callable[[_Task], _Result]], tasks: Sequence[_Task], jobs: int
) -> Iterator[_Result]:
    """Give the result of each task, in order; one job works here and now.

    `make` is called once in each process, and gives what does the work there.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1 or not hasattr(os, "fork"):
        yield from map(make(), tasks)
        return
    workers: list[tuple[int, BinaryIO]] = []
    gc.freeze()  # what a worker's collector looks at, it copies
    try:
        for number in range(jobs):
            workers.append(_start(make, tasks[number::jobs]))
        for number in range(len(tasks)):
            error, result = _result(workers[number % jobs][1])
            if error is not None:
                raise error
            yield result
    finally:
        for pid, pipe in workers:
            pipe.close()
            with suppress(ProcessLookupError, ChildProcessError):  # SIGCHLD is ignored
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        gc.unfreeze()


def _start(
    make: Callable[[], Callable[[_Task], _Result]], tasks: Sequence[_Task]
) -> tuple[int, BinaryIO]:
    reading, writing = os.pipe()
    # A signal between fork and `_work` would unwind the parent's stack in the child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work(make, tasks, writing, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(writing)
    return pid, os.fdopen(reading, "rb")


def _work(
    make: Callable[[], Callable[[_Task], _Result]],
    tasks: Sequence[_Task],
    writing: int,
    mask: set[int | signal.Signals],
) -> NoReturn:
    # The terminal's Ctrl-C reaches all of us; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    gc.disable()  # its work is short, and none of it is cyclic
    status = 1
    try:
        with os.fdopen(writing, "wb") as pipe:
            try:
                work = make()
                for task in tasks:
                    _tell(pipe, (None, work(task)))
            except (FeedsError, OSError) as error:
                _tell(pipe, (error, None))
        status = 0
    except BrokenPipeError:  # the parent is gone
        pass
    finally:
        os._exit(status)


def _tell(pipe: BinaryIO, said: tuple[Exception | None, object]) -> None:
    pickle.dump(said, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _result(pipe: BinaryIO) -> Any:
    try:
        return pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError) as error:
        raise FeedsError("a worker process died; --jobs 1 does without") from error

"""Work spread over processes or machines: the same results in the same order.

On one machine, each worker is a fork that takes every n-th chunk and writes its results into
a pipe of its own. All of them watch one pipe more, which nobody ever writes to: when the
build ends, however it ends, that one closes and the workers end with it.
"""

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, BinaryIO, NoReturn, Protocol, TypeVar

from feeds.errors import FeedsError
from feeds.signals import held_back

# The alarm says again what was not heard.
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class Engine(Protocol):
    """Where work is done: here, or on the machines of a cluster."""

    workers: int

    def map(self, function: Callable[..., Any], *tasks: Sequence[Any]) -> list[Any]:
        """Begin on all tasks; give what stands for each result.

        A task's arguments may be what stands for other results, and lists of such.
        """

    def done(self, results: Iterable[Any]) -> Iterator[object]:
        """Tell of each result, as it comes to be. Raises what its work raised."""

    def fetch(self, results: Iterable[Any]) -> Iterator[Any]:
        """Bring results here, in order. Raises what their work raised."""


class Here:
    """An engine that does everything at once, in this process."""

    workers = 1

    def map(self, function: Callable[..., Any], *tasks: Sequence[Any]) -> list[Any]:
        return [function(*task) for task in zip(*tasks, strict=True)]

    def done(self, results: Iterable[Any]) -> Iterator[object]:
        yield from results

    def fetch(self, results: Iterable[Any]) -> Iterator[Any]:
        yield from results


def cpus() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    make: Callable[[], Callable[[_Task], _Result]], tasks: Sequence[_Task], jobs: int
) -> Iterator[_Result]:
    """Give the result of each task, as `stream` does."""

    def maker() -> Callable[[_Task], Iterable[_Result]]:
        work = make()
        return lambda task: (work(task),)

    return stream(maker, tasks, jobs)


def stream(
    make: Callable[[], Callable[[_Task], Iterable[_Result]]],
    tasks: Sequence[_Task],
    jobs: int,
) -> Iterator[_Result]:
    """Give the results of each task, in order; one job works here and now.

    `make` is called once in each process, and gives what does the work there.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1 or not hasattr(os, "fork") or _has_requests():
        yield from chain.from_iterable(map(make(), tasks))
        return
    workers = _Workers()
    gc.freeze()  # what a worker's collector looks at, it copies
    try:
        workers.start(make, [tasks[number::jobs] for number in range(jobs)])
        for number in range(len(tasks)):
            while (said := _said_by(workers.pipes[number % jobs])) is not None:
                yield from said
    finally:
        workers.end()
        gc.unfreeze()


def _has_requests() -> bool:
    """Tell whether a thread of fsspec or paramiko is at work: a fork may inherit its locks."""
    return any(
        thread.name == "fsspecIO" or type(thread).__module__.startswith("paramiko.")
        for thread in threading.enumerate()
    )


class _Workers:
    """The processes that work for this one, and what they write into."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self.pipes: list[BinaryIO] = []
        self.lifeline: tuple[int, ...] = ()

    def start(
        self,
        make: Callable[[], Callable[[_Task], Iterable[_Result]]],
        shares: Sequence[Sequence[_Task]],
    ) -> None:
        """Start a worker for each share. Raises FeedsError."""
        # A signal between fork and `work` would unwind this process' stack in the child,
        # and one right after it would leave a child that nobody knows of.
        with held_back() as mask:
            try:
                self.lifeline = os.pipe()
                for share in shares:
                    reading, writing = os.pipe()
                    self.pipes.append(os.fdopen(reading, "rb"))
                    try:
                        if (pid := os.fork()) == 0:
                            self.work(make, share, writing, mask)
                    finally:
                        os.close(writing)
                    self.pids.append(pid)
            except OSError as error:
                what = f"cannot be started: {error.strerror}; --jobs 1 does without"
                raise FeedsError(f"a worker process {what}") from error

    def end(self) -> None:
        """End all workers, whatever they do."""
        with held_back():
            for pipe in self.pipes:
                pipe.close()
            for pid in self.pids:
                with suppress(ProcessLookupError, ChildProcessError):  # no SIGCHLD
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
            for descriptor in self.lifeline:
                os.close(descriptor)

    def work(
        self,
        make: Callable[[], Callable[[_Task], Iterable[_Result]]],
        tasks: Sequence[_Task],
        writing: int,
        mask: set[int | signal.Signals],
    ) -> NoReturn:
        """Do a share of the work, in a process of its own."""
        status = 1
        try:
            # The terminal's Ctrl-C reaches all of us; the parent decides what becomes of it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            gc.disable()  # its work is short, and none of it is cyclic
            for pipe in self.pipes:
                pipe.close()
            self.watch()
            with os.fdopen(writing, "wb") as pipe:
                for said in _said(make, tasks):
                    pickle.dump(said, pipe, pickle.HIGHEST_PROTOCOL)
                    pipe.flush()
            status = 0
        except BrokenPipeError:  # the parent is gone
            pass
        finally:
            os._exit(status)

    def watch(self) -> None:
        """End as soon as the parent does: the lock that it held is not free before."""
        reading, writing = self.lifeline
        os.close(writing)

        def wait() -> NoReturn:
            os.read(reading, 1)
            os._exit(1)

        threading.Thread(target=wait, daemon=True).start()


def _said(
    make: Callable[[], Callable[[_Task], Iterable[_Result]]], tasks: Sequence[_Task]
) -> Iterator[Exception | tuple[_Result, ...]]:
    """Give each result, and nothing at the end of a task's.

    The first error, of any kind, is the reader's to raise.
    """
    try:
        work = make()
        for task in tasks:
            for result in work(task):
                yield (result,)
            yield ()
    except Exception as error:
        yield error


def _said_by(pipe: BinaryIO) -> Any:
    """Hear of a result; None where a task has no more."""
    try:
        said = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError) as error:
        raise FeedsError("a worker process died; --jobs 1 does without") from error
    if isinstance(said, Exception):
        raise said
    return said or None

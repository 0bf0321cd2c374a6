"""Several requests at once: threads that wait for a store, and end with the build."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

AT_ONCE = 16
"""How many requests are made at a time; as many more may wait, with what they carry."""

_Given = TypeVar("_Given")
_Result = TypeVar("_Result")


class Promise(Generic[_Result]):
    """What will come of a request."""

    def __init__(self, act: Callable[[], _Result]) -> None:
        self._act = act
        self._done = threading.Event()
        self._found: list[_Result] = []
        self._error: Exception | None = None

    def keep(self) -> None:
        """Make the request."""
        try:
            self._found.append(self._act())
        except Exception as error:  # whoever waits for it is told
            self._error = error
        finally:
            self._done.set()

    def result(self) -> _Result:
        """Wait for what came of it; raises what the request raised."""
        self._done.wait()
        if self._error:
            raise self._error
        return self._found[0]


class Pool:
    """Threads that make requests; none of them keeps a process from ending."""

    def __init__(self) -> None:
        self._todo: SimpleQueue[Promise[Any] | None] = SimpleQueue()
        self._room = threading.Semaphore(2 * AT_ONCE)
        self._threads: list[threading.Thread] = []

    def ask(self, act: Callable[[], _Result]) -> Promise[_Result]:
        """Make a request soon; wait while too many are."""
        self._room.acquire()
        if len(self._threads) < AT_ONCE:
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        promise = Promise(act)
        self._todo.put(promise)
        return promise

    def each(
        self, act: Callable[[_Given], _Result], given: Iterable[_Given]
    ) -> Iterator[_Result]:
        """Make a request for each thing given, and give what came of it in order."""
        waiting: deque[Promise[_Result]] = deque()
        for one in given:
            waiting.append(self.ask(partial(act, one)))
            if len(waiting) >= 2 * AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _work(self) -> None:
        while promise := self._todo.get():
            promise.keep()
            self._room.release()

    def end(self) -> None:
        """Let the threads go; what they have not begun by now, they leave."""
        with suppress(Empty):
            while True:
                self._todo.get_nowait()
        for _ in self._threads:
            self._todo.put(None)


@contextmanager
def pool() -> Iterator[Pool]:
    """Have threads for a while; whoever waits for what was asked stays until it came."""
    made = Pool()
    try:
        yield made
    finally:
        made.end()

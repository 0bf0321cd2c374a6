"""Pictures → what their servers say of them: who is asked, when, and by whom.

The network is the business of another process, `probe`, which has nothing of ours and is
ended when time is up: a name that is never resolved, or a server that never answers, holds
up no build, and no thread of it is left here when workers are forked.
"""

import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from typing import IO

import msgspec

from feeds import __version__, probe
from feeds.media import believed
from feeds.pictures import Error, Memory, host_of
from feeds.probe import AT_ONCE, AT_ONCE_OF_HOST, Answer

MOST, MOST_OF_HOST = 1000, 100
"""How many addresses a build asks for, and how many of them at one host."""

WHOLE, EACH = 30.0, 10.0
"""Seconds that all of it may take, and one picture; the rest is for the next build."""

TRUSTED: frozenset[str] = frozenset()
"""Addresses that may be asked though they are not public: none.

No configuration, option or environment can name one; tests that have a server on this
machine set it before they build.
"""

_LONGEST = 4000  # characters of an address
_MARGIN = 1.0  # seconds by which an answer may be late

Say = Callable[[Iterable[str]], object]
Advance = Callable[[int], object]


def measure(
    urls: Sequence[str], memory: Memory, agent: str, say: Say, advance: Advance
) -> None:
    """Ask for the length and type of pictures, and have the memory keep what is said.

    Nothing that goes wrong here is of any consequence for a build, and none is raised.
    """
    queue = _Queue(urls)
    try:
        with _probing(f"feeds/{__version__} (+{agent})") as asked:
            for answers in _turns(queue, memory, asked):
                say(_words(answers))
                advance(len(answers))
    except (OSError, EOFError, ValueError, Error, msgspec.MsgspecError) as error:
        say([f"pictures are no longer measured: {error}"])


class _Queue:
    """Who waits to be asked, by host, and who is being asked."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.waiting: dict[str, deque[str]] = {}
        self.asked: dict[str, str] = {}
        left = MOST
        for url in urls:
            shelf = self.waiting.setdefault(host_of(url) or "", deque())
            if left and len(shelf) < MOST_OF_HOST and len(url) <= _LONGEST:
                shelf.append(url)
                left -= 1

    def take(self) -> Iterator[str]:
        """Give those whose turn it is; each is being asked from then on."""
        busy = Counter(self.asked.values())
        for host, shelf in self.waiting.items():
            while shelf and len(self.asked) < AT_ONCE and busy[host] < AT_ONCE_OF_HOST:
                url = shelf.popleft()
                busy[host] += 1
                self.asked[url] = host
                yield url

    def is_over(self, *, is_late: bool) -> bool:
        return not self.asked and (is_late or not any(self.waiting.values()))


class _Asked:
    """The process that asks."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self._in: IO[bytes] = process.stdin
        self._out: IO[bytes] = process.stdout
        self._rest = b""

    def send(self, value: object) -> None:
        self._in.write(msgspec.json.encode(value) + b"\n")
        self._in.flush()

    def answers(self, seconds: float) -> list[Answer]:
        """Wait so long for answers. Raises OSError where there will be none."""
        # Not by `select` itself, which knows no descriptor from 1024 on.
        with DefaultSelector() as waiting:
            waiting.register(self._out, EVENT_READ)
            if not waiting.select(max(seconds, 0)):
                raise TimeoutError("no answer in time")
        read = os.read(self._out.fileno(), 1 << 16)
        if not read:
            raise EOFError("nobody asks any longer")
        *lines, self._rest = (self._rest + read).split(b"\n")
        return [msgspec.json.decode(line, type=Answer) for line in lines]


@contextmanager
def _probing(agent: str) -> Iterator[_Asked]:
    """Start the process that asks, and end it whatever it is at."""
    with subprocess.Popen(
        # Isolated, or a file beside ours or in this folder could stand in for a library's.
        [sys.executable, "-I", probe.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        process_group=0,  # the terminal's Ctrl-C is for us alone
    ) as process:
        try:
            asked = _Asked(process)
            asked.send([agent, EACH, sorted(TRUSTED)])
            yield asked
        finally:
            process.kill()


def _turns(queue: _Queue, memory: Memory, asked: _Asked) -> Iterator[list[Answer]]:
    """Keep as many being asked as may be, and give what they say as it comes."""
    end = time.monotonic() + WHOLE
    answers: list[Answer] = []
    while True:
        is_late = time.monotonic() > end - EACH - _MARGIN
        with memory.noting():
            while answers:
                _note(answers.pop(), queue, memory)
            urls = [] if is_late else [*_claimed(queue, memory)]
        for url in urls:
            asked.send(url)
        if queue.is_over(is_late=is_late):
            return
        if queue.asked:
            answers = asked.answers(end - time.monotonic())
            yield answers


def _claimed(queue: _Queue, memory: Memory) -> Iterator[str]:
    for url in queue.take():
        if memory.claim(url):
            yield url
        else:
            del queue.asked[url]


def _note(answer: Answer, queue: _Queue, memory: Memory) -> None:
    if queue.asked.pop(answer.url, None) is None:
        return
    if answer.rest:
        memory.rest(answer.host, answer.rest)
        queue.waiting.pop(answer.host, None)
    if answer.was_sent:
        said = believed(answer.length, answer.media_type)
        memory.learn(answer.url, said, answer.rest)
    else:
        memory.release(answer.url)


def _words(answers: Iterable[Answer]) -> Iterator[str]:
    for one in answers:
        length = believed(one.length, one.media_type).length
        if length:
            yield f"measured {one.url}: {length} bytes"
        else:
            yield f"not measured {one.url}: {one.why or 'no picture'}"

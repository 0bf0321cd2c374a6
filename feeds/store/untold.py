"""What hubs have still to be told: in a file of its own, which outlives the state.

A build notes how documents stand before it replaces any, and what has become of them
before it commits: so whatever ends it in between, the next one knows what changed.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct, field

from feeds.errors import Unwritable
from feeds.store.values import plain

WEEK = 7 * 86400.0
"""Seconds after which nobody waits for a change any longer."""

_DAY = 86400.0
_MINUTE = 60.0
_LEASE = 60.0  # longer than a build may take to tell
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW

Stamp = Callable[[str], tuple[int, ...] | None]
"""Tells how the document at a path stands; None where none does."""

Taken = Mapping[str, float]
"""Documents that a hub is to be told of, and when each was noted as changed."""


class Change(Struct, kw_only=True):
    """A document that changed: when that was noted, how often a hub was told of it so far.

    It is due at the next build, if that fails at once again, and then after one minute
    more, three, seven and so on, up to a day.
    """

    noted: float
    tries: int = 0
    due: float = 0.0

    def is_due(self, now: float) -> bool:
        """Tell whether it is time; what is due in days is of a clock that went wrong."""
        return not now < self.due <= now + 2 * _DAY

    def wait(self, now: float) -> None:
        self.due = now + min((2 ** min(self.tries - 1, 20) - 1) * _MINUTE, _DAY)


class Hub(Struct, kw_only=True):
    """What a hub has still to be told, and when the operator was last warned of it."""

    changes: dict[str, Change] = field(default_factory=dict)
    warned: float = 0.0


class Untold(Struct, kw_only=True):
    """What all hubs have still to be told; `before` is how documents stood before a build."""

    before: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    hubs: dict[str, Hub] = field(default_factory=dict)

    def expect(self, paths: Iterable[str], stamp: Stamp) -> None:
        """Note how documents stand that may be replaced next."""
        for path in paths:
            if path not in self.before:
                self.before[path] = stamp(path)

    def note(self, hubs: Iterable[str], stamp: Stamp, now: float) -> None:
        """Note which of the documents expected were replaced; who is no hub is forgotten."""
        changed = [
            path
            for path, before in self.before.items()
            if stamp(path) not in {before, None}
        ]
        self.before = {}
        self.hubs = {hub: self.hubs.get(hub, Hub()) for hub in hubs}
        for hub in self.hubs.values():
            hub.changes |= {path: Change(noted=now) for path in changed}

    def take(
        self, stamp: Stamp, now: float, *, early: bool = False
    ) -> dict[str, Taken]:
        """Give what each hub is to be told now; nobody else takes it for a while.

        What is gone or too old is forgotten.
        """
        taken: dict[str, Taken] = {}
        for name, hub in self.hubs.items():
            hub.changes = {
                path: hub.changes[path]
                for path in plain(sorted(hub.changes))
                if now - hub.changes[path].noted < WEEK and stamp(path)
            }
            due = {
                path: change
                for path, change in hub.changes.items()
                if early or change.is_due(now)
            }
            for change in due.values():
                change.tries, change.due = change.tries + 1, now + _LEASE
            if due:
                taken[name] = {path: change.noted for path, change in due.items()}
        return taken

    def told(self, name: str, taken: Taken) -> None:
        """Note that a hub was told; what has changed again since is still to be told."""
        if hub := self.hubs.get(name):
            hub.changes = {
                path: change
                for path, change in hub.changes.items()
                if change.noted > taken.get(path, 0.0)
            }
            hub.warned = hub.warned if hub.changes else 0.0

    def left(self, name: str, paths: Iterable[str], now: float) -> None:
        """Note what a hub did not take."""
        if hub := self.hubs.get(name):
            for path in paths:
                if change := hub.changes.get(path):
                    change.wait(now)

    def warns(self, name: str, now: float) -> bool:
        """Tell whether to warn of a hub that fails: once a week, until it has taken all."""
        hub = self.hubs.setdefault(name, Hub())
        is_news = not now - WEEK < hub.warned <= now
        hub.warned = now if is_news else hub.warned
        return is_news


@contextmanager
def opened(file: Path) -> Iterator[Untold]:
    """Open what is untold, and keep what becomes of it; one process at a time.

    What is damaged counts as nothing. Raises Unwritable.
    """
    try:
        file.parent.mkdir(exist_ok=True)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            content = _read(file)
            untold = _decoded(content)
            yield untold
            if (new := msgspec.json.encode(untold)) != content:
                _replace(file, new)
        finally:
            os.close(folder)
    except OSError as error:
        what = f"cannot be used: {error.strerror}"
        raise Unwritable(f"{file}: {what}") from error


def _read(file: Path) -> bytes:
    try:
        with os.fdopen(os.open(file, _READ), "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def _decoded(content: bytes) -> Untold:
    try:
        return msgspec.json.decode(content, type=Untold)
    except (msgspec.DecodeError, ValueError):
        return Untold()


def _replace(file: Path, content: bytes) -> None:
    new = file.with_name(file.name + ".new")
    with os.fdopen(os.open(new, _WRITE, 0o666), "wb") as opened:
        opened.write(content)
    new.replace(file)

"""What every target shares: a desk to build at, what must hold there, what was found."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner
from lxml import etree

from feeds.cli import commands
from tests.strategies import Desk, tree

FOUND = Path(__file__).with_name("found")
CANARY = "canary/Vz3+Qk8w=="
STATE = ".feeds"
SECONDS = 10
"""So long a case may take."""

_MEMORY = (
    "/dev/shm" if Path("/dev/shm").is_dir() else None
)  # syncing costs nothing there
_ENOUGH = 5
_SMALLER = 15  # seconds to make a case smaller
_ROOT = Path(__file__).parent.parent
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink"}
_CHANGES |= {"os.truncate", "os.chmod", "shutil.rmtree"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Broken(Exception):
    """Something that must hold does not."""


class Hung(BaseException):
    """A case took too long; no `except Exception` may keep it."""


class Watch:
    """Sees every change to the file system, wherever it is made from."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] = ()
        sys.addaudithook(self.seen)

    @contextmanager
    def over(self, *folders: Path) -> Iterator[None]:
        """Let nothing be changed but what is in some folders."""
        self.allowed = ("/dev/", *(os.path.realpath(folder) for folder in folders))
        try:
            yield
        finally:
            self.allowed = ()

    def seen(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.allowed:
            return
        is_write = event == "open" and bool(int(str(arguments[2])) & _WRITES)
        if is_write or event in _CHANGES:
            places = arguments[: 2 if event == "os.rename" else 1]
            for place in places:
                self.judge(event, place)

    def judge(self, event: str, place: object) -> None:
        if isinstance(place, str | bytes | os.PathLike):
            target = os.path.abspath(os.fsdecode(place))
            if not target.startswith(self.allowed):
                raise Broken(f"{event} outside the output and the state")


WATCH = Watch()


@contextmanager
def a_desk(configuration: object, library: dict[str, object]) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        yield Desk(os.path.join(folder, "desk"), configuration, library)


def built(
    desk: Desk,
    *options: str,
    output: Path | None = None,
    is_real: bool = False,
    but: Container[str] = (),
) -> int:
    """Build as a user does, see that all that must hold does, and give the exit code.

    Documents named in `but` may be broken: they were before.
    """
    folder = output or desk.output
    place = ["-c", str(desk.folder / "feeds.yaml"), "-o", str(folder)]
    arguments = ["build", *place, "--now", desk.now, *options]
    before = _sources(desk, folder)
    if is_real:
        code, said = really_ran(arguments)
    else:
        with WATCH.over(desk.folder / STATE, folder):
            code, said = ran(arguments)
    if code not in range(4):
        raise Broken(f"the exit code is {code}: {said[-300:]}")
    if _sources(desk, folder) != before:
        raise Broken("something outside the output and the state was changed")
    judge(desk, folder, said, but)
    return code


def ran(arguments: list[str]) -> tuple[int, str]:
    """Run the command in this process."""
    result = CliRunner().invoke(commands, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def really_ran(arguments: list[str]) -> tuple[int, str]:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "feeds", *arguments],
        cwd=_ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def judge(desk: Desk, output: Path, said: str, but: Container[str] = ()) -> None:
    """Judge what a command said and left."""
    if "Traceback (most recent" in said:
        raise Broken(f"a traceback: {said.strip().splitlines()[-1]}")
    if any(c < " " and c != "\n" for c in said):
        raise Broken("a control character in a message")
    if CANARY in said:
        raise Broken("the secret is in a message")
    documents = tree(output)
    for name, content in documents.items():
        if name.endswith((".rss", ".atom")) and name not in but:
            _well_formed(content)
    for content in (*documents.values(), *tree(desk.folder / STATE).values()):
        if CANARY.encode() in content:
            raise Broken("the secret was written")


def _well_formed(content: bytes) -> None:
    try:
        etree.fromstring(content)
    except etree.XMLSyntaxError as error:
        raise Broken("a document is not well-formed") from error


def _sources(desk: Desk, output: Path) -> dict[str, bytes]:
    """Give all files around the desk but for output and state."""
    around = desk.folder.parent
    own = tuple(
        os.path.relpath(folder, around) + os.sep
        for folder in (desk.folder / STATE, output)
    )
    return {
        name: content
        for name, content in tree(around).items()
        if not name.startswith(own)
    }


def rarely(data: bytes, times: int) -> bool:
    """Tell whether a case is one of so many: the same case always is, or never."""
    return int.from_bytes(hashlib.blake2b(data).digest()[:4]) % times == 0


class Hunt:
    """Runs the cases of one target for a while; keeps the smallest of each failure."""

    def __init__(
        self, target: str, check: Callable[[bytes], None], folder: Path = FOUND
    ) -> None:
        self.target, self.check, self.folder = target, check, folder
        self.cases = 0
        self.found: dict[str, Path] = {}
        folder.mkdir(exist_ok=True)
        self.running = folder / f"{target}-running-{os.getpid()}"
        signal.signal(signal.SIGALRM, _alarm)

    def __call__(self, data: bytes) -> None:
        """Try a case. What crashes the process is found where it was written to."""
        self.running.write_bytes(data)
        self.cases += 1
        what = self.failure(data)
        if what and what not in self.found and len(self.found) < _ENOUGH:
            self.found[what] = self.save(self.smaller(data, what), what)

    def failure(self, data: bytes) -> str:
        """Name what is broken for a case, alike for alike cases; empty if nothing is."""
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            self.check(data)
        except Broken as error:
            return str(error)
        except (Exception, Hung) as error:
            return f"{type(error).__name__} in {_place(error)}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return ""

    def smaller(self, data: bytes, what: str) -> bytes:
        """Leave out what the same failure does not need."""
        until = time.monotonic() + _SMALLER
        size = len(data) // 2
        while size:
            at = 0
            while at < len(data) and time.monotonic() < until:
                shorter = data[:at] + data[at + size :]
                if self.failure(shorter) == what:
                    data = shorter
                else:
                    at += size
            size //= 2
        return data

    def save(self, data: bytes, what: str) -> Path:
        """Keep a case, and tell of it in one line."""
        digest = hashlib.blake2b(data, digest_size=4).hexdigest()
        file = self.folder / f"{self.target}-{digest}"
        file.write_bytes(data)
        again = f"python -m fuzz --repeat {os.path.relpath(file)}"
        file.with_suffix(".txt").write_text(f"{what}\n{again}\n", "utf-8")
        tell(f"{self.target}: {what}; {again}")
        return file

    def done(self) -> None:
        self.running.unlink(missing_ok=True)


def tell(line: str) -> None:
    """Say something, whatever else is done with standard output meanwhile."""
    os.write(1, f"{line!r}\n".encode() if "\n" in line else f"{line}\n".encode())


def _alarm(_number: int, _frame: object) -> None:
    raise Hung


def _place(error: BaseException) -> str:
    """Name the innermost function of ours that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if f"{os.sep}feeds{os.sep}" in one.filename]
    last = ours[-1] if ours else frames[-1]
    return f"{Path(last.filename).name}: {last.name}"

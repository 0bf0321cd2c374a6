"""What may go wrong around a build, done for real: kills, full disks, foreign hands.

Most builds are the command in a fork of the test. It has all modules at hand, so it takes
no longer than its work, and a moment of it can be hit.
"""

import fcntl
import os
import random
import re
import resource
import runpy
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from feeds import build as steps
from feeds import config, survey
from feeds.store import FOLDER
from feeds.write import STAGING
from tests.conftest import tool
from tests.site import CONFIG, NOW, Result, Site

RECORDS = 18
VERSIONS = 4
NOBODY = 65534
ENDING = (signal.SIGINT, signal.SIGTERM)
SOON = 10  # seconds that only what hangs takes
ROOT = str(Path(__file__).parent.parent)

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="mounting and changing users needs root"
)


@pytest.fixture
def folder():
    """A folder in memory, where the system has that: many builds want many syncs."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True, scope="module")
def all_is_imported():
    """What is imported late is imported here, and not in every fork."""
    for name in ("feeds.ask", "feeds.command", "contextvars"):
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.configure()
        site.write()
        made = config.load(site.folder / "feeds.yaml")
        now = datetime.fromisoformat(NOW)
        steps.build(made, site.folder / "output", now, steps.Options())


@pytest.fixture(autouse=True)
def little_is_enough_for_workers(monkeypatch):
    for name in ("ALONE", "CHUNK", "BATCH", "FEW_FEEDS"):
        monkeypatch.setattr(steps, name, 4)


class Running(NamedTuple):
    """A command in a fork; `out` ends with the last process that could write to it."""

    pid: int
    out: int
    err: Path


def start(site, *args, ready=lambda: None):
    """Start the command; `ready` is called in its process beforehand."""
    reading, writing = os.pipe()
    descriptor, err = tempfile.mkstemp(dir=site.folder.parent)
    os.close(descriptor)
    # A signal has to find the command's way to end, not this test's.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    pid = os.fork()
    if pid == 0:
        _run(site.folder, writing, err, args, ready)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(writing)
    return Running(pid, reading, Path(err))


def _run(folder, out, err, args, ready):
    code = 99
    try:
        os.chdir(folder)
        os.dup2(out, 1)
        os.dup2(os.open(err, os.O_WRONLY), 2)
        os.closerange(3, 1000)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        now = [] if "--now" in args else ["--now", NOW]
        sys.argv = ["feeds", *args, *now]
        for number in ENDING:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        warnings.simplefilter("ignore", ResourceWarning)  # as it is without pytest
        ready()
        runpy.run_module("feeds", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException as error:
        os.write(2, f"Traceback: {error!r}".encode())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def finish(running):
    """Wait for a command and all its workers."""
    _, status = os.waitpid(running.pid, 0)
    out = b""
    while True:
        readable, _, _ = select.select([running.out], [], [], SOON)
        assert readable, "a worker outlives its build"
        if not (more := os.read(running.out, 1 << 16)):
            break
        out += more
    os.close(running.out)
    err = running.err.read_text()
    running.err.unlink()
    assert "Traceback" not in err, err
    return Result(os.waitstatus_to_exitcode(status), out.decode(), err)


def run(site, *args, ready=lambda: None):
    return finish(start(site, *args, ready=ready))


def from_nothing(site, *args):
    """Give what a build writes that knows of nothing but the records."""
    with tempfile.TemporaryDirectory() as folder:
        other = Site(Path(folder) / "site")
        aside = shutil.ignore_patterns("output", FOLDER)
        shutil.copytree(site.folder, other.folder, ignore=aside)
        assert run(other, "build", *args).code == 0
        return other.output()


def documents(site):
    """Every document of the output: what a build is about to put there is none."""
    found = site.output().items()
    return {path: content for path, content in found if not path.startswith(STAGING)}


class Bench:
    """A site with versions of its records, and what a build from nothing makes of each."""

    def __init__(self, folder, seed=0):
        self.site = Site(folder / "site")
        self.site.folder.mkdir()
        self.site.configure()
        self.draw = random.Random(seed)
        self.expected = {}
        for number in range(VERSIONS):
            self.edit(number)
            self.expected[number] = from_nothing(self.site)
        self.seconds = 0.0
        assert self.build().code == 0

    def build(self, *args):
        begun = time.monotonic()
        result = run(self.site, "build", *args)
        self.seconds = time.monotonic() - begun
        return result

    def edit(self, number):
        """Bring a version of the records: texts, topics, one record more or less."""
        self.version = number
        for one in range(RECORDS):
            name = f"{one % 3}/{one:02}.md"
            topic = (one + number) // 2 if one % 2 else one
            if one == number:
                (self.site.folder / "records" / name).unlink(missing_ok=True)
            else:
                self.site.write(name, title=f"Version {number}", topics=f"[T{topic}]")

    def edit_otherwise(self):
        self.edit(self.draw.choice([*{*range(VERSIONS)} - {self.version}]))

    def survive(self, spoil, *args):
        """See that a spoilt build tears nothing, and that the next one leaves no trace of it."""
        before = documents(self.site)
        self.edit_otherwise()
        result = spoil()
        after = self.expected[self.version]
        now = documents(self.site)
        for path in before.keys() | after.keys() | now.keys():
            assert now.get(path) in (before.get(path), after.get(path)), path
        if self.draw.random() < 0.5:
            self.edit_otherwise()
        healed = self.build("--wait", "0", *args)
        assert (healed.code, healed.err) == (0, "")
        assert self.site.output() == self.expected[self.version]
        return result


@contextmanager
def locked(site):
    """Hold the output as a build does; it has to be free by now, or soon."""
    descriptor = os.open(site.folder / "output", os.O_RDONLY)
    try:
        until = time.monotonic() + SOON
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < until
        yield
    finally:
        os.close(descriptor)


def stamps(site):
    found = [*(site.folder / "output").rglob("*"), *(site.folder / FOLDER).rglob("*")]
    seen = {file: os.lstat(file) for file in found}
    # Not when it was read last: to look at a seal is no change.
    return {
        file: (one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for file, one in seen.items()
    }


# Kills and signals.


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_build_killed_at_any_of_a_hundred_moments(folder, monkeypatch, jobs):
    monkeypatch.setattr(survey, "_TICK", 0)  # or all is read again as too young
    bench = Bench(folder, seed=int(jobs))

    def spoil():
        running = start(bench.site, "build", "--jobs", jobs)
        time.sleep(bench.draw.uniform(0, bench.seconds))
        os.kill(running.pid, signal.SIGKILL)
        with locked(bench.site):
            before = stamps(bench.site)
            result = finish(running)
            assert stamps(bench.site) == before, "a worker wrote behind the lock"
        return result.code

    codes = [bench.survive(spoil, "--jobs", jobs) for _ in range(100)]
    assert codes.count(-signal.SIGKILL) > 10


def interrupted(bench, how, running):
    """Send a signal at some moment, and see that nothing is left after it."""
    time.sleep(bench.draw.uniform(0, bench.seconds))
    os.kill(running.pid, how)
    begun = time.monotonic()
    result = finish(running)
    assert time.monotonic() - begun < 1
    assert result.err == ""
    assert not (bench.site.folder / "output" / STAGING).exists()
    with locked(bench.site):
        return result.code


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_build_told_to_end_at_any_of_many_moments(folder, how, jobs):
    bench = Bench(folder, seed=int(how))
    args = ["build", "--jobs", jobs]

    def spoil():
        return interrupted(bench, how, start(bench.site, *args))

    codes = [bench.survive(spoil) for _ in range(15)]
    assert {*codes} <= {128 + how, 0}
    assert 128 + how in codes


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", ENDING)
def test_the_real_command_told_to_end(folder, how, jobs):
    bench = Bench(folder, seed=int(how))
    for _ in range(3):
        bench.edit_otherwise()
        process = bench.site.start("build", "--jobs", jobs)
        time.sleep(bench.draw.uniform(0.15, 0.4))
        process.send_signal(how)
        begun = time.monotonic()
        _, err = process.communicate(timeout=SOON)
        assert time.monotonic() - begun < 1
        # Python has not begun, or is about to end, or its end was nearer.
        assert (process.returncode, err) in {(128 + how, ""), (-how, ""), (0, "")}
        assert not (bench.site.folder / "output" / STAGING).exists()
    assert run(bench.site, "build").code == 0
    assert bench.site.output() == bench.expected[bench.version]


# One at a time.


@pytest.mark.parametrize("wait", [[], ["--wait", "0.1"], ["--wait", "0"]], ids=str)
def test_of_ten_builds_at_once_one_works(folder, wait):
    bench = Bench(folder)
    bench.edit_otherwise()
    ended = [
        finish(one) for one in [start(bench.site, "build", *wait) for _ in "x" * 10]
    ]
    codes = [one.code for one in ended]
    assert 0 in codes
    assert {*codes} <= ({0, 75} if wait else {0})
    for one in ended:
        assert ("another build holds it" in one.err) == (one.code == 75)
    assert bench.site.output() == bench.expected[bench.version]


def test_the_lock_of_a_dead_process_is_none(folder):
    bench = Bench(folder)
    for _ in range(10):
        bench.edit_otherwise()
        running = start(bench.site, "build", "--jobs", "2")
        time.sleep(bench.draw.uniform(0, bench.seconds))
        os.kill(running.pid, signal.SIGKILL)
        os.waitpid(running.pid, 0)
        assert bench.site.build("--wait", "0").code == 0
        os.close(running.out)
        assert bench.site.output() == bench.expected[bench.version]


def test_two_configurations_at_once_on_one_output(folder):
    bench = Bench(folder)
    other = CONFIG.replace("path: all", "path: other").replace("topics/", "more/")
    (bench.site.folder / "two.yaml").write_text(other)
    for _ in range(5):
        bench.edit_otherwise()
        both = [[], ["-c", "two.yaml"]] * 3
        running = [start(bench.site, "build", *which) for which in both]
        assert [finish(one).code for one in running] == [0] * 6
        expected = bench.expected[bench.version]
        assert bench.site.output() == expected | from_nothing(
            bench.site, "-c", "two.yaml"
        )


# Disks.


def system(*command):
    return subprocess.run(command, check=False, capture_output=True).returncode


@contextmanager
def mounted(folder):
    """Put a file system of its own where a folder is, with what is in it."""
    folder.mkdir(exist_ok=True)
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    if system("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
        pytest.skip("no right to mount a file system")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield
    finally:
        assert system("umount", folder) == 0


def fill(folder, left):
    """Leave so many bytes of a file system."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - left))
    return ballast


FULL = {
    "output": ("output", "output/.*: cannot be written: No space left on device"),
    "state": (FOLDER, r"\.feeds/.*\.db: cannot be used: database or disk is full"),
    "both": (".", "No space left on device|database or disk is full"),
}


@needs_root
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("where", "said"), FULL.values(), ids=FULL)
def test_a_full_disk(folder, where, said, jobs):
    bench = Bench(folder)
    place = bench.site.folder / where
    with mounted(place):

        def spoil(left):
            ballast = fill(place, left)
            result = run(bench.site, "build", "--jobs", jobs)
            ballast.unlink()
            return result

        ended = [
            bench.survive(lambda left=left: spoil(left), "--force")
            for left in range(0, 40_960, 8192)
        ]
    assert {one.code for one in ended} <= {0, 1}
    failed = [one.err for one in ended if one.code]
    assert len(failed) > 1
    for err in failed:
        assert re.search(said, err)
        assert err.count("\n") == 1


@needs_root
@pytest.mark.parametrize(("where", "_said"), FULL.values(), ids=FULL)
def test_a_disk_that_is_mounted_to_read_only(folder, where, _said):
    bench = Bench(folder)
    place = bench.site.folder / where
    with mounted(place):

        def spoil():
            assert system("mount", "-o", "remount,ro", place) == 0
            result = run(bench.site, "build")
            assert system("mount", "-o", "remount,rw", place) == 0
            return result

        result = bench.survive(spoil)
    assert result.code == 1
    assert result.err.endswith(": Read-only file system\n")
    assert result.err.count("\n") == 1


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@needs_root
@pytest.mark.parametrize("foreign", ["output", FOLDER])
def test_a_folder_of_another_user(folder, foreign):
    if not Path(ROOT).stat().st_mode & 0o005:
        pytest.skip("the project cannot be read by other users")
    bench = Bench(folder)
    folder.chmod(0o755)
    theirs = bench.site.folder / ({"output", FOLDER} - {foreign}).pop()
    for file in (theirs, *theirs.rglob("*")):
        os.chown(file, NOBODY, NOBODY)
    result = bench.survive(lambda: run(bench.site, "build", ready=as_nobody))
    assert result.code == 1
    assert result.err.startswith(foreign)
    assert result.err.endswith(": Permission denied\n")


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
static int calls;
static int fails(void) {
    const char *at = getenv("FAIL_AT");
    return at && ++calls == atoi(at) && (errno = EIO);
}
#define FAIL(type, name, given, passed) type name given { \\
    type (*real) given = dlsym(RTLD_NEXT, #name); return fails() ? -1 : real passed; }
#define FAIL_FD(type, name, given, passed) type name given { \\
    type (*real) given = dlsym(RTLD_NEXT, #name); \\
    return fd > 2 && fails() ? -1 : real passed; }
FAIL_FD(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
FAIL_FD(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))
FAIL_FD(ssize_t, pwrite64, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))
FAIL(int, fsync, (int fd), (fd))
FAIL(int, fdatasync, (int fd), (fd))
FAIL(int, ftruncate64, (int fd, off_t size), (fd, size))
FAIL(int, rename, (const char *from, const char *to), (from, to))
FAIL(int, unlink, (const char *file), (file))
"""


def fail_at(number):
    os.environ["FAIL_AT"] = str(number)


def meet_errors(folder, jobs):
    """Have every fifth write, sync or rename of a build fail; runs with the shim."""
    bench = Bench(Path(folder))
    for name in ("ALONE", "CHUNK", "BATCH", "FEW_FEEDS"):
        setattr(steps, name, 4)
    failed = 0
    for number in range(1, 120, 5):
        result = bench.survive(
            lambda at=number: run(
                bench.site, "build", "--jobs", jobs, ready=lambda: fail_at(at)
            )
        )
        failed += result.code
        assert result.code in {0, 1}
        if result.code:
            # The shim's errors meet pipes too, which no disk's do.
            died = "a worker process died; --jobs 1 does without"
            said = rf"(.+: .*(Input/output|disk I/O) error|{died})\n"
            assert re.fullmatch(said, result.err), result.err
    assert failed > 10


@pytest.mark.skipif(sys.platform != "linux", reason="the shim is for Linux")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_disk_that_fails(folder, jobs):
    shim = folder / "shim.so"
    (folder / "shim.c").write_text(SHIM)
    build = [tool("gcc"), "-shared", "-fPIC", "-o", shim, folder / "shim.c", "-ldl"]
    subprocess.run(build, check=True)
    script = (
        "import sys; from tests.test_faults import meet_errors as m; m(*sys.argv[1:])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, folder, jobs],
        env={**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": ROOT},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_too_many_open_files(folder, jobs):
    bench = Bench(folder)
    codes = []
    for number in range(4, 14):

        def ready(most=number):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

        result = bench.survive(
            lambda ready=ready: run(bench.site, "build", "--jobs", jobs, ready=ready)
        )
        codes.append(result.code)
        if result.code:
            assert re.fullmatch(
                ".+: Too many open files(; --jobs 1 does without)?\n", result.err
            )
    assert {*codes} == {0, 1}


# Sources.


def test_a_clock_that_jumps(folder):
    bench = Bench(folder)
    site = bench.site
    site.configure(CONFIG.replace("path: all", "path: all\n    max_age: 400 days"))
    site.write("0/future.md", publishedDateTime="2026-06-01", topics="[Later]")
    for year in ("2026", "2025", "2028", "2026", "2024", "2027"):
        now = ["--now", f"{year}-01-02T00:00:00Z", "--force"]
        assert run(site, "build", *now).code == 0
        assert site.output() == from_nothing(site, *now)


def emptied(records):
    for file in records.rglob("*.md"):
        file.unlink()


def half_synced(records):
    for file in sorted(records.rglob("*.md"))[5:]:
        file.unlink()


def unmounted(records):
    assert system("umount", records) == 0


@pytest.mark.parametrize(
    "lose", [emptied, half_synced, pytest.param(unmounted, marks=needs_root)]
)
def test_records_that_are_not_there(folder, lose):
    bench = Bench(folder)
    site, records = bench.site, bench.site.folder / "records"
    kept = records.rename(folder / "kept")
    records.mkdir()
    if lose is unmounted and system("mount", "-t", "tmpfs", "tmpfs", records):
        pytest.skip("no right to mount a file system")
    shutil.copytree(kept, records, dirs_exist_ok=True)
    assert run(site, "build").code == 0
    before = stamps(site)
    lose(records)
    for extra in ((), ("--dry-run",), ()):
        assert run(site, "build", *extra).code == 3
    assert stamps(site) == before
    shutil.copytree(kept, records, dirs_exist_ok=True)
    assert "nothing changed" in run(site, "build").out
    assert site.output() == bench.expected[bench.version]


def rewrite(file, draw):
    """Edit a record, sometimes to the same size, sometimes in place."""
    text = file.read_text()
    number = text.index("Version ")
    changed = text[: number + 8] + str(draw.randrange(10)) + text[number + 9 :]
    changed += draw.choice(["", "", "\n"])
    if draw.random() < 0.5:
        other = file.with_name(".new")
        other.write_text(changed)
        other.replace(file)
    else:
        file.write_text(changed)


def test_records_that_are_edited_while_they_are_read(folder):
    bench = Bench(folder)
    files = [*(bench.site.folder / "records").rglob("*.md")]
    for turn in range(4):
        if (writer := os.fork()) == 0:
            draw = random.Random(turn)
            while True:
                rewrite(draw.choice(files), draw)
        for jobs in ("1", "2", "1"):
            assert run(bench.site, "build", "--jobs", jobs).code == 0
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        for file in files:  # the one that it was at
            if "Version" not in file.read_text():
                bench.site.write(str(file.relative_to(bench.site.folder / "records")))
                file.write_text(file.read_text().replace("Title of", "Version "))
        assert run(bench.site, "build").code == 0
        assert bench.site.output() == from_nothing(bench.site)


# The state, and links that lead out.


def newer(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 16777215")


def replaced_by(content):
    return lambda file: file.write_bytes(content)


def linked(file, *, name=None, target="precious"):
    place = file.with_name(name.format(file.name)) if name else file
    place.unlink(missing_ok=True)
    place.symlink_to(file.parent.parent.parent / "elsewhere" / target)


def a_folder(file):
    file.unlink()
    file.mkdir()


STATES = {
    "of a newer release": newer,
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 3),
    "empty": replaced_by(b""),
    "zeroed": replaced_by(bytes(50_000)),
    "random": replaced_by(random.Random(0).randbytes(50_000)),
    "gone": Path.unlink,
    "a folder": a_folder,
    "a link": linked,
    "a link to nothing": partial(linked, target="nothing"),
    "with a link for a journal": partial(linked, name="{}-journal"),
    "with a link to nothing for a journal": partial(
        linked, name="{}-journal", target="nothing"
    ),
    "with a link for a log": partial(linked, name="{}-wal"),
    "with a folder for a journal": lambda file: Path(f"{file}-journal").mkdir(),
    "with a random journal": lambda file: Path(f"{file}-journal").write_bytes(
        random.Random(0).randbytes(50_000)
    ),
    "in a folder with a link": partial(linked, name=".gitignore", target="nothing"),
}


@pytest.mark.parametrize("part", ["*.db", "*.records"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_pages_of_a_state_that_only_its_readers_meet(folder, jobs, part):
    bench = Bench(folder)
    for _ in range(8):
        (state,) = (bench.site.folder / FOLDER).glob(part)
        with state.open("r+b") as file:
            for _ in range(3):
                file.seek(bench.draw.randrange(1, state.stat().st_size // 4096) * 4096)
                file.write(bench.draw.randbytes(4096))
        for document in (bench.site.folder / "output").rglob("*.rss"):
            document.write_bytes(b"")
        result = run(bench.site, "build", "--jobs", jobs)
        assert (result.code, result.err) == (0, "")
        assert bench.site.output() == bench.expected[bench.version]


LINKS = {
    "the staging folder": (f"output/{STAGING}", "", 0),
    "a document": ("output/all.rss", "precious", 0),
    "a folder of documents": ("output/topics", "", 1),
    "a document of its own": ("output/mine.rss", "precious", 0),
    "the state folder": (FOLDER, "", 1),
}


@pytest.fixture
def elsewhere(folder):
    """What must not change: a folder with a document of ours, and a state of ours."""
    place = folder / "elsewhere"
    place.mkdir()
    (place / "precious").write_bytes(b"<feed><generator>feeds</generator></feed>")
    yield place
    assert {file.name: file.read_bytes()[:6] for file in place.iterdir()} == {
        "precious": b"<feed>"
    }


@pytest.mark.parametrize("part", ["*.db", "*.records"])
@pytest.mark.parametrize("damage", STATES.values(), ids=STATES)
def test_a_state(folder, elsewhere, damage, part):
    bench = Bench(folder)

    def spoil():
        (state,) = (bench.site.folder / FOLDER).glob(part)
        damage(state)
        return run(bench.site, "build")

    result = bench.survive(spoil)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize(("place", "target", "code"), LINKS.values(), ids=LINKS)
def test_a_link_out_of_our_folders_is_not_followed(
    folder, elsewhere, place, target, code
):
    bench = Bench(folder)
    link = bench.site.folder / place
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(elsewhere / target)
    bench.edit_otherwise()
    result = run(bench.site, "build")
    assert result.code == code
    assert result.err.count("\n") == code
    if code:
        assert result.err.startswith(place)
        link.unlink()
    assert run(bench.site, "build").code == 0
    left = bench.site.output()
    left.pop("mine.rss", None)
    assert left == bench.expected[bench.version]

"""Many processes give what one gives, and none of them stays."""

import os
import resource
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from feeds.errors import FeedsError, Mistake
from feeds.parallel import cpus, spread, stream

ROOT = str(Path(__file__).parent.parent)
SOON = 20


def doubled(number):
    return number * 2


def process(_task):
    return os.getpid()


def large(_task):
    """Give more than a pipe holds, so that a worker waits for its reader."""
    return bytes(1 << 20)


def mistaken(task):
    if task == 3:
        raise Mistake("feeds.yaml is wrong")
    return task


def unforeseen(task):
    return 1 // (3 - task)


def killed(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def unpicklable(task):
    return lambda: task


class Deadly:
    """Kills who writes it."""

    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGKILL)
        return str, ()


def half_written(_task):
    return bytes(1 << 20), Deadly()


def has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_results_are_the_same_in_the_same_order(jobs, count):
    expected = [number * 2 for number in range(count)]
    assert list(spread(lambda: doubled, range(count), jobs)) == expected
    assert not has_children()


def test_results_larger_than_a_pipe_come_through():
    assert [len(one) for one in spread(lambda: large, range(5), 2)] == [1 << 20] * 5


def test_one_job_or_one_task_works_here():
    assert set(spread(lambda: process, range(5), 1)) == {os.getpid()}
    assert list(spread(lambda: process, [0], 5)) == [os.getpid()]


class Transport(threading.Thread):
    """What waits for an SFTP server."""

    __module__ = "paramiko.transport"


@pytest.mark.parametrize(
    "kind", [partial(threading.Thread, name="fsspecIO"), Transport], ids=["any", "sftp"]
)
def test_nothing_is_forked_beside_requests_to_a_store(kind):
    is_over = threading.Event()
    thread = kind(target=is_over.wait)
    thread.start()
    try:
        assert set(spread(lambda: process, range(5), 2)) == {os.getpid()}
    finally:
        is_over.set()
        thread.join()


def test_a_task_may_have_any_number_of_results():
    for jobs in (1, 2, 3):
        assert list(stream(lambda: range, [2, 0, 3], jobs)) == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("jobs", [2, 5])
def test_each_job_is_a_process(jobs):
    found = list(spread(lambda: process, range(10), jobs))
    assert len({*found, os.getpid()}) == jobs + 1
    assert found == found[:jobs] * (10 // jobs)


@pytest.mark.parametrize(("jobs", "made"), [(1, 1), (2, 2), (5, 5)])
def test_each_process_makes_ready_once(jobs, made):
    def make():
        ready = object()
        return lambda _task: (os.getpid(), id(ready))

    assert len(set(spread(make, range(20), jobs))) == made


def test_an_error_in_making_ready_reaches_the_user():
    def make():
        raise Mistake("no state")

    with pytest.raises(Mistake, match="no state"):
        list(spread(make, range(4), 2))
    assert not has_children()


def test_some_processor_may_be_used():
    assert cpus() >= 1


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize(
    ("work", "error"), [(mistaken, Mistake), (unforeseen, ZeroDivisionError)]
)
def test_an_error_in_a_worker_reaches_the_user(work, error, jobs):
    with pytest.raises(error):
        list(spread(lambda: work, range(10), jobs))
    assert not has_children()


def test_an_error_keeps_what_it_says():
    """The state tells a full disk from a damaged state by more than words."""

    def fail(_task):
        raise sqlite3.OperationalError("disk I/O error")

    def coded(task):
        try:
            fail(task)
        except sqlite3.OperationalError as error:
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise

    with pytest.raises(sqlite3.OperationalError) as raised:
        list(spread(lambda: coded, range(4), 2))
    assert raised.value.sqlite_errorcode == sqlite3.SQLITE_IOERR


def test_processes_that_cannot_be_started_are_said_so():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = os.listdir("/dev/fd")
    os.close(free := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 4, most[1]))
    try:
        with pytest.raises(FeedsError, match="Too many open files; --jobs 1 does"):
            list(spread(lambda: doubled, range(20), 10))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert os.listdir("/dev/fd") == before
    assert not has_children()


@pytest.mark.parametrize("work", [killed, half_written, unpicklable])
@pytest.mark.parametrize("jobs", [2, 5])
def test_a_worker_that_dies_is_told_of(work, jobs):
    with pytest.raises(FeedsError, match="--jobs 1"):
        list(spread(lambda: work, range(10), jobs))
    assert not has_children()


def test_what_came_before_a_death_is_given():
    results = spread(lambda: killed, range(6), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(FeedsError):
        next(results)


@pytest.mark.parametrize("work", [doubled, large])
def test_who_stops_to_read_ends_the_workers(work):
    results = spread(lambda: work, range(1000), 5)
    next(results)
    results.close()
    assert not has_children()


def test_an_error_of_the_reader_ends_the_workers():
    with pytest.raises(Mistake):
        for _result in spread(lambda: large, range(1000), 5):
            raise Mistake("enough")
    assert not has_children()


def test_no_descriptor_stays_open():
    before = os.listdir("/dev/fd")
    list(spread(lambda: doubled, range(10), 5))
    assert os.listdir("/dev/fd") == before


def test_a_worker_says_nothing_that_its_parent_was_about_to_say():
    script = (
        "import sys; from feeds.parallel import spread;"
        "sys.stdout.write('once '); print(*spread(lambda: abs, range(4), 2))"
    )
    assert run(script).stdout == b"once 0 1 2 3\n"


def test_who_does_not_look_after_children_can_build_too():
    script = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "from feeds.parallel import spread; print(*spread(lambda: abs, range(4), 2))"
    )
    result = run(script)
    assert (result.stdout, result.stderr) == (b"0 1 2 3\n", b"")


SLOW = """
import os, signal, sys
from feeds.parallel import spread

def work(task):
    while task > 2 and sys.argv[2] == "busy":
        pass
    return bytes(1 << 20)

results = spread(lambda: work, range(1000), 3)
next(results)
os.write(int(sys.argv[1]), b"x")
signal.pause()
"""


@pytest.mark.parametrize("how", ["blocked", "busy"])
def test_a_parent_that_is_killed_leaves_no_orphan(how):
    # Every process holds the writing end, so the pipe ends with the last of them.
    reading, writing = os.pipe()
    try:
        with started(SLOW, str(writing), how, pass_fds=[writing]) as parent:
            os.close(writing)
            assert said(reading) == b"x"
            parent.kill()
        assert said(reading) == b""
    finally:
        os.close(reading)


def said(pipe):
    readable, _, _ = select.select([pipe], [], [], SOON)
    assert readable, "nothing was heard, so a process lives"
    return os.read(pipe, 1)


def started(script, *arguments, **extra):
    environment = {**os.environ, "PYTHONPATH": ROOT}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, env=environment, **extra)


def run(script):
    with started(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=SOON)
    return subprocess.CompletedProcess(script, process.returncode, out, err)

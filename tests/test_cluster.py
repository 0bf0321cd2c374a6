"""A cluster of Dask gives what one machine gives: real schedulers, real workers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from distributed import Client

from feeds.cluster import connected
from feeds.errors import Mistake
from tests.strategies import tree

FEEDS = [sys.executable, "-m", "feeds"]
CONFIGURATION = """
site: {title: Site, url: https://feeds.example.org/}
records: records
pages: true
formats: [rss, atom, json]
defaults: {limit: 5}
feeds:
  - path: all
  - path: topics/{topic}
    pick: best
  - path: fresh
    max_age: 1 days
  - path: providers/{provider}
    archive: monthly
"""


def record(number):
    """Write a record; every tenth story is told twice, and every 50th is no record."""
    story = number - 1 if number % 10 == 1 else number
    title = "" if number % 50 == 49 else f"Story {number}"
    return f"""---
title: "{title}"
webUrl: https://a.example/{story}
publishedDateTime: 2025-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z
published: {number % 7 != 0}
quality: {number * 37 % 100}
topics: [Topic {number % 13}, {"AI" if number % 2 else "ai"}]
provider: {{name: P{number % 3}, domain: p{number % 5}.example}}
images: https://a.example/{number}.jpg
---
Body of *{number}*.
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give a configuration with 1,500 records in folders of several sizes."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "feeds.yaml").write_text(CONFIGURATION)
    for number in range(1500):
        place = folder / "records" / ("large" if number > 400 else f"{number % 9}")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.md").write_text(record(number))
    return folder


class Cluster:
    """A scheduler and its workers, each started as its manual says."""

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.running = []

    def begin(self, workers):
        here = ("--port", "0", "--host", "127.0.0.1")
        self.running.append(self.start("dask_scheduler", *here))
        self.address = wait_for(self.written)
        if workers:
            many = ("--nworkers", f"{workers}", "--nthreads", "1")
            self.running.append(self.start("dask_worker", *many))

    def written(self):
        """Read the address, once the scheduler has written all of it."""
        with suppress(OSError, ValueError):
            return json.loads(self.file.read_text())["address"]

    def start(self, program, *options):
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard"]
        return subprocess.Popen(
            [*command, "--scheduler-file", self.file, *options],
            cwd=self.file.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self):
        for process in reversed(self.running):
            process.terminate()
            process.wait(20)


@contextmanager
def a_cluster(folder, workers=2):
    found = Cluster(folder)
    try:
        found.begin(workers)
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with a_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def build(site, *options, output="output", code=0):
    given = ["build", "-c", site / "feeds.yaml", "-o", site / output]
    now = ["--now", "2025-12-12T20:00:00Z"]
    done = subprocess.run(
        [*FEEDS, *given, *now, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done


def counted(done):
    return done.stdout.splitlines()[-1].partition(";")[0]


def test_the_same_bytes_and_words_as_one_machine(site, cluster):
    here = build(site, "--jobs", "1", output="here")
    there = build(site, "--cluster", cluster.address, output="there")
    assert tree(site / "there") == tree(site / "here")
    assert (there.stdout, there.stderr) == (here.stdout, here.stderr)
    again = build(site, "--cluster", cluster.address, output="there")
    assert "nothing changed in" in again.stdout
    assert "nothing changed in" in build(site, output="there").stdout
    assert "nothing changed in" in build(site, output="there").stdout


def test_a_worker_that_is_killed_costs_only_time(site, tmp_path):
    build(site, "--jobs", "1", output="whole")
    with a_cluster(tmp_path) as cluster, Client(cluster.address) as client:
        client.wait_for_workers(2)
        pids = client.run(os.getpid)
        client.run(slow_down)

        def kill():
            busy = wait_for(lambda: [*filter(None, client.processing().values())])
            killed.append(bool(busy))
            os.kill(next(iter(pids.values())), signal.SIGKILL)

        killed = []
        killer = threading.Thread(target=kill)
        killer.start()
        build(site, "--cluster", cluster.address, output="killed")
        killer.join()
        assert killed == [True]
        assert set(client.run(os.getpid).values()) != set(pids.values())
    assert tree(site / "killed") == tree(site / "whole")


COMPLAINTS = {
    "no address": (["--cluster", "where?"], "--cluster where?: no scheduler answers"),
    "a user": (
        ["--cluster", "tcp://user:hunter2@127.0.0.1:1"],
        "--cluster tcp://127.0.0.1:1: no scheduler answers",
    ),
    "no certificate": (
        ["--cluster", "tls://127.0.0.1:1"],
        "--cluster tls://127.0.0.1:1: no scheduler answers: TLS expects",
    ),
    "with jobs": (
        ["--cluster", "tcp://127.0.0.1:1", "--jobs", "2"],
        "--cluster goes without --dry-run, --jobs and --watch",
    ),
}


@pytest.mark.parametrize(("options", "said"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_a_cluster_that_cannot_be_used(site, options, said):
    done = build(site, *options, output="none", code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert not (site / "none").exists()


def test_a_cluster_that_is_not_there(monkeypatch):
    monkeypatch.setattr("feeds.cluster._PATIENCE", 1)
    address = "tcp://127.0.0.1:1"
    with (
        pytest.raises(Mistake, match=f"--cluster {address}: no scheduler answers"),
        connected(address),
    ):
        pass


def test_a_cluster_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("feeds.cluster._PATIENCE", 1)
    with (
        a_cluster(tmp_path, 0) as cluster,
        pytest.raises(Mistake, match="it has no workers"),
        connected(cluster.address),
    ):
        pass


def test_a_worker_that_lacks_what_it_needs(cluster, monkeypatch):
    here = os.getpid()

    def programs():
        if os.getpid() != here:
            raise ModuleNotFoundError("No module named 'feeds'")
        return frozenset()

    monkeypatch.setattr("feeds.cluster._programs", programs)
    with (
        pytest.raises(
            Mistake, match=r"a worker cannot run feeds: .*; install the same"
        ),
        connected(cluster.address),
    ):
        pass


def test_a_worker_with_other_programs(cluster, monkeypatch):
    monkeypatch.setattr("feeds.cluster.versions", lambda: ["lxml-0.1.dist-info"])
    with (
        pytest.raises(Mistake, match=r"has other programs than .* lxml-0.1.dist-info"),
        connected(cluster.address),
    ):
        pass


def slow_down():
    """Make a worker take its time, so that it is met at work."""
    from feeds import harvest

    quick = harvest.parts

    def slow(*given):
        time.sleep(0.002)
        return quick(*given)

    harvest.parts = slow


def wait_for(found, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if result := found():
            return result
        time.sleep(0.01)
    return None

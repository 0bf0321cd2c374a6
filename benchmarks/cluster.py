"""Measure builds on a cluster of this machine's processes against builds without one.

python benchmarks/cluster.py [COUNT ...] writes its part of results.md. All of it shares one
machine, so a cluster of as many workers as it has cores shows what the way there and back
costs, and no more than that.
"""

import argparse
import logging
import os
import pickle
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from distributed import LocalCluster
from measure import Cost
from run import (
    CLUSTER,
    RESULTS,
    SECTIONS,
    TMPFS,
    figure,
    machine,
    mebibytes,
    play_step,
    say,
)
from scenes import Step
from sites import Site
from table import table, update

from feeds import config
from feeds.build import unseen
from feeds.harvest import Site as Everything
from feeds.harvest import harvest
from feeds.parallel import Here

WORKERS = (1, 2)


def compare(site: Site, rounds: int) -> Iterator[list[str]]:
    """Build from nothing, with and without clusters, in turns; give a row for each."""
    site.write()
    clusters = {count: a_cluster(count) for count in WORKERS}
    try:
        steps = [
            *(
                Step(
                    f"{n} process{'es' * (n > 1)}",
                    [*site.feeds, "--jobs", str(n)],
                    site.clear,
                )
                for n in WORKERS
            ),
            *(
                Step(
                    f"{n} worker{'s' * (n > 1)}",
                    [*site.feeds, "--cluster", cluster.scheduler_address],
                    site.clear,
                )
                for n, cluster in clusters.items()
            ),
        ]
        turns = [
            {step.name: play_step(step, watch=True) for step in steps}
            for _ in range(rounds)
        ]
    finally:
        for cluster in clusters.values():
            cluster.close()
    back = mebibytes(brought_back(site))
    for step in steps:
        yield row(site, step.name, [turn[step.name] for turn in turns], back)


def row(site: Site, name: str, costs: list[Cost], back: str) -> list[str]:
    wall = median(cost.wall for cost in costs)
    # The scheduler makes this process large, and Linux calls none smaller that it starts.
    together = max(cost.together for cost in costs)
    is_cluster = "worker" in name
    each = [
        f"{site.count:,} records, {name}",
        figure(wall),
        f"{site.count / wall:,.0f}",
    ]
    return [*each, mebibytes(together), back if is_cluster else ""]


def brought_back(site: Site) -> int:
    """Count the bytes that come back of all records, as a cluster would send them."""
    found = config.load(site.ours / "feeds.yaml")
    everything = Everything(found, site.ours / "output", datetime.now(UTC))
    whole, _stories = harvest(Here(), everything, unseen)
    return len(pickle.dumps(whole))


def a_cluster(workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("-n", type=int, default=3, metavar="ROUNDS", help="default: 3")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory(dir=TMPFS if TMPFS.is_dir() else None) as folder:
        sites = [Site(Path(folder), count) for count in given.counts]
        rows = [cells for site in sites for cells in compare(site, given.n)]
    head = [
        "median",
        "wall s",
        "records a second",
        "what builds, without workers MiB",
        "brought back MiB",
    ]
    rounds = f"Rounds: {given.n}; {os.cpu_count()} cores for all of it."
    text = f"{machine()}\n\n{rounds}\n\n{table(head, rows)}"
    say("", text)
    update(RESULTS, "Results", SECTIONS, {CLUSTER: text})


if __name__ == "__main__":
    main()

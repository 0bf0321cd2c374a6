"""Measure object storage: records read from a bucket and feeds published to one.

    .venv-cloud/bin/python benchmarks/cloud.py [COUNT]

The bucket is moto's, on loopback, in a process of its own: it answers some hundred requests
a second and no more, so what is counted here besides seconds is requests.
"""

import argparse
import os
import subprocess
import sys
import threading
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from table import table

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from feeds.remote.pool import pool  # noqa: E402  (only now, see above)
from feeds.remote.system import Served, System  # noqa: E402
from tests.cloud import Relay, moto  # noqa: E402

EDITS = 10
PLAIN = Served("text/plain", None)
KINDS = ("GET list", "GET", "PUT", "DELETE")


def put(site: Path, system: System, names: list[str]) -> None:
    """Bring records to the bucket."""
    with pool() as threads:
        for _ in threads.each(
            lambda name: system.put(
                f"records/{name}", (site / "records" / name).read_bytes(), PLAIN
            ),
            names,
        ):
            pass


def edit(site: Path, names: list[str]) -> list[str]:
    """Give some records another title."""
    chosen = Random(1).sample(names, EDITS)
    for name in chosen:
        file = site / "records" / name
        text = file.read_text("utf-8")
        file.write_text(text.replace("title: ", "title: Edited ", 1), "utf-8")
    return chosen


def build(site: Path, relay: Relay) -> tuple[float, list[int]]:
    """Build, and count what was asked for."""
    relay.asked.clear()
    begun = perf_counter()
    command = [sys.executable, "-m", "feeds", "build", "-q", "-c", site / "feeds.yaml"]
    subprocess.run(command, check=True, cwd=HERE.parent)
    seconds = perf_counter() - begun
    asked = [
        "GET list" if "list-type" in path else method for method, path in relay.asked
    ]
    return seconds, [asked.count(kind) for kind in KINDS]


def listed(system: System) -> tuple[float, int]:
    begun = perf_counter()
    count = sum(1 for _ in system.listed())
    return perf_counter() - begun, count


def rows(site: Path, relay: Relay, count: int) -> list[list[str]]:
    import s3fs  # noqa: PLC0415  (part of an environment of its own)

    s3fs.S3FileSystem().mkdir("bucket")
    system = System("s3://bucket")
    folder = site / "records"
    names = [str(file.relative_to(folder)) for file in sorted(folder.rglob("*.md"))]
    assert len(names) == count, (len(names), count)
    put(site, system, names)
    list(System("s3://bucket/records").listed())
    seconds, found = listed(System("s3://bucket/records"))
    done = [
        ["listing alone", f"{seconds:.2f}", f"{found / seconds:,.0f} objects a second"]
    ]
    for what in ("from nothing", "nothing edited", f"{EDITS} edited"):
        if what == f"{EDITS} edited":
            put(site, system, edit(site, names))
        seconds, asked = build(site, relay)
        said = ", ".join(
            f"{n:,} {kind}" for n, kind in zip(asked, KINDS, strict=True) if n
        )
        done.append([what, f"{seconds:.2f}", said])
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure object storage.")
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    count = parser.parse_args().count
    with TemporaryDirectory() as folder, moto() as port:
        site = Path(folder)
        corpus = [sys.executable, HERE / "corpus.py", site, str(count)]
        subprocess.run(corpus, check=True)
        config = (site / "feeds.yaml").read_text("utf-8")
        for key in ("records", "output"):
            config = config.replace(
                f"\n{key}: {key}\n", f"\n{key}: s3://bucket/{key}\n"
            )
        (site / "feeds.yaml").write_text(config, "utf-8")
        relay = Relay(port)
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        os.environ |= {
            "AWS_ENDPOINT_URL_S3": relay.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = rows(site, relay, count)
        relay.shutdown()
    head = [f"{count:,} records", "wall s", "asked for"]
    sys.stdout.write(f"{table(head, done)}\n")


if __name__ == "__main__":
    main()

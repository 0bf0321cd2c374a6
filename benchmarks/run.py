"""Measure the package: against Hugo, against a plain script, and against the disk.

Commands are measured whole, with their own start. Those that are compared take turns, so
that whatever else the machine does meets both, and a ratio is taken turn by turn. Records
and output lie on a tmpfs, the page cache is warm.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
from compileall import compile_dir
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

import scenes
from hotspots import hotspots
from measure import Cost, measure
from scenes import Ratio, Scene, Step
from sites import EDITS, HERE, Site
from table import table, update

RESULTS = HERE / "results.md"
RATIOS, COMMANDS = "Ratios", "Commands"
MILLION, WHERE = "A million records", "Where the time goes"
CLUSTER = "A cluster"
SECTIONS = [RATIOS, COMMANDS, MILLION, CLUSTER, WHERE]
FULL, QUICK = (10_000, 50_000, 1_000_000), (1_000, 3_000, 10_000)
TMPFS = Path("/dev/shm")
ROOM = 12 << 10
"""Bytes to have for each record, its feeds and the state."""

Turns = list[dict[str, Cost]]


def compare(small: Site, large: Site, rounds: int) -> dict[str, str]:
    """Play every scene; give the ratios, and what they are ratios of."""
    for site in (small, large):
        site.write()
        site.write_hugos()
    work = same_work(small)
    random = Random(datetime.now(UTC).isoformat())
    played = [
        (scene, play(scene, rounds))
        for scene in (
            scenes.cold(small, large),
            scenes.rebuild(large, random),
            scenes.rebuild_with_hugo(large, random),
            scenes.start(),
        )
    ]
    ratios = (compared(one, turns) for scene, turns in played for one in scene.ratios)
    head = ["ratio", "min", "median", "max", "goal", "stretch", "median is"]
    commands = (
        in_the_middle(step.name, [turn[step.name] for turn in turns])
        for scene, turns in played
        for step in scene.steps
    )
    return {
        RATIOS: f"Rounds: {rounds}. {work}\n\n{table(head, ratios)}",
        COMMANDS: table(["median", "wall s", "cpu s", "largest process MiB"], commands),
    }


def same_work(site: Site) -> str:
    """Warm up, and see that all three write the same stories."""
    for command in (site.hugo, site.feeds, site.script):
        measure(command)
    done = subprocess.run(site.same, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the tools do not do the same work\n{done.stdout}{done.stderr}")
    found = "\n".join(f"- {line}" for line in done.stdout.splitlines())
    return f"What {site.count:,} records come to:\n\n{found}"


def play(scene: Scene, rounds: int) -> Turns:
    """Let the steps of a scene take turns."""
    turns: Turns = []
    for _ in range(rounds * scene.turns):
        turns.append({step.name: play_step(step) for step in scene.steps})
    return turns


def play_step(step: Step, *, watch: bool = False) -> Cost:
    step.prepare()
    cost = measure(step.command, watch=watch)
    say(f"  {step.name}: {cost.wall:.3f} s")
    return cost


def compared(ratio: Ratio, turns: Turns) -> list[str]:
    """Write a ratio as a row."""
    values = [
        getattr(turn[ratio.over], ratio.cost) / getattr(turn[ratio.under], ratio.cost)
        for turn in turns
    ]
    middle = median(values)
    cells = [ratio.what, *map(figure, (min(values), middle, max(values)))]
    if ratio.goal is None or ratio.stretch is None:
        return [*cells, "", "", ""]
    verdict = "missed" if middle > ratio.goal else "met"
    if middle <= ratio.stretch:
        verdict = "stretch"
    return [*cells, figure(ratio.goal), figure(ratio.stretch), verdict]


def in_the_middle(name: str, costs: list[Cost]) -> list[str]:
    """Write the medians of a command's costs as a row."""
    wall, cpu, peak = (
        median(getattr(cost, kind) for cost in costs)
        for kind in ("wall", "cpu", "peak")
    )
    return [name, figure(wall), figure(cpu), mebibytes(peak)]


def million(large: Site, huge: Site) -> dict[str, str]:
    """Build a million records, all processes watched, and fewer to see if it is linear."""
    if shutil.disk_usage(huge.folder).free < (needed := ROOM * huge.count):
        sys.exit(f"{huge.folder}: expected {mebibytes(needed)} MiB of room")
    for site in (large, huge):
        site.write()
    random = Random(datetime.now(UTC).isoformat())
    steps = [
        Step(f"cold, {large.count:,}", large.feeds),
        Step(f"cold, {huge.count:,}", huge.feeds),
        Step("nothing changed", huge.feeds),
        Step(f"{EDITS} edited", huge.feeds, partial(huge.edit, random)),
    ]
    costs = {step.name: play_step(step, watch=True) for step in steps}
    head = ["one run", "wall s", "cpu s", "largest process MiB", "all processes MiB"]
    rows = (
        [*in_the_middle(name, [cost]), mebibytes(cost.together)]
        for name, cost in costs.items()
    )
    few, many = (costs[step.name] for step in steps[:2])
    slope = many.wall / few.wall * large.count / huge.count
    return {
        MILLION: f"{table(head, rows)}\n\n"
        f"One record of {huge.count:,} takes {slope:.2f} times as long as one of"
        f" {large.count:,} (goal 1.1); all processes together take"
        f" {mebibytes(many.together)} MiB (goal 2,048)."
    }


def profile(site: Site) -> dict[str, str]:
    site.write()
    return {WHERE: hotspots(site.options, site.folder / "stats", site.count)}


def machine() -> str:
    """Say what was measured, on what, and when."""
    names = ["feeds", "feedgen", "lxml", "PyYAML"]
    tools = [f"{name} {version(name)}" for name in names]
    hugo = subprocess.run(
        ["hugo", "version"], capture_output=True, text=True, check=True
    )
    tools.append(f"Hugo {hugo.stdout.split()[1].partition('+')[0].removeprefix('v')}")
    tools.append(f"Python {platform.python_version()}")
    return f"{', '.join(tools)}; {os.cpu_count()} cores; {datetime.now(UTC):%Y-%m-%d}."


def figure(value: float) -> str:
    return f"{value:.3f}"


def mebibytes(size: float) -> str:
    return f"{size / (1 << 20):,.0f}"


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=f"Measure the package; each kind of run replaces its part of {RESULTS.name}."
    )
    parser.add_argument("-n", type=int, default=5, metavar="ROUNDS", help="default: 5")
    parser.add_argument("--quick", action="store_true", help="few records; only print")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--million", action="store_true", help="build 1,000,000 records")
    kind.add_argument("--profile", action="store_true", help="see where the time goes")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    if not shutil.which("hugo"):
        sys.exit("hugo is missing; Debian has it as the package hugo")
    # As installers do: a tree that is worked on may have no byte code, nor may write any.
    compile_dir(HERE.parent / "feeds", quiet=1)
    # What is left on a tmpfs takes memory: whatever ends us, we clear up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory(dir=TMPFS if TMPFS.is_dir() else None) as folder:
        counts = QUICK if given.quick else FULL
        small, large, huge = (Site(Path(folder), count) for count in counts)
        if given.million:
            sections = million(large, huge)
        elif given.profile:
            sections = profile(large if given.quick else small)
        else:
            sections = compare(small, large, given.n)
    sections = {name: f"{machine()}\n\n{text}" for name, text in sections.items()}
    say(*(f"\n## {name}\n\n{text}" for name, text in sections.items()))
    if given.quick:
        say("", f"A quick run: the goals are those of {FULL[0]:,} and more records.")
    else:
        update(RESULTS, "Results", SECTIONS, sections)


if __name__ == "__main__":
    main()

"""What is compared with what, and how good it should come out."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple

from sites import EDITS, FEEDS, PYTHON, Command, Site


class Step(NamedTuple):
    """A command, and what is made ready for it off the clock."""

    name: str
    command: Command
    prepare: Callable[[], object] = tuple


class Ratio(NamedTuple):
    """What one step costs as a part of another: at most `goal`, at best `stretch`."""

    what: str
    over: str
    under: str
    goal: float | None = None
    stretch: float | None = None
    cost: str = "wall"


class Scene(NamedTuple):
    """Steps that take turns, several times a round if they are short."""

    steps: list[Step]
    ratios: list[Ratio]
    turns: int = 1


def cold(small: Site, large: Site) -> Scene:
    """Build everything from nothing."""
    few, many = f"{small.count:,}", f"{large.count:,}"
    ours, hugo, script = f"feeds, {few}", f"Hugo, {few}", f"script, {few}"
    all_ours, all_hugo = f"feeds, {many}", f"Hugo, {many}"
    memory = f"cold {many} / Hugo, largest process"
    return Scene(
        [
            Step(hugo, small.hugo, small.clear_hugos),
            Step(ours, small.feeds, small.clear),
            Step(script, small.script, small.clear),
            Step(all_ours, large.feeds, large.clear),
            Step(all_hugo, large.hugo, large.clear_hugos),
        ],
        [
            Ratio(f"cold {few} / Hugo", ours, hugo, 0.45, 0.30),
            Ratio(f"cold {few} / script", ours, script, 0.30, 0.20),
            Ratio(f"cold {many} / cold {few}", all_ours, ours, 5.3, 5.0),
            Ratio(memory, all_ours, all_hugo, 0.10, 0.06, "peak"),
            Ratio(f"cold {few} / Hugo, cpu", ours, hugo, cost="cpu"),
            Ratio(f"cold {few} / script, cpu", ours, script, cost="cpu"),
            Ratio(f"cold {many} / Hugo", all_ours, all_hugo),
        ],
    )


def rebuild(site: Site, random: Random) -> Scene:
    """Build once more, a few records edited or none, the bare scan in between."""
    edited, unchanged = f"feeds, {EDITS} edited", "feeds, nothing changed"
    count = f"{site.count:,}"
    return Scene(
        [
            Step(edited, site.feeds, partial(site.edit, random)),
            Step("scan", site.scan),
            Step(unchanged, site.feeds),
        ],
        [
            Ratio(f"{EDITS} of {count} edited / scan", edited, "scan", 2.2, 1.6),
            Ratio(f"none of {count} edited / scan", unchanged, "scan", 1.6, 1.3),
        ],
    )


def rebuild_with_hugo(site: Site, random: Random) -> Scene:
    ours, hugo = f"feeds, {EDITS} edited (beside Hugo)", f"Hugo, {EDITS} edited"
    what = f"{EDITS} of {site.count:,} edited / Hugo"
    return Scene(
        [
            Step(ours, site.feeds, partial(site.edit, random)),
            Step(hugo, site.hugo, partial(site.edit_hugos, random)),
        ],
        [Ratio(what, ours, hugo, 1 / 40, 1 / 60)],
    )


def start() -> Scene:
    ours, bare = "feeds --version", "python -c pass"
    return Scene(
        [Step(bare, [PYTHON, "-c", "pass"]), Step(ours, [FEEDS, "--version"])],
        [Ratio(f"{ours} / {bare}", ours, bare)],
        turns=5,
    )

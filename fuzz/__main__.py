"""The command; each hunt is a process of its own, as a case may crash it or hang it."""

import importlib
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import click

from fuzz import engine

TARGETS = ["records", "configuration", "state", "frontmatter"]
SPARE = 90
"""Seconds a process may take beyond its time: for the last case, and to make it smaller."""


@click.command()
@click.argument("targets", nargs=-1, type=click.Choice(TARGETS))
@click.option("--seconds", default=60.0, show_default=True, help="For each target.")
@click.option(
    "--engine", "name", type=click.Choice(engine.NAMES), help="Only this one."
)
@click.option(
    "--repeat", type=click.Path(path_type=Path), help="Try a found case again."
)
def main(
    targets: tuple[str, ...], seconds: float, name: str | None, repeat: Path | None
) -> None:
    """Try every target for a while, or only some; exit with 1 if anything is found."""
    if repeat:
        repeated(repeat)
    elif name and len(targets) == 1:
        sys.exit(hunted(targets[0], name, seconds))
    else:
        names = [name] if name else [*filter(engine.is_there, engine.NAMES)]
        share = seconds / len(names)
        hunts = product(targets or TARGETS, names)
        well = [apart(target, one, share) for target, one in hunts]
        sys.exit(not all(well))


def apart(target: str, name: str, seconds: float) -> bool:
    """Hunt in a process of its own; tell whether all is well."""
    from fuzz.harness import FOUND, tell  # noqa: PLC0415  (atheris wants to be first)

    command = [sys.executable, "-m", "fuzz", target, "--engine", name]
    child = subprocess.Popen(
        [*command, "--seconds", str(seconds)], stderr=subprocess.PIPE
    )
    try:
        said = child.communicate(timeout=seconds + SPARE)[1]
    except subprocess.TimeoutExpired:
        child.kill()
        said = child.communicate()[1]
    running = FOUND / f"{target}-running-{child.pid}"
    if running.exists():
        case = running.replace(FOUND / f"{target}-crash-{child.pid}")
        case.with_suffix(".txt").write_bytes(said)
        tell(
            f"{target}: the process died; python -m fuzz --repeat {os.path.relpath(case)}"
        )
    elif child.returncode not in {0, 1}:
        sys.stderr.write(said.decode("utf-8", "replace"))
    return child.returncode == 0


def hunted(target: str, name: str, seconds: float) -> int:
    """Hunt in this process."""
    if name == "atheris":
        engine.instrumented()
    sys.dont_write_bytecode = True
    from fuzz.harness import Hunt, tell  # noqa: PLC0415

    module = importlib.import_module(f"fuzz.{target}")
    hunt = Hunt(target, module.check)

    def end() -> int:
        hunt.done()
        tell(f"{target}: {hunt.cases} cases by {name}, {len(hunt.found)} found")
        return int(bool(hunt.found))

    if name == "atheris":
        engine.by_atheris(module, hunt, seconds, end)
    engine.by_hypothesis(module, hunt, seconds)
    return end()


def repeated(file: Path) -> None:
    """Try a case again, with the traceback it has."""
    module = importlib.import_module(f"fuzz.{file.name.partition('-')[0]}")
    module.check(file.read_bytes())


if __name__ == "__main__":
    main()

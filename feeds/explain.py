"""Why a story is in a feed or not: the same rules as a build's, asked about one record."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from feeds.address import address, normalised
from feeds.config import Config
from feeds.group import closed, path_of, places
from feeds.plan import Plan
from feeds.record import Complaint
from feeds.select import Candidate

Found = Candidate | Complaint


def look_up(
    wanted: str, plan: Plan, complaints: Sequence[Complaint], here: Path
) -> list[Found]:
    """Find records by link, id, file, or file:line; a file may hold several.

    File names are relative to `here`, the folder of the one who asks.
    """
    link = address(wanted)
    key = normalised(link) if link else wanted
    found: list[Found] = [
        one for one in plan.candidates if key in _keys(one) or wanted in _keys(one)
    ]
    return found or _in_file(wanted, plan, complaints, here)


def explain(one: Candidate, plan: Plan) -> Iterator[str]:
    """Say for each feed that a record could be in whether it is, or the rule against it."""
    for place in places(one, plan.config):
        path = path_of(place, plan.config)
        if why := closed(place, plan.config):
            yield f"{path}: out ({why})"
            continue
        selection = plan.library.shelf_at(place).selection
        why = next(
            (refusal.reason for other, refusal in selection.refused if other is one),
            None,
        )
        if why:
            yield f"{path}: out ({why})"
        else:
            number = selection.entries.index(one) + 1
            yield f"{path}: in ({number} of {len(selection.entries)})"


def _keys(one: Candidate) -> tuple[str, ...]:
    return one.id, one.record.id, one.record.link


def _in_file(
    wanted: str, plan: Plan, complaints: Sequence[Complaint], here: Path
) -> list[Found]:
    name, _, line = wanted.rpartition(":")
    if found := _held(wanted, plan, complaints, here):
        return found
    if not line.isdecimal():
        return []
    held = [
        one for one in _held(name, plan, complaints, here) if _line(one) <= int(line)
    ]
    return held[-1:]


def _held(
    name: str, plan: Plan, complaints: Sequence[Complaint], here: Path
) -> list[Found]:
    """Give what a file holds, good and bad, in the order of its lines."""
    file = _relative(here / name, plan.config)
    found: list[Found] = [one for one in plan.candidates if one.record.file == file]
    found += [one for one in complaints if one.file == file]
    return sorted(found, key=_line)


def _relative(file: Path, config: Config) -> str:
    return os.path.relpath(os.path.abspath(file), os.path.abspath(config.folder))


def _line(one: Found) -> int:
    return one.line if isinstance(one, Complaint) else one.record.line

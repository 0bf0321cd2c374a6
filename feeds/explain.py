"""Why a story is in a feed or not: the same rules as a build's, asked about one record."""

from collections.abc import Iterator, Sequence

from feeds.address import address, normalised
from feeds.feed import ARCHIVE
from feeds.group import closed, path_of, places
from feeds.plan import Plan
from feeds.record import Complaint
from feeds.select import Candidate

Found = Candidate | Complaint


def look_up(
    wanted: str, file: str, plan: Plan, complaints: Sequence[Complaint]
) -> list[Found]:
    """Find records by link, id, file, or file:line; a file may hold several.

    `file` is what was wanted, taken for a file's name relative to the configuration.
    """
    link = address(wanted)
    keys = {wanted, normalised(link) if link else wanted}
    by_key: list[Found] = [one for one in plan.candidates if keys & _keys(one)]
    return by_key or _in_file(file, plan, complaints)


def explain(one: Candidate, plan: Plan) -> Iterator[str]:
    """Say for each feed that a record could be in whether it is, or the rule against it.

    Where it is in an archive document, say that too.
    """
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
        for month, entries in selection.archive.items():
            if one in entries:
                number = entries.index(one) + 1
                yield f"{path}{ARCHIVE}{month}: in ({number} of {len(entries)})"


def _keys(one: Candidate) -> set[str]:
    return {one.id, one.record.id, normalised(one.record.link)}


def _in_file(file: str, plan: Plan, complaints: Sequence[Complaint]) -> list[Found]:
    name, _, line = file.rpartition(":")
    if found := _held(file, plan, complaints):
        return found
    if not line.isdecimal() or len(line) > len("999999999"):
        return []
    return [one for one in _held(name, plan, complaints) if _line(one) <= int(line)][
        -1:
    ]


def _held(file: str, plan: Plan, complaints: Sequence[Complaint]) -> list[Found]:
    """Give what a file holds, good and bad, in the order of its lines."""
    found: list[Found] = [one for one in plan.candidates if one.record.file == file]
    found += [one for one in complaints if one.file == file]
    return sorted(found, key=_line)


def _line(one: Found) -> int:
    return one.line if isinstance(one, Complaint) else one.record.line

"""Any number of records into what is published of them: parts that merge in any order.

A part has of each feed only those records that can stand in it, and counts of the rest; so
it grows with what is published, and not with what was read. Records of one story may lie
far apart, and which of them stands for it is known last: so first the ids that several
records have are found, and records with such an id are never left out.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from datetime import timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from feeds.assess import Item, Rulebook, Sheet
from feeds.group import Place
from feeds.record import Complaint
from feeds.select import Standing, age, has_archive, pick

Where = tuple[str, int]
"""A record's file, and its number in it."""


class Part(NamedTuple):
    """What some of the records come to."""

    read: int
    drafts: int
    usable: int
    votes: Counter[tuple[str, str]]
    names: set[str]
    refused: Counter[tuple[Place, str]]
    complaints: list[Complaint]
    standings: dict[Place, list[Standing]]
    items: dict[Where, Item]


class Doubles(NamedTuple):
    """How many stories some digests of ids are, and those that several records have."""

    stories: int
    several: frozenset[int]


def part(sheets: Iterable[Sheet], count: int) -> tuple[Part, list[bytes]]:
    """Add up sheets; give the digests of all their ids, too, in so many shares."""
    whole = Part(0, 0, 0, Counter(), set(), Counter(), [], defaultdict(list), {})
    read = drafts = usable = 0
    shares = [array("Q") for _ in range(count)]
    for sheet in sheets:
        read, drafts = read + sheet.read, drafts + sheet.drafts
        usable += len(sheet.items)
        whole.votes.update(sheet.votes)
        whole.names.update(sheet.names)
        whole.refused.update(sheet.refused)
        whole.complaints.extend(sheet.complaints)
        for place, this in sheet.standings:
            whole.standings[place].append(this)
        for item in sheet.items:
            digest = _digest(item.id)
            shares[digest % count].append(digest)
            if item.record is not None:
                whole.items[sheet.file, item.number] = item
    counted = whole._replace(
        read=read, drafts=drafts, usable=usable, standings=dict(whole.standings)
    )
    return counted, [share.tobytes() for share in shares]


def doubles(shares: Iterable[bytes]) -> Doubles:
    """Look through one share of the digests of all records."""
    digests = array("Q")
    for share in shares:
        digests.frombytes(share)
    ordered = sorted(digests)
    several = {one for one, other in pairwise(ordered) if one == other}
    return Doubles(len(set(ordered)), frozenset(several))


def together(found: Iterable[Doubles]) -> Doubles:
    """Add up the shares."""
    all_ = list(found)
    several = frozenset[int]().union(*(one.several for one in all_))
    return Doubles(sum(one.stories for one in all_), several)


def merged(parts: Iterable[Part], several: Set[int], book: Rulebook) -> Part:
    """Put parts together, in any order, and leave out what can stand in no feed."""
    all_ = list(parts)
    refused = sum((one.refused for one in all_), Counter[tuple[Place, str]]())
    standings: defaultdict[Place, list[Standing]] = defaultdict(list)
    items: dict[Where, Item] = {}
    for one in all_:
        items.update(one.items)
        for place, these in one.standings.items():
            standings[place] += these
    kept: dict[Place, list[Standing]] = {}
    for place, these in standings.items():
        kept[place], old = _thinned(place, these, several, book)
        if old:
            refused[place, f"older than {book.desk(place).rules.max_age}"] += old
    wanted = {(this.file, this.number) for these in kept.values() for this in these}
    return Part(
        read=sum(one.read for one in all_),
        drafts=sum(one.drafts for one in all_),
        usable=sum(one.usable for one in all_),
        votes=sum((one.votes for one in all_), Counter[tuple[str, str]]()),
        names=set[str]().union(*(one.names for one in all_)),
        refused=refused,
        complaints=[wrong for one in all_ for wrong in one.complaints],
        standings=kept,
        items={where: items[where] for where in wanted},
    )


def sheets(whole: Part) -> Iterator[Sheet]:
    """Give a part as the sheets of the files it knows of, counts aside."""
    files: defaultdict[str, Sheet] = defaultdict(_empty)
    for (file, _number), item in whole.items.items():
        files[file].items.append(item)
    for place, these in whole.standings.items():
        for this in these:
            files[this.file].standings.append((place, this))
    for wrong in whole.complaints:
        files[wrong.file].complaints.append(wrong)
    rest = files[""]
    rest.refused.update(whole.refused)
    rest.names.extend(sorted(whole.names))
    for file in sorted(files):
        yield files[file]._replace(file=file)


def _empty() -> Sheet:
    return Sheet("", 0, 0, None, [], [], [], Counter(), [], [])


def _thinned(
    place: Place, these: list[Standing], several: Set[int], book: Rulebook
) -> tuple[list[Standing], int]:
    """Give those that can stand in a feed, and how many more are too old.

    One that is too old stays where there is no other: it says that the feed exists.
    """
    rules = book.desk(place).rules
    if has_archive(rules):
        return these, 0
    order = pick(rules)
    is_old = _old(rules.max_age, book)
    old = sorted(filter(is_old, these), key=order)
    fresh = sorted((this for this in these if not is_old(this)), key=order)
    if not fresh:
        return old[:1], len(old[1:])
    if rules.limit is not None:
        lone = [this for this in fresh if _digest(this.id) not in several]
        most = {*lone[: rules.limit]}
        fresh = [this for this in fresh if this in most or _digest(this.id) in several]
    return fresh, len(old)


def _old(most: str | None, book: Rulebook) -> Callable[[Standing], bool]:
    if most is None:
        return lambda _this: False
    oldest = int(book.now.timestamp()) - int(age(most) / timedelta(seconds=1))
    return lambda this: this.time < oldest


def _digest(id_: str) -> int:
    """Shorten an id; of a billion of them, two may look like one story of two records."""
    return int.from_bytes(blake2b(id_.encode(), digest_size=8).digest(), "big")

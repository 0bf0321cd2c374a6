"""One file into a sheet: where its records stand, and what the state keeps of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from feeds import shape
from feeds.config import Config
from feeds.group import Place, closed, configured, places, promised, rules_of
from feeds.record import Complaint, Record
from feeds.select import Candidate, Check, Standing, admission, candidate, standing

PART = 1000
"""So many records of a file make a sheet of their own, so that no file fills the memory."""


class Item(NamedTuple):
    """A record of a file; `record` is its encoding where some feed lets it in."""

    number: int
    line: int
    id: str
    record: bytes | None


class Sheet(NamedTuple):
    """What a file, or a part of one, comes to under a configuration at a moment.

    `wake` is the second since 1970 at which time alone will change that. `votes` are the
    spellings of names in records that a feed lets in, `names` the configured names met;
    both go by `topic ai` and `provider x.org`. `refused` is for feeds that may be empty,
    and then have to say why.
    """

    file: str
    read: int
    drafts: int
    wake: int | None
    items: list[Item]
    complaints: list[Complaint]
    standings: list[tuple[Place, Standing]]
    refused: Counter[tuple[Place, str]]
    votes: list[tuple[str, str]]
    names: list[str]
    part: int = 0


class Desk(NamedTuple):
    """The rules of one place, made ready."""

    rules: shape.Rules
    passes: Check
    is_closed: bool
    may_be_empty: bool


class Rulebook:
    """The rules of all places of a configuration at a moment, each made ready once."""

    def __init__(self, config: Config, now: datetime) -> None:
        self.config, self.now = config, now
        self.promised = frozenset(promised(config))
        self.names = configured(config)
        self._desks: dict[Place, Desk] = {}

    def desk(self, place: Place) -> Desk:
        """Give the rules of a place."""
        if place not in self._desks:
            rules = rules_of(place, self.config)
            self._desks[place] = Desk(
                rules=rules,
                passes=admission(rules, self.config, self.now),
                is_closed=closed(place, self.config) is not None,
                may_be_empty=place in self.promised or rules.max_age is not None,
            )
        return self._desks[place]


def parts(
    file: str, found: Iterator[Record | Complaint], book: Rulebook
) -> Iterator[Sheet]:
    """See where the records of a file stand in all feeds, one part after the other."""
    part = 0
    while (share := [*islice(found, PART)]) or not part:
        yield assess(file, share, book, part)
        part += 1


def assess(
    file: str, found: Iterable[Record | Complaint], book: Rulebook, part: int = 0
) -> Sheet:
    """See where the records of a part of a file stand in all feeds."""
    sheet = Sheet(file, 0, 0, None, [], [], [], Counter(), [], [], part)
    read = drafts = 0
    wakes: list[int] = []
    for number, item in enumerate(found, part * PART):
        read += 1
        if isinstance(item, Complaint):
            sheet.complaints.append(item)
            continue
        drafts += item.is_draft
        one = candidate(item, book.config, book.now)
        is_admitted = _stand(one, number, book, sheet)
        encoded = encode(item) if is_admitted else None
        sheet.items.append(Item(number, item.line, one.id, encoded))
        sheet.names.extend(_names(one, book))
        if is_admitted:
            sheet.votes.extend(_votes(one))
        for moment in (item.published, item.updated):
            if moment > book.now:
                wakes.append(int(moment.timestamp()))
    return sheet._replace(read=read, drafts=drafts, wake=min(wakes, default=None))


def encode(record: Record) -> bytes:
    """Write a record for the state."""
    return msgspec.msgpack.encode(record)


def decode(encoded: bytes) -> Record:
    """Read a record of the state. Raises msgspec.DecodeError."""
    return _DECODER.decode(encoded)


_DECODER = msgspec.msgpack.Decoder(Record)


def _stand(one: Candidate, number: int, book: Rulebook, sheet: Sheet) -> bool:
    is_admitted, zone = False, book.config.zone
    for place in places(one, book.config):
        desk = book.desk(place)
        if desk.is_closed:
            continue
        refusal = desk.passes(one)
        if refusal is None:
            is_admitted = True
            sheet.standings.append((place, standing(one, desk.rules, number, zone)))
        elif desk.may_be_empty:
            sheet.refused[place, refusal.brief] += 1
    return is_admitted


def _names(one: Candidate, book: Rulebook) -> list[str]:
    names = [f"provider {one.record.provider}", *(f"topic {key}" for key in one.topics)]
    return [name for name in names if name in book.names]


def _votes(one: Candidate) -> list[tuple[str, str]]:
    votes = [(f"topic {key}", written) for key, written in one.topics.items()]
    # Without a name, too: it says that the domain is shown somewhere in its stead.
    return [*votes, (f"provider {one.record.provider}", one.record.provider_name)]

"""The rules: what goes out, or the first rule that kept it in.

Build, explain and list all ask here. The order is that of `_CHECKS`, then age, doubles
and the limit.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cache, cached_property
from typing import NamedTuple
from unicodedata import category, normalize

from msgspec import Struct

from feeds import shape
from feeds.address import domain, identity
from feeds.config import Config
from feeds.record import Record
from feeds.text import fold


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a record is not in a feed: for its editor, and for counting ("5 are drafts")."""

    reason: str
    brief: str


class Candidate(Struct, frozen=True, kw_only=True, dict=True):
    """A record seen through a configuration at a moment.

    `topics` leads from the key of each of its topics to the spelling here; `updated` is
    never after the moment.
    """

    record: Record
    id: str
    topics: Mapping[str, str]
    updated: datetime

    @cached_property
    def prose(self) -> tuple[str, ...]:
        """Title and summary as `words` are looked up in them."""
        return tuple(_folded(text) for text in (self.record.title, self.record.summary))


class Standing(NamedTuple):
    """How an admitted record stands among the others of one feed.

    Times are seconds since 1970; `time` is the one that sorts, by `order`. Unknown
    quality and heat are minus infinity. `number` tells records of one file apart.
    `month` is that of `time` in the site's zone, where the feed has an archive.
    """

    time: int
    id: str
    quality: float
    heat: float
    published: int
    file: str
    line: int
    number: int
    month: str | None = None


class Selection(Struct, frozen=True, kw_only=True):
    """What the rules of one feed made of its candidates.

    `entries` are in the order they are shown. `admitted` passed every filter, age aside.
    `archive` has the entries of each month that gets an archive document, oldest first.
    """

    entries: tuple[Candidate, ...]
    admitted: tuple[Candidate, ...]
    refused: tuple[tuple[Candidate, Refusal], ...]
    archive: Mapping[str, tuple[Candidate, ...]]


Check = Callable[[Candidate], Refusal | None]


def candidate(record: Record, config: Config, now: datetime) -> Candidate:
    """See a record through a configuration."""
    topics: dict[str, str] = {}
    for spelling in record.topics:
        topics.setdefault(config.topic(spelling), spelling)
    return Candidate(
        record=record,
        id=identity(record.id, config.site.id),
        topics=topics,
        updated=record.updated if record.updated <= now else record.published,
    )


def select(
    candidates: Iterable[Candidate], rules: shape.Rules, config: Config, now: datetime
) -> Selection:
    """Apply the rules of one feed. What is shown is newest first, ties by id."""
    passes = admission(rules, config, now)
    admitted: list[Candidate] = []
    refused: list[tuple[Candidate, Refusal]] = []
    for one in candidates:
        if refusal := passes(one):
            refused.append((one, refusal))
        else:
            admitted.append(one)
    standings = [
        standing(one, rules, number, config.zone) for number, one in enumerate(admitted)
    ]
    doubles: defaultdict[str, list[Standing]] = defaultdict(list)
    for this in standings:
        doubles[this.id].append(this)
    kept: list[Standing] = []
    ranked = sorted(standings, key=pick(rules))
    for this, kept_out in judged(ranked, lambda one: doubles[one.id], rules, now):
        if kept_out:
            refused.append((admitted[this.number], kept_out))
        else:
            kept.append(this)
    months = _months(standings, lambda one: doubles[one.id], kept, rules)
    return Selection(
        entries=tuple(admitted[this.number] for this in sorted(kept, key=newest)),
        admitted=tuple(admitted),
        refused=tuple(refused),
        archive={
            month: tuple(admitted[this.number] for this in found)
            for month, found in months.items()
        },
    )


def admission(rules: shape.Rules, config: Config, now: datetime) -> Check:
    """Make the check of all rules about a record alone; age is not among them."""
    checks = [check for make in _CHECKS if (check := make(rules, config, now))]

    def passes(one: Candidate) -> Refusal | None:
        return next((found for check in checks if (found := check(one))), None)

    return passes


def standing(one: Candidate, rules: shape.Rules, number: int, zone: tzinfo) -> Standing:
    """See how a record stands in a feed with these rules."""
    record = one.record
    published = int(record.published.timestamp())
    time = int(one.updated.timestamp()) if rules.order == "updated" else published
    return Standing(
        time=time,
        id=one.id,
        quality=_known(record.quality),
        heat=_known(record.heat),
        published=published,
        file=record.file,
        line=record.line,
        number=number,
        month=_month(time, zone) if has_archive(rules) else None,
    )


def has_archive(rules: shape.Rules) -> bool:
    return rules.archive == "monthly"


def judged(
    standings: Iterable[Standing],
    doubles: Callable[[Standing], Iterable[Standing]],
    rules: shape.Rules,
    now: datetime,
) -> Iterator[tuple[Standing, Refusal | None]]:
    """Say of each standing, in the order of `pick`, what keeps it out: nothing, or a rule.

    `doubles` gives all standings of one's id. Lazy: whoever has enough may stop asking.
    """
    too_old = _age(rules, now)
    kept = 0
    for this in standings:
        if refusal := too_old(this):
            yield this, refusal
            continue
        fresh = (one for one in doubles(this) if not too_old(one))
        winner = min(fresh, key=_rank)
        if winner != this:
            yield this, _double(winner)
            continue
        kept += 1
        yield this, _beyond(rules, kept) if rules.limit and kept > rules.limit else None


def winners(
    standings: Iterable[Standing], doubles: Callable[[Standing], Iterable[Standing]]
) -> Iterator[Standing]:
    """Leave of each story the record that stands for it, whatever its age."""
    return (this for this in standings if this == min(doubles(this), key=_rank))


def is_archived(month: Iterable[Standing], shown: Container[str]) -> bool:
    """Tell whether a month gets a document: it has a story that the feed does not show."""
    return any(this.id not in shown for this in month)


def newest(this: Standing) -> tuple[float | str, ...]:
    """Sort the newest first, ties by id: how every feed is shown."""
    return -this.time, this.id


def pick(rules: shape.Rules) -> Callable[[Standing], tuple[float | str, ...]]:
    """Give the order in which a limit keeps entries."""
    return _PICKS[rules.pick or "newest"]


_PICKS: dict[str, Callable[[Standing], tuple[float | str, ...]]] = {
    "newest": newest,
    "best": lambda this: (-this.quality, *newest(this)),
    "hottest": lambda this: (-this.heat, *newest(this)),
}


def _months(
    standings: Iterable[Standing],
    doubles: Callable[[Standing], Iterable[Standing]],
    kept: Iterable[Standing],
    rules: shape.Rules,
) -> dict[str, list[Standing]]:
    """Give what the archive documents of a feed hold, by month."""
    if not has_archive(rules):
        return {}
    months: defaultdict[str, list[Standing]] = defaultdict(list)
    for this in winners(sorted(standings, key=newest), doubles):
        months[this.month or ""].append(this)
    shown = {this.id for this in kept}
    return {
        month: months[month]
        for month in sorted(months)
        if is_archived(months[month], shown)
    }


def _month(seconds: int, zone: tzinfo) -> str:
    when = datetime.fromtimestamp(seconds, zone)
    return f"{when.year}-{when.month:02}"


def _rank(this: Standing) -> tuple[float | str, ...]:
    """Put the record first that stands for its story among doubles."""
    return -this.quality, -this.published, this.file, this.line, this.number


def _known(number: float | None) -> float:
    return float("-inf") if number is None else number


def moment_of(rules: shape.Rules) -> Callable[[Candidate], datetime]:
    """Give the time of a record that sorts it, by `order`."""
    if rules.order == "updated":
        return lambda one: one.updated
    return lambda one: one.record.published


def _status(rules: shape.Rules, _config: Config, _now: datetime) -> Check | None:
    wanted = rules.status or "published"
    if wanted == "any":
        return None
    refusal = (
        Refusal(reason="status published, it is a draft", brief="drafts")
        if wanted == "published"
        else Refusal(reason="status draft, it is published", brief="published")
    )
    return lambda one: (
        refusal if one.record.is_draft == (wanted == "published") else None
    )


def _moment(_rules: shape.Rules, _config: Config, now: datetime) -> Check | None:
    def check(one: Candidate) -> Refusal | None:
        if one.record.published <= now:
            return None
        reason = f"published {one.record.published:%Y-%m-%dT%H:%M:%SZ}, after now"
        return Refusal(reason=reason, brief="not due yet")

    return check


def _least(
    name: str, number: Callable[[Record], float | None]
) -> Callable[..., Check | None]:
    """Make the check of `min_quality` or `min_heat`; unknown fails any."""

    def make(rules: shape.Rules, _config: Config, _now: datetime) -> Check | None:
        least = getattr(rules, name)
        if least is None:
            return None

        def check(one: Candidate) -> Refusal | None:
            has = number(one.record)
            if has is not None and has >= least:
                return None
            wanted = f"{name} {_plain(least)}"
            has_it = "unknown" if has is None else _plain(has)
            return Refusal(reason=f"{wanted}, it has {has_it}", brief=f"below {wanted}")

        return check

    return make


def _named(
    name: str, keys: Callable[[Candidate, Config], Iterable[str]]
) -> Callable[..., Check | None]:
    """Make the check of a filter by names: `topics`, `providers`, `categories`, `types`."""

    def make(rules: shape.Rules, config: Config, _now: datetime) -> Check | None:
        choice = _choice(getattr(rules, name))
        if choice is None:
            return None
        key = _KEYS[name]
        wanted = _wanted(choice, lambda text: key(text, config))

        def check(one: Candidate) -> Refusal | None:
            has = set(keys(one, config))
            return _chosen(name, wanted, has)

        return check

    return make


_KEYS: dict[str, Callable[[str, Config], str]] = {
    "topics": lambda text, config: config.topic(text),
    "providers": lambda text, _config: domain(text) or text,
    "categories": lambda text, _config: fold(text),
    "types": lambda text, _config: fold(text),
}


def _wanted(
    choice: shape.Choice, key: Callable[[str], str]
) -> dict[str, dict[str, str]]:
    """Give the names of each kind by what they match on."""
    return {
        kind: {key(text): text for text in getattr(choice, kind)}
        for kind in ("any", "all", "none")
    }


def _chosen(
    name: str, wanted: Mapping[str, Mapping[str, str]], has: set[str]
) -> Refusal | None:
    missing = [text for key, text in wanted["all"].items() if key not in has]
    if missing:
        return _unchosen(name, f"wants {missing[0]}, which it lacks")
    if wanted["any"] and not has & wanted["any"].keys():
        return _unchosen(
            name, f"wants any of {', '.join(wanted['any'].values())}, it has none"
        )
    banned = [text for key, text in wanted["none"].items() if key in has]
    return (
        _unchosen(name, f"wants none of {banned[0]}, which it has") if banned else None
    )


def _unchosen(name: str, what: str) -> Refusal:
    return Refusal(reason=f"{name} {what}", brief=f"kept out by {name}")


def _choice(choice: tuple[str, ...] | shape.Choice | None) -> shape.Choice | None:
    return shape.Choice(any=choice) if isinstance(choice, tuple) else choice


def _words(rules: shape.Rules, _config: Config, _now: datetime) -> Check | None:
    choice = _choice(rules.words)
    if choice is None:
        return None
    wanted = _wanted(choice, _folded)
    phrases = {phrase for kind in wanted.values() for phrase in kind}

    def check(one: Candidate) -> Refusal | None:
        has = {p for p in phrases if any(_says(prose, p) for prose in one.prose)}
        return _chosen("words", wanted, has)

    return check


def _image(rules: shape.Rules, _config: Config, _now: datetime) -> Check | None:
    if not rules.require_image:
        return None
    refusal = Refusal(reason="require_image, it has none", brief="without an image")
    return lambda one: None if one.record.images else refusal


_CHECKS: tuple[Callable[[shape.Rules, Config, datetime], Check | None], ...] = (
    _status,
    _moment,
    _least("min_quality", lambda record: record.quality),
    _least("min_heat", lambda record: record.heat),
    _named("topics", lambda one, _config: one.topics),
    _named("providers", lambda one, _config: (one.record.provider,)),
    _named("categories", lambda one, _config: (fold(one.record.category),)),
    _named("types", lambda one, _config: (fold(one.record.type),)),
    _words,
    _image,
)


def _age(rules: shape.Rules, now: datetime) -> Callable[[Standing], Refusal | None]:
    if rules.max_age is None:
        return lambda _this: None
    text, most = rules.max_age, age(rules.max_age)
    unit = text.lstrip("0123456789 ").rstrip("s").replace("week", "day")
    moment = int(now.timestamp())

    def check(this: Standing) -> Refusal | None:
        old = timedelta(seconds=moment - this.time)
        if old <= most:
            return None
        begun = -(-old // age(f"1 {unit}"))
        reason = f"max_age {text}, it is {begun} {unit}s old"
        return Refusal(reason=reason, brief=f"older than {text}")

    return check


def age(text: str) -> timedelta:
    """Read an age such as `90 days`."""
    match = re.fullmatch(r"(\d+) *(minute|hour|day|week)s?", text)
    assert match, text
    return timedelta(**{f"{match[2]}s": int(match[1])})


def _double(winner: Standing) -> Refusal:
    reason = f"the same story as {winner.file}:{winner.line}, which is preferred"
    return Refusal(reason=reason, brief="doubles")


def _beyond(rules: shape.Rules, number: int) -> Refusal:
    how = f" {rules.pick}" if rules.pick in {"best", "hottest"} else ""
    reason = f"limit {rules.limit}{how}, it is number {number}"
    return Refusal(reason=reason, brief=f"beyond limit {rules.limit}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _folded(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())


def _says(prose: str, phrase: str) -> bool:
    """Find a phrase as whole words; in scripts without spaces, anywhere."""
    at = prose.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        if not _joined(prose[at - 1 : at], phrase[0]) and not _joined(
            prose[end : end + 1], phrase[-1]
        ):
            return True
        at = prose.find(phrase, at + 1)
    return False


def _joined(neighbour: str, edge: str) -> bool:
    """Tell whether a neighbouring character makes one word with a phrase's edge."""
    return bool(neighbour) and _spaced(neighbour) and _spaced(edge)


def _spaced(character: str) -> bool:
    """Tell a letter, mark or digit of a script that puts spaces between words."""
    return category(character)[0] in "LMN" and not _spaceless().match(character)


@cache
def _spaceless() -> re.Pattern[str]:
    """Match Thai and Lao, Myanmar, Khmer, kana, and the Han ideographs."""
    return re.compile(
        "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u3007\u3040-\u30ff"
        "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff"
        "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
    )


def why(counts: Mapping[str, int]) -> str:
    """Say why a feed has no entries, from the briefs of its refusals."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    total = sum(counts.values())
    read = f"{total} record{'' if total == 1 else 's'} read"
    return ", ".join([read, *(_counted(number, brief) for brief, number in ordered)])


def _counted(number: int, brief: str) -> str:
    if number == 1:
        return f"1 is {'a draft' if brief == 'drafts' else brief}"
    return f"{number} are {brief}"

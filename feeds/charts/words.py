"""What the terminal and the page say in the same words."""

from collections.abc import Sequence

from feeds.stats import Ranking, Row, Stats

UNKNOWN = "Records of unknown quality pass only without a min_quality."

_MOST_LISTED = 3


def summary(stats: Stats) -> str:
    """Say what was counted."""
    said = f"{_count(stats.records, 'record', 'records')}"
    if stats.stories < stats.records:
        said += f" of {_count(stats.stories, 'story', 'stories')}"
    if stats.rejected:
        said += f", {stats.rejected:,} more rejected (`feeds check` names them)"
    return f"{said}, as of {stats.now:%Y-%m-%d %H:%M} UTC"


def wanted(stats: Stats) -> str:
    """Say which records a threshold chooses from."""
    statuses = " or ".join(stats.statuses_wanted)
    return f"status {statuses}, by the other rules too; max_age, limit, doubles aside"


def aside(row: Row, stats: Stats) -> str:
    """Name a row, and its status where rows differ in that."""
    differ = len(stats.statuses_wanted) > 1
    return f"{row.name} ({row.status})" if differ else row.name


def rest(ranking: Ranking, noun: str) -> str:
    return f"and {_count(ranking.others, f'more {noun}', f'more {noun}s')}"


def clipped(names: Sequence[str]) -> str:
    """List some of many."""
    more = ", ..." if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"

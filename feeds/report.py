"""What a build did, for programs: as JSON, and as metrics for Prometheus."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from feeds.build import Outcome
from feeds.errors import Unwritable
from feeds.record import Complaint

_Sample = tuple[str, float]


def summary(outcome: Outcome, rejected: Sequence[Complaint]) -> dict[str, Any]:
    """Give the run as JSON holds it; the complaints with their files as they are shown."""
    return {
        "records": {
            "read": outcome.read,
            "rejected": [
                {"file": one.file, "line": one.line, "reason": one.reason}
                for one in rejected
            ],
            "drafts": outcome.drafts,
            "duplicates": outcome.duplicates,
        },
        "feeds": {
            "written": outcome.feeds_written,
            "unchanged": outcome.feeds_unchanged,
            "removed": outcome.feeds_removed,
        },
        "seconds": round(outcome.seconds, 3),
    }


def metrics(outcome: Outcome, ended: datetime) -> str:
    """Give the run as a textfile for Prometheus' node exporter.

    <https://prometheus.io/docs/instrumenting/exposition_formats/>; a failed build writes
    none, so that the time of the last success grows old.
    """
    now = ended.timestamp()
    feeds = {
        "written": outcome.feeds_written,
        "unchanged": outcome.feeds_unchanged,
        "removed": outcome.feeds_removed,
    }
    records = {
        "read": outcome.read,
        "rejected": len(outcome.complaints),
        "draft": outcome.drafts,
        "duplicate": outcome.duplicates,
    }
    newest = [] if outcome.newest is None else [outcome.newest.timestamp()]
    families: dict[str, tuple[str, Iterable[_Sample]]] = {
        "last_success_timestamp_seconds": ("When a build last succeeded.", [("", now)]),
        "build_duration_seconds": ("How long it took.", [("", outcome.seconds)]),
        "records": ("Records, by what became of them.", _by("state", records)),
        "feeds": ("Feeds, by what this build did to them.", _by("state", feeds)),
        "entries": ("Entries in all feeds together.", [("", outcome.entries)]),
        "newest_entry_timestamp_seconds": (
            "When the newest entry was published.",
            [("", time) for time in newest],
        ),
        "newest_entry_age_seconds": (
            "How old the newest entry was at the last success.",
            [("", now - time) for time in newest],
        ),
    }
    return "".join(f"{line}\n" for line in _exposed(families))


def replace(file: Path, text: str) -> None:
    """Write a file that others read meanwhile: whole or not at all. Raises Unwritable."""
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        temporary.write_text(text, "ascii")
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unwritable(f"{file}: cannot be written: {error.strerror}") from error


def as_json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _by(label: str, values: dict[str, int]) -> list[_Sample]:
    return [(f'{{{label}="{name}"}}', value) for name, value in values.items()]


def _exposed(families: dict[str, tuple[str, Iterable[_Sample]]]) -> Iterator[str]:
    for name, (text, samples) in families.items():
        yield f"# HELP feeds_{name} {text}"
        yield f"# TYPE feeds_{name} gauge"
        for labels, value in samples:
            yield f"feeds_{name}{labels} {value:.15g}"

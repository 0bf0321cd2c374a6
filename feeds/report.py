"""What a build did, for programs: as JSON, and as a textfile for Prometheus' node exporter.

<https://prometheus.io/docs/instrumenting/exposition_formats/>
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feeds.build import Outcome
from feeds.errors import Unwritable
from feeds.record import Complaint

_Samples = dict[tuple[str, str], str]  # values by family and state
_FAMILIES = {
    "last_success_timestamp_seconds": "When a build last succeeded.",
    "build_duration_seconds": "How long it took.",
    "records": "Records, by what became of them.",
    "feeds": "Feeds, by what this build did to them.",
    "documents_unpublished": "Documents that were not fit to publish.",
    "entries": "Entries in all feeds together.",
    "newest_entry_timestamp_seconds": "When the newest entry was published.",
    "newest_entry_age_seconds": "How old the newest entry was at the last success.",
}
_SAMPLE = re.compile(
    r'^feeds_(\w+)\{config="((?:[^"\\\n]|\\.)*)"(?:,state="(\w+)")?\} ([\d.e+-]+)$',
    re.MULTILINE,
)


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
        "documents": {"unpublished": len(outcome.unpublished)},
        "seconds": round(outcome.seconds, 3),
    }


class Reports:
    """The files that tell programs of a run, each replaced as soon as a build is over.

    Of several configurations, whose names are given, each has its key in the report, and its
    label on its metrics. A build that fails leaves the metrics as they were, so that the time
    of its last success grows old; of a site without any, that time is 0.
    """

    def __init__(
        self,
        report: str | None = None,
        metrics: str | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self.report = Path(report) if report is not None else None
        self.metrics = Path(metrics) if metrics is not None else None
        self.names = names
        self._runs: dict[str, object] = {}
        self._samples: dict[str, _Samples] = {}
        if self.metrics and names:
            self._samples = _left(self.metrics, names)

    @property
    def paths(self) -> list[Path]:
        return [file for file in (self.report, self.metrics) if file]

    def done(self, name: str, outcome: Outcome, run: object) -> None:
        """Tell of a build that succeeded. Raises Unwritable."""
        self._write_report(name, run)
        self._write_metrics(name, _measured(outcome, datetime.now(UTC)))

    def failed(self, name: str, code: int, trouble: Iterable[str]) -> None:
        """Tell of a build that failed, unless it is the only one.

        Where that cannot be written, there is worse to tell.
        """
        if not self.names:
            return
        error = {"exit_code": code, "message": "\n".join(trouble)}
        with suppress(Unwritable):
            self._write_report(name, {"error": error})
            if name not in self._samples:
                self._write_metrics(name, {("last_success_timestamp_seconds", ""): "0"})

    def _write_report(self, name: str, run: object) -> None:
        self._runs[name] = run
        if self.report:
            runs = {one: self._runs[one] for one in self.names if one in self._runs}
            replace(self.report, as_json(runs if self.names else run))

    def _write_metrics(self, name: str, samples: "_Samples") -> None:
        self._samples[name] = samples
        if self.metrics:
            labelled = {
                f'config="{_label(one)}"': self._samples[one]
                for one in self.names
                if one in self._samples
            }
            replace(self.metrics, _exposed(labelled if self.names else {"": samples}))


def _write_into(device: Path, text: str) -> None:
    # A pipe that nobody reads would hold us up for ever.
    descriptor = os.open(device, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)


def replace(file: Path, text: str) -> None:
    """Write a file that others read meanwhile: whole or not at all. Raises Unwritable.

    A device or a pipe is written to, a link followed: root would lose its /dev/null.
    """
    target = Path(os.path.realpath(file))
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        if file.exists() and not file.is_file():
            _write_into(file, text)
            return
        temporary.write_text(text, "utf-8")
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unwritable(f"{file}: cannot be written: {error.strerror}") from error


def as_json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _measured(outcome: Outcome, ended: datetime) -> _Samples:
    """Give a run as samples for Prometheus, by family and state."""
    now = ended.timestamp()
    found = {
        ("last_success_timestamp_seconds", ""): now,
        ("build_duration_seconds", ""): outcome.seconds,
        ("records", "read"): outcome.read,
        ("records", "rejected"): len(outcome.complaints),
        ("records", "draft"): outcome.drafts,
        ("records", "duplicate"): outcome.duplicates,
        ("feeds", "written"): outcome.feeds_written,
        ("feeds", "unchanged"): outcome.feeds_unchanged,
        ("feeds", "removed"): outcome.feeds_removed,
        ("documents_unpublished", ""): len(outcome.unpublished),
        ("entries", ""): outcome.entries,
    }
    if outcome.newest is not None:
        newest = outcome.newest.timestamp()
        found["newest_entry_timestamp_seconds", ""] = newest
        found["newest_entry_age_seconds", ""] = now - newest
    return {key: f"{value:.15g}" for key, value in found.items()}


def _exposed(sites: Mapping[str, _Samples]) -> str:
    """Write the samples of sites, by the label of each, family by family."""
    lines = []
    for family, text in _FAMILIES.items():
        lines += [f"# HELP feeds_{family} {text}", f"# TYPE feeds_{family} gauge"]
        for label, samples in sites.items():
            for (name, state), value in samples.items():
                if name == family:
                    labels = ",".join(
                        filter(None, [label, state and f'state="{state}"'])
                    )
                    lines.append(f"feeds_{name}{labels and f'{{{labels}}}'} {value}")
    return "".join(f"{line}\n" for line in lines)


def _left(file: Path, names: Iterable[str]) -> dict[str, _Samples]:
    """Read the samples of sites that the last run left; whatever else there is, is not."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    by_label = {_label(name): name for name in names}
    found: dict[str, _Samples] = {}
    for family, label, state, value in _SAMPLE.findall(text):
        if label in by_label and family in _FAMILIES:
            found.setdefault(by_label[label], {})[family, state] = value
    return found


def _label(name: str) -> str:
    """Write a file's name as the value of a label."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

"""Commands that answer and write nothing: check, explain, list and build --dry-run."""

import os
from collections.abc import Iterable
from typing import Any

from feeds import explain as answers
from feeds.audit import audit
from feeds.command import (
    configured,
    count,
    empties,
    folder_of,
    located,
    place,
    refusable,
    shown_here,
    time_given,
)
from feeds.compare import Difference
from feeds.errors import Mistake
from feeds.feed import ARCHIVE
from feeds.group import strangers
from feeds.plan import plan
from feeds.preview import gather, known
from feeds.preview import preview as previewed
from feeds.record import Complaint
from feeds.remote.url import is_url
from feeds.survey import shown
from feeds.terminal import show, tell
from feeds.text import visible


def check(file: str | None, now: str | None, output: str | None) -> int:
    """Name every problem of configuration and records; of the output too if it is named.

    An output without a name is the configuration's.
    """
    config = configured(file)
    reading = gather(config, folder_of(None, config))
    planned = plan(reading.records, config, time_given(now, config.zone))
    flaws = [flaw for record in reading.records for flaw in record.flaws]
    flaws += [flaw for rejected in reading.complaints for flaw in rejected.also]
    assert planned.shelves is not None  # that no two feeds have one path
    problems = sorted(
        [*reading.complaints, *flaws], key=lambda one: (one.file, one.line)
    )
    show(place(problem, config) for problem in problems)
    met = planned.names() | known(config, folder_of(None, config))
    tell(strangers(config, met))
    said = f"{count(len(reading.records), 'record')}, {count(len(problems), 'problem')}"
    if output is None:
        tell([said])
        return int(bool(problems))
    folder = folder_of(output or None, config)
    audited = audit(planned, folder)
    wrong = [found for found in audited.findings if not found.is_light]
    show(located(found, folder) for found in wrong)
    tell(located(found, folder) for found in audited.findings if found.is_light)
    said += f"; {count(audited.documents, 'document')}, {count(len(wrong), 'problem')}"
    way_out = ": `feeds build` mends them; remove those that stay" if wrong else ""
    tell([said + way_out])
    return int(bool(problems or wrong))


def explain(file: str | None, now: str | None, record: str) -> None:
    """Say for each feed why a story is in it or not."""
    config = configured(file)
    reading = gather(config, folder_of(None, config))
    planned = plan(reading.records, config, time_given(now, config.zone))
    name = record
    if not is_url(record):
        name = shown(os.path.relpath(record or ".", config.folder))
    found = answers.look_up(record, name, planned, reading.complaints)
    if not found:
        raise Mistake(
            f"{record}: no such record, expected a file, file:line or link of one"
        )
    for one in found:
        if isinstance(one, Complaint):
            show([f"{place(one, config)} (rejected: it is in no feed)"])
            continue
        if len(found) > 1:
            show(
                [
                    f"{shown_here(one.record.file, config)}:{one.record.line}: {one.record.title}"
                ]
            )
        show(answers.explain(one, planned))
        tell(place(flaw, config) for flaw in one.record.flaws)


def list_(file: str | None, now: str | None) -> None:
    """List the feeds a build would write."""
    config = configured(file)
    reading = gather(config, folder_of(None, config))
    rows = plan(reading.records, config, time_given(now, config.zone)).listed()
    table = (
        (path, title, str(count), f"{newest:%Y-%m-%d %H:%M}" if newest else "-")
        for path, title, count, newest in rows
    )
    show(_table([("PATH", "TITLE", "ENTRIES", "NEWEST"), *table]))


def preview(
    file: str | None, output: str | None, now: str | None, options: dict[str, Any]
) -> int:
    """Say what subscribers would see of a build."""
    config = configured(file)
    folder, when = folder_of(output, config), time_given(now, config.zone)
    force = options["force"]
    preview = refusable(lambda: previewed(config, folder, when, force=force), config)
    tell(place(complaint, config) for complaint in preview.reading.complaints)
    tell(preview.strangers)
    planned, complaints = preview.plan, preview.reading.complaints
    tell(empties(len(planned.candidates), len(complaints), planned.empties()))
    for path, difference in preview.differences.items():
        if difference:
            show(_changes(path, difference))
    show(f"{path}: removed" for path in preview.removed)
    if not any(preview.differences.values()) and not preview.removed:
        show(["subscribers would see nothing new"])
    return int(options["strict"] and bool(preview.reading.complaints))


def _changes(path: str, difference: Difference) -> Iterable[str]:
    new, changed, gone = difference.new, difference.changed, difference.gone
    yield f"{path}: {len(new)} new, {len(changed)} changed, {len(gone)} gone"
    if ARCHIVE in path:  # which may be years of stories
        return
    for mark, titles in (("+", new), ("~", changed), ("-", gone)):
        yield from (f"  {mark} {title}" for title in titles)


def _table(rows: list[tuple[str, ...]]) -> Iterable[str]:
    widths = [
        max(len(visible(row[column])) for row in rows) for column in range(len(rows[0]))
    ]
    for row in rows:
        cells = (
            visible(cell).ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()

"""The terminal: results, messages, and how far a long build is."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import NamedTuple

import click

from feeds.text import visible

# So much is over within half a second.
_MANY = {"reading": 2000, "writing": 500, "measuring": 50}
_STEPS = 200
_GONE = "\r\033[2K\033[?25h"  # the line is empty, the cursor shown
_FORM = ContextVar("form", default="text")
_SITE = ContextVar("site", default="")
FORMS = ("text", "json")
"""How messages can be written: for people, or one JSON object a line for collectors."""


class Message(NamedTuple):
    """A line for people, and for programs what it is made of."""

    text: str
    fields: Mapping[str, object]

    def __str__(self) -> str:
        return self.text


def write_messages_as(form: str) -> None:
    """Choose one of FORMS, for all messages that follow."""
    _FORM.set(form)


@contextmanager
def about(site: str) -> Iterator[None]:
    """Name a site in all messages meanwhile; an empty name is none."""
    before = _SITE.set(site)
    try:
        yield
    finally:
        _SITE.reset(before)


def tell(lines: Iterable[object], level: str = "warning") -> None:
    """Write messages to standard error."""
    for line in lines:
        click.echo(_written(line, level), err=True)


def tell_collector(line: str) -> bool:
    """Write an error as JSON where messages are; tell whether they are."""
    is_wanted = _FORM.get() == "json"
    if is_wanted:
        tell([line], "error")
    return is_wanted


def show(lines: Iterable[object]) -> None:
    """Write results to standard output."""
    for line in lines:
        click.echo(_written(line, "info"))


@contextmanager
def progress(doing: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show a person who waits a bar, and take it away in the end."""
    if total <= _MANY[doing] or not _is_watched():
        yield lambda _done: None
        return
    bar = click.progressbar(
        length=total,
        label=doing,
        show_pos=True,
        width=24,
        file=sys.stderr,
        update_min_steps=total // _STEPS,
    )
    try:
        # Not `with bar`: that leaves the bar, and a signal on entry would hide the cursor.
        bar.render_progress()
        yield bar.update
    finally:
        click.echo(_GONE, nl=False, err=True)


def _written(line: object, level: str) -> str:
    site, text = _SITE.get(), str(line)
    if _FORM.get() == "text":
        is_named = not site or text.startswith(f"{site}:")
        return visible(text if is_named else f"{site}: {text}")
    import json  # noqa: PLC0415  (few want it)

    fields = line.fields if isinstance(line, Message) else {}
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    of = {"config": site} if site else {}
    said = {"time": time, "level": level, "message": text, **of, **fields}
    return json.dumps(said)  # which escapes all that could steer a terminal


def _is_watched() -> bool:
    steerable = os.environ.get("TERM") != "dumb" and _FORM.get() == "text"
    return sys.stderr.isatty() and steerable

"""The terminal: results, messages, and how far a long build is."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click

from feeds.text import visible

# So much is over within half a second.
_MANY = {"reading": 2000, "writing": 500}
_STEPS = 200
_GONE = "\r\033[2K\033[?25h"  # the line is empty, the cursor shown


def tell(lines: Iterable[object]) -> None:
    """Write messages to standard error."""
    for line in lines:
        click.echo(visible(str(line)), err=True)


def show(lines: Iterable[object]) -> None:
    """Write results to standard output."""
    for line in lines:
        click.echo(visible(str(line)))


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


def _is_watched() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

"""`feeds stats`: what records come to, shown on the terminal and as a page."""

import shutil
import sys
from pathlib import Path

from feeds import report
from feeds.charts.bars import Sheet, lines
from feeds.charts.page import page
from feeds.command import configured, empties, folder_of, time_given
from feeds.errors import Mistake
from feeds.plan import plan
from feeds.preview import gather
from feeds.stats import stats
from feeds.terminal import show, tell

_LINES = 24
_WIDEST = 100  # longer bars say no more
_NARROWEST = 32


def draw(file: str | None, now: str | None, html: str | None) -> None:
    """Show how quality, heat, topics, providers and dates are spread."""
    config = configured(file)
    if html is not None and not Path(html).name:
        raise Mistake(f'--html: got "{html}", expected a file to write')
    reading = gather(config, folder_of(None, config))
    planned = plan(reading.records, config, time_given(now, config.zone))
    counted = stats(planned, len(reading.complaints))
    if html is not None:
        report.replace(Path(html), page(counted))
    if not reading.records:
        tell(empties(0, len(reading.complaints), []))
    width = shutil.get_terminal_size((80, _LINES)).columns
    sheet = Sheet(
        width=max(_NARROWEST, min(width, _WIDEST)), encoding=sys.stdout.encoding
    )
    show(lines(counted, sheet))

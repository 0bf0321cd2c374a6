"""Write docs/feeds.1, the manual page, from the commands themselves and from README.md.

`make man` runs it. Macros: <https://man.openbsd.org/man.7>.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap

import click

from feeds import __version__
from feeds.cli import commands

PAGE = Path(__file__).with_name("feeds.1")

_README = Path(__file__).parent.parent / "README.md"
_REST = r"""
.SH ENVIRONMENT
.TP
.B SOURCE_DATE_EPOCH
The time of a build, in seconds since 1970, where
.B \-\-now
does not say it.
.SH FILES
.TP
.I feeds.yaml
The configuration, in the current folder or one above it.
.TP
.I output/
The feeds, unless the configuration or
.B \-o
says otherwise.
.TP
.I .feeds/
The state, beside the configuration.
It may be deleted at any time.
.SH EXAMPLES
Begin a site and publish it:
.PP
.RS 4
.EX
feeds init site && cd site && feeds build
.EE
.RE
.PP
From cron, so that it mails only what is wrong:
.PP
.RS 4
.EX
*/10 * * * *  feeds build \-q \-c /srv/news/feeds.yaml
.EE
.RE
.SH SEE ALSO
.BR crontab (5),
.BR systemd.timer (5)
"""


def page(date: str) -> str:
    """Give the page, as of a date."""
    return "\n".join(_lines(date)) + _REST


def date(page: str) -> str:
    """Give the date of a page."""
    return page.split()[3]


def _lines(date: str) -> Iterator[str]:
    above = click.Context(commands, info_name="feeds", **commands.context_settings)
    every = [commands.commands[name] for name in commands.list_commands(above)]
    yield f'.TH FEEDS 1 {date} "feeds {__version__}"'
    yield from (".SH NAME", rf"feeds \- {_title()}", ".SH SYNOPSIS")
    for number, command in enumerate(every):
        pieces = " ".join(command.collect_usage_pieces(above))
        yield from (".br",) if number else ()
        yield from (f".B feeds {command.name}", _escaped(pieces))
    yield from (".SH DESCRIPTION", *_text(_readme().split("\n\n")[1]), ".SH COMMANDS")
    for command in every:
        yield from (f".SS feeds {command.name}", *_text(command.help or ""))
        yield from _options(command, above, without="--help")
    yield from (".SH OPTIONS", *_options(commands, above), ".SH EXIT STATUS")
    for code, meaning in re.findall(r"^\| (\d[\d, ]*) \| (.+) \|$", _readme(), re.M):
        yield from (".TP", f".B {code}", *_text(meaning.replace("`", "")))


def _options(
    command: click.Command, above: click.Context, without: str = ""
) -> Iterator[str]:
    context = click.Context(command, parent=above)
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record and isinstance(option, click.Option) and without not in option.opts:
            yield from (".TP", f".B {_escaped(record[0])}", *_text(record[1]))


def _text(text: str) -> Iterator[str]:
    """Give each sentence a line of its own, so that its end is known to be one."""
    for number, paragraph in enumerate(text.split("\n\n")):
        yield from (".PP",) if number else ()
        for sentence in re.split(r"(?<=\.) (?=[A-Z])", " ".join(paragraph.split())):
            lines = wrap(sentence, 72, break_long_words=False, break_on_hyphens=False)
            yield from map(_escaped, lines)


def _title() -> str:
    text = commands.get_short_help_str(100).rstrip(".")
    return text[0].lower() + text[1:]


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text[:1] in {".", "'"} else text


def _readme() -> str:
    return _README.read_text("utf-8")


if __name__ == "__main__":
    # The date is that of the last change.
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    if not before or page(date(before)) != before:
        PAGE.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")

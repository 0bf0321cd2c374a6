"""Readers that others wrote, really run: what each shows of a feed, and what is new to it.

Each is told a folder of its own and the address of a feed. `poll` fetches the feed as it stands,
gives all that the reader then shows and the ids of what is unread, and reads everything.
"""

import html
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email import message_from_binary_file, policy
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import feedparser
from reader import make_reader

from tests.conftest import tool, without

DOCUMENT = Path(__file__).parent.parent / "docs" / "readers.md"
JAVASCRIPT = Path(__file__).with_name("javascript")


class Story(NamedTuple):
    """An entry as a reader shows it; None is what that reader does not keep."""

    id: str
    title: str
    link: str
    published: datetime | None
    updated: datetime | None
    author: str | None
    categories: tuple[str, ...] | None
    enclosures: tuple[str, ...] | None
    content: str

    @property
    def pictures(self) -> tuple[str, ...]:
        """Give the addresses of the pictures in its text."""
        found = re.findall(r'<img [^>]*?src="([^"]*)"', self.content)
        return tuple(html.unescape(url) for url in found)

    @property
    def text(self) -> str:
        """Show its text as a person sees it."""
        return html.unescape(re.sub(r"<[^>]*>", "", self.content))


class Seen(NamedTuple):
    """What a reader shows after a poll, by id, and which of it is unread."""

    stories: dict[str, Story]
    unread: set[str]


class Parser:
    """A program around a parser, which remembers nothing but the ids that it met."""

    def __init__(
        self, parse: Callable[[str], Iterable[Story]], _folder: Path, address: str
    ) -> None:
        self.parse, self.address = parse, address
        self.known: set[str] = set()

    def poll(self) -> Seen:
        found = list(self.parse(self.address))
        stories = {story.id: story for story in found}
        assert len(stories) == len(found)
        unread = stories.keys() - self.known
        self.known |= unread
        return Seen(stories, unread)


def feedparser_stories(address: str) -> Iterable[Story]:
    found = feedparser.parse(address)
    assert not found.bozo, found.bozo_exception
    for entry in found.entries:
        published = _from_parts(entry.published_parsed)
        is_updated = "updated_parsed" in entry
        yield Story(
            id=entry.id,
            title=entry.title,
            link=entry.link,
            published=published,
            updated=_from_parts(entry.updated_parsed) if is_updated else published,
            author=entry.author,
            categories=tuple(tag.term for tag in entry.tags),
            enclosures=tuple(one.href for one in entry.enclosures),
            content=entry.content[0].value,
        )


def feedsmith_stories(address: str) -> Iterable[Story]:
    """Read feedsmith's tree, which is that of the format."""
    found = javascript("feedsmith", address)
    return map(_FEEDSMITH[found["format"]], _entries(found["feed"]))


def rss_parser_stories(address: str) -> Iterable[Story]:
    for item in javascript("rss-parser", address)["items"]:
        enclosure = item.get("enclosure")
        is_rss = "guid" in item
        yield Story(
            id=item["guid"] if is_rss else item["id"],
            title=item["title"],
            link=item["link"],
            published=datetime.fromisoformat(item["isoDate"]),
            updated=None,
            author=item["creator"] if is_rss else item["author"],
            categories=tuple(item["categories"]) if is_rss else None,
            enclosures=((enclosure["url"],) if enclosure else ()) if is_rss else None,
            content=item["content:encoded"] if is_rss else item["content"],
        )


def javascript(library: str, address: str) -> Any:
    """Ask a library from npm what it makes of the document at an address."""
    if not (JAVASCRIPT / "node_modules").is_dir():
        without("The JavaScript parsers are missing: npm ci --prefix tests/javascript")
    command = [tool("node", "nodejs"), JAVASCRIPT / "read.mjs", library, address]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return json.loads(done.stdout)


class Reader:
    """The library `reader`, with its database in a file."""

    def __init__(self, folder: Path, address: str) -> None:
        self.file, self.address = str(folder / "reader.sqlite"), address
        with make_reader(self.file) as reader:
            reader.add_feed(address)

    def poll(self) -> Seen:
        with make_reader(self.file) as reader:
            reader.update_feed(self.address)
            found = list(reader.get_entries())
            for entry in found:
                reader.mark_entry_as_read(entry)
        return Seen(
            {entry.id: self.story(entry) for entry in found},
            {entry.id for entry in found if not entry.read},
        )

    def story(self, entry: Any) -> Story:
        return Story(
            id=entry.id,
            title=entry.title,
            link=entry.link,
            published=entry.published,
            updated=entry.updated or entry.published,
            author=entry.authors_str,
            categories=None,
            enclosures=tuple(one.href for one in entry.enclosures),
            content=entry.content[0].value,
        )


class Newsboat:
    """newsboat without a terminal; what it shows is what it keeps in its cache."""

    def __init__(self, folder: Path, *addresses: str) -> None:
        self.folder = folder
        (folder / "urls").write_text("".join(f"{url}\n" for url in addresses))
        (folder / "config").write_text("reload-threads 1\n")

    def run(self, *command: object) -> None:
        files = ["-u", "urls", "-c", "cache", "-C", "config"]
        run(self.folder, tool("newsboat"), *files, *command)

    def poll(self) -> Seen:
        self.run("-x", "reload")
        rows = self.ask(
            "select guid, title, url, pubDate, author, content, unread from rss_item"
        )
        self.ask("update rss_item set unread = 0")
        return Seen(
            {row[0]: self.story(*row[:-1]) for row in rows},
            {row[0] for row in rows if row[-1]},
        )

    def story(self, *row: Any) -> Story:
        guid, title, url, published, author, content = row
        return Story(
            id=guid,
            title=title,
            link=url,
            published=datetime.fromtimestamp(published, UTC),
            updated=None,
            author=author,
            categories=None,
            enclosures=None,
            content=content,
        )

    def ask(self, question: str) -> list[Any]:
        cache = sqlite3.connect(self.folder / "cache")
        try:
            with cache:
                return cache.execute(question).fetchall()
        finally:
            cache.close()


class Rss2email:
    """rss2email, which mails each new story into a folder, and never touches a mail again."""

    CONFIGURATION = """\
[DEFAULT]
from = feeds@example.org
to = reader@example.org
email-protocol = maildir
maildir-path = {}
maildir-mailbox = inbox
html-mail = True
date-header = True
name-format = {{author}}
"""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.folder = folder
        for name in ("cur", "new", "tmp"):
            (folder / "mail" / "inbox" / name).mkdir(parents=True)
        said = self.CONFIGURATION.format(folder / "mail")
        (folder / "rss2email.cfg").write_text(said)
        if address:
            self.run("add", "feed", address)

    def run(self, *command: object) -> None:
        script = Path(sys.executable).with_name("r2e")
        run(self.folder, script, "-c", "rss2email.cfg", "-d", "seen.json", *command)

    def poll(self) -> Seen:
        self.run("run")
        inbox = self.folder / "mail" / "inbox"
        new = [_mailed(file) for file in (inbox / "new").iterdir()]
        old = [_mailed(file) for file in (inbox / "cur").iterdir()]
        for file in list((inbox / "new").iterdir()):
            file.rename(inbox / "cur" / file.name)
        stories = {story.id: story for story in new + old}
        assert len(stories) == len(new + old)
        return Seen(stories, {story.id for story in new})


def run(folder: Path, *command: object) -> None:
    """Run a reader whose home is a folder."""
    subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder), "LC_ALL": "C.UTF-8", "no_proxy": "*"},
        check=True,
        capture_output=True,
        timeout=60,
    )


def table(*columns: str) -> dict[str, dict[str, str]]:
    """Read the table of `docs/readers.md` that begins with these columns, by its first."""
    _, begin, rest = DOCUMENT.read_text("utf-8").partition(f"| {' | '.join(columns)} |")
    lines = (begin + rest).partition("\n\n")[0].splitlines()
    head, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in lines)
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def _mailed(file: Path) -> Story:
    with file.open("rb") as content:
        mail = message_from_binary_file(content, policy=policy.default)
    body = mail.get_content()
    return Story(
        id=mail["X-RSS-ID"],
        title=mail["Subject"],
        link=mail["X-RSS-URL"],
        published=None,
        updated=parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC),
        author=mail["From"].addresses[0].display_name,
        categories=tuple(mail["X-RSS-TAGS"].split(",")),
        enclosures=tuple(map(html.unescape, _ENCLOSURE.findall(body))),
        content=body,
    )


def _from_parts(parts: Any) -> datetime:
    return datetime(*parts[:6], tzinfo=UTC)


def _entries(feed: Any) -> Any:
    return feed["entries"] if "entries" in feed else feed["items"]


def _from_rss(item: Any) -> Story:
    published = parsedate_to_datetime(item["pubDate"])
    updated = item.get("atom", {}).get("updated")
    return Story(
        id=item["guid"]["value"],
        title=item["title"],
        link=item["link"],
        published=published,
        updated=datetime.fromisoformat(updated) if updated else published,
        author=item["dc"]["creators"][0],
        categories=tuple(one["name"] for one in item["categories"]),
        enclosures=tuple(one["url"] for one in item.get("enclosures", [])),
        content=item["content"]["encoded"],
    )


def _from_atom(entry: Any) -> Story:
    links: dict[str, list[str]] = {}
    for link in entry["links"]:
        links.setdefault(link["rel"], []).append(link["href"])
    return Story(
        id=entry["id"],
        title=entry["title"]["value"],
        link=links["alternate"][0],
        published=datetime.fromisoformat(entry["published"]),
        updated=datetime.fromisoformat(entry["updated"]),
        author=entry["authors"][0]["name"],
        categories=tuple(one["term"] for one in entry["categories"]),
        enclosures=tuple(links.get("enclosure", [])),
        content=entry["content"]["value"],
    )


def _from_json(item: Any) -> Story:
    return Story(
        id=item["id"],
        title=item["title"],
        link=item["url"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        author=item["authors"][0]["name"],
        categories=tuple(item["tags"]),
        enclosures=tuple(one["url"] for one in item.get("attachments", [])),
        content=item["content_html"],
    )


_ENCLOSURE = re.compile(r'<p>Enclosure: <a href="([^"]*)">')
_FEEDSMITH = {"rss": _from_rss, "atom": _from_atom, "json": _from_json}


READERS: dict[str, Callable[[Path, str], Any]] = {
    "newsboat": Newsboat,
    "reader": Reader,
    "rss2email": Rss2email,
    "feedparser": partial(Parser, feedparser_stories),
    "feedsmith": partial(Parser, feedsmith_stories),
    "rss-parser": partial(Parser, rss_parser_stories),
}

"""The script that one would write in an afternoon, to measure the package against.

    python benchmarks/naive.py RECORDS OUTPUT

PyYAML's fast loader and feedgen in a loop: the newest 50 of each topic and provider.
"""

import mimetypes
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from feedgen.feed import FeedGenerator

SITE = "https://feeds.example.org"


def main(records: Path, output: Path) -> None:
    groups = defaultdict(list)
    for file in sorted(records.rglob("*.md")):
        front_matter = file.read_text("utf-8").split("---\n")[1]
        record = yaml.load(front_matter, yaml.CSafeLoader)
        if record["published"] and record["quality"] >= 40:
            for topic in record["topics"]:
                groups["topics", topic].append(record)
            groups["providers", record["provider"]["domain"]].append(record)
    for (kind, name), found in groups.items():
        found.sort(key=lambda record: record["publishedDateTime"], reverse=True)
        path = f"{kind}/{name.lower().replace(' ', '-')}"
        (output / kind).mkdir(parents=True, exist_ok=True)
        feed = make_feed(path, name, found[:50])
        feed.rss_file(f"{output}/{path}.rss", pretty=True)
        feed.atom_file(f"{output}/{path}.atom", pretty=True)


def make_feed(path: str, name: str, records: list[dict[str, Any]]) -> FeedGenerator:
    feed = FeedGenerator()
    feed.id(f"{SITE}/{path}")
    feed.title(f"{name}: Benchmark")
    feed.description("Benchmark")
    feed.link(href=f"{SITE}/{path}.atom", rel="self")
    feed.link(href=SITE, rel="alternate")
    for record in records:
        entry = feed.add_entry(order="append")
        entry.id(record["webUrl"])
        entry.title(record["title"])
        entry.link(href=record["webUrl"])
        entry.description(record["excerpt"])
        entry.published(record["publishedDateTime"])
        entry.updated(record["publishedDateTime"])
        entry.author(name=record["provider"]["name"])
        entry.category([{"term": topic} for topic in record["topics"]])
        for image in record.get("images", [])[:1]:
            media_type = mimetypes.guess_type(urlsplit(image["url"]).path)[0]
            entry.enclosure(image["url"], "0", media_type or "image/jpeg")
    return feed


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

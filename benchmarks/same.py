"""Whether tools did the same work: how many feeds each wrote, with which stories.

    python benchmarks/same.py NAME=FOLDER NAME=FOLDER ...

Only the sets of stories are compared: names and order of feeds and ties of one minute
differ by tool. Exit 1 if the numbers of feeds or entries differ.
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

Stories = frozenset[str]


def main(places: list[str]) -> int:
    names, folders = zip(*(place.split("=", 1) for place in places), strict=True)
    written = [stories(Path(folder)) for folder in folders]
    counts = {
        (feeds.total(), entries(feeds), atoms(Path(folder)))
        for feeds, folder in zip(written, folders, strict=True)
    }
    for name, feeds, folder in zip(names, written, folders, strict=True):
        alike = (feeds & written[0]).total()
        sys.stdout.write(
            f"{name}: {feeds.total():,} feeds, {entries(feeds):,} entries as RSS and"
            f" {atoms(Path(folder)):,} as Atom; {alike:,} feeds as {names[0]} has them\n"
        )
    return int(len(counts) > 1)


def stories(folder: Path) -> Counter[Stories]:
    """Give the links of each RSS document below a folder."""
    return Counter(
        frozenset(
            link.text or "" for link in ET.parse(file).iterfind("channel/item/link")
        )
        for file in folder.rglob("*.rss")
    )


def entries(feeds: Counter[Stories]) -> int:
    return sum(len(links) * count for links, count in feeds.items())


def atoms(folder: Path) -> int:
    return sum(file.read_bytes().count(b"<entry>") for file in folder.rglob("*.atom"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

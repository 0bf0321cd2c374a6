"""Records in the layout of seeds/, as many as wanted and the same every time.

    python benchmarks/corpus.py DIR COUNT [--hugo]

writes DIR/feeds.yaml and DIR/records/, 1,000 files to a folder; with --hugo it writes DIR
as a Hugo site instead, the same records in DIR/content/. The first records of a large
corpus are those of a small one.
"""

import argparse
import re
import shutil
import signal
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, product
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")

SEED = 20261120
END = datetime(2026, 11, 20, tzinfo=UTC)
"""Every record is of the six years before."""

MINUTES = 6 * 365 * 24 * 60
FOLDER_SIZE = 1000
MIN_QUALITY = 40

CONFIG = f"""\
site:
  title: Benchmark
  url: https://feeds.example.org/
records: records
output: output
formats: [rss, atom]
pages: false
defaults:
  status: published
  min_quality: {MIN_QUALITY}
  limit: 50
feeds:
  - path: topics/{{topic}}
  - path: providers/{{provider}}
"""

HUGO = Path(__file__).parent / "hugo"

LINES = (Path(__file__).parent / "words.txt").read_text("utf-8").splitlines()
PLAIN, SPECIAL, KINDS, SUBJECTS, PLACES, PAPERS = (line.split() for line in LINES)
WORDS = PLAIN * 4 + SPECIAL
TOPICS = ["Computer Vision", "AI", "R&D", "Mergers & Acquisitions"]
TOPICS = (TOPICS + [" ".join(pair) for pair in product(KINDS, SUBJECTS)])[:200]


class Provider(NamedTuple):
    """Who publishes stories; records misspell a name now and then, never the domain."""

    name: str
    domain: str


def _providers() -> Iterator[Provider]:
    endings = ["com", "com", "com", "org", "co.uk", "in", "net"]
    for number, (paper, place) in enumerate(product(PAPERS, PLACES)):
        domain = f"{place}{paper}.{endings[number % len(endings)]}".lower()
        yield Provider(f"{place} {paper}", domain)


PROVIDERS = list(_providers())[:1000]
CATEGORIES = ["news", "news", "news", "business", "technology", "science"]
SECTIONS = ["news", "technology", "2021/business", "news/local/crime", "articles"]
QUERIES = [
    "?utm_source=rss&utm_medium=feed&utm_campaign=technology",
    "?outputType=full&ref=home&section=2%2Ftech",
    "?cid=145&print=false",
]
PICTURES = ["jpg", "jpg", "jpg", "jpeg", "png", "webp"]
CROPS = ["", "", "?ve=1&tl=1", "?h=630&w=1200&fit=crop&bg=999&crop=faces"]
SIZES = [(1200, 630), (1200, 675), (980, 574), (932, 470), (620, 359)]


class Story(NamedTuple):
    """What a record says, and what another says of it as a related story."""

    title: str
    excerpt: str
    published: datetime
    link: str
    has_amp: bool
    type: str
    provider: Provider
    quality: int
    image: str


def write(folder: Path, count: int, *, hugo: bool = False) -> None:
    """Write a corpus, or the same one as a Hugo site."""
    if hugo:
        shutil.copytree(HUGO, folder, dirs_exist_ok=True)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "feeds.yaml").write_text(CONFIG, "utf-8")
    work = partial(_write_folder, folder, count, hugo)
    with Pool(None, signal.signal, (signal.SIGTERM, signal.SIG_DFL)) as pool:
        pool.map(work, range(0, count, FOLDER_SIZE), chunksize=1)


def place(folder: Path, number: int, *, hugo: bool = False) -> Path:
    """Name the file of a record by its number."""
    records = folder / ("content" if hugo else "records")
    return records / f"{number // FOLDER_SIZE:04}" / f"{number:07}.md"


def _write_folder(folder: Path, count: int, hugo: bool, first: int) -> None:
    random = Random(f"{SEED} {first}")
    stories = [_story(random, first + number) for number in range(FOLDER_SIZE)]
    mentions = [_mention(story) for story in stories]
    place(folder, first, hugo=hugo).parent.mkdir(parents=True, exist_ok=True)
    for number, story in enumerate(stories[: count - first], first):
        text = _record(random, story, mentions, hugo)
        place(folder, number, hugo=hugo).write_bytes(text.encode())


def _story(random: Random, number: int) -> Story:
    title = _sentence(random, random.randint(7, 13))
    excerpt = f"{_sentence(random, random.randint(16, 54))}."
    if random.random() < 0.02:
        # A no-break space in the wrong encoding, as one of the seeds has it.
        excerpt = excerpt.replace(" ", " saidÂ\u00a0", 1)
    provider = _zipf(random, PROVIDERS, 1)[0]
    slug = re.sub("[^a-z0-9]+", "-", title.lower())
    section = random.choice(SECTIONS)
    query = random.choice(QUERIES) if random.random() < 0.1 else ""
    return Story(
        title=title,
        excerpt=excerpt,
        published=END - timedelta(minutes=random.randint(1, MINUTES)),
        link=f"https://www.{provider.domain}/{section}/{slug}-{number}/{query}",
        has_amp=random.random() < 0.35,
        type="article" if random.random() < 0.95 else "video",
        provider=provider,
        quality=random.randint(20, 90),
        image=_image(random, provider) if random.random() < 0.9 else "",
    )


def _sentence(random: Random, length: int) -> str:
    words = " ".join(random.choices(WORDS, k=length))
    return words[0].upper() + words[1:]


def _image(random: Random, provider: Provider) -> str:
    width, height = random.choice(SIZES)
    ending = f"{random.choice(PICTURES)}{random.choice(CROPS)}"
    folder = f"https://images.{provider.domain}/uploads"
    address = f"{folder}/{random.getrandbits(64):x}.{ending}"
    return f"""\
  - url: {_quoted(address)}
    width: {width}
    height: {height}
    isCached: true
"""


def _record(random: Random, story: Story, mentions: Sequence[str], hugo: bool) -> str:
    published = random.random() < 0.92
    heat = random.randint(0, 100) if random.random() < 0.4 else -1
    name = story.provider.name if random.random() < 0.97 else "Windows"
    topics = dict.fromkeys(_zipf(random, TOPICS, random.choice([1, 2, 2, 2, 3, 4])))
    count = random.choices(range(1, 7), [38, 26, 16, 10, 6, 4])[0]
    related = "".join(random.choices(mentions, k=count))
    secret = b64encode(random.randbytes(480)).decode()
    lists = "topics:\n" + "".join(f"  - {topic}\n" for topic in topics)
    if story.image:
        lists += f"\nimages:\n{story.image}"
    return f"""\
---
category: {random.choice(CATEGORIES)}
title: {_quoted(story.title)}
excerpt: {_quoted(story.excerpt)}
publishedDateTime: {story.published:%Y-%m-%dT%H:%M:00Z}
originalUrl: {_quoted(story.link)}
webUrl: {_quoted(story.link)}
{_amp(story)}type: {story.type}
quality: {story.quality}
heat: {heat}
{_draft_and_providers(story, published) if hugo else _published(published)}
provider:
  name: {name}
  domain: {story.provider.domain}

{lists}
related:
{related}
secured: "{secret};{secret[-24:]}"
---

"""


def _published(published: bool) -> str:
    return f"published: {'true' if published else 'false'}\n"


def _draft_and_providers(story: Story, published: bool) -> str:
    """Write what Hugo cannot make of our fields: one switch, and a list of names."""
    draft = "false" if published and story.quality >= MIN_QUALITY else "true"
    return f"draft: {draft}\nproviders: [{story.provider.domain}]\n"


def _mention(story: Story) -> str:
    """Write a story as others relate it."""
    images = f"    images:\n{_indented(story.image)}" if story.image else ""
    return f"""\
  - title: {_quoted(story.title)}
    excerpt: {_quoted(story.excerpt)}
    publishedDateTime: {story.published:%Y-%m-%dT%H:%M:00Z}
    webUrl: {_quoted(story.link)}
{_indented(_amp(story))}    type: {story.type}
    provider:
      name: {story.provider.name}
      domain: {story.provider.domain}
    quality: {story.quality}
{images}"""


def _amp(story: Story) -> str:
    if not story.has_amp:
        return ""
    address = f"{story.link}{'&' if '?' in story.link else '?'}amp"
    cdn = f"www-{story.provider.domain.replace('.', '-')}.cdn.ampproject.org"
    copy = f"https://{cdn}/c/s/{address.removeprefix('https://')}"
    return f"ampWebUrl: {_quoted(address)}\ncdnAmpWebUrl: {_quoted(copy)}\n"


def _indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _zipf(random: Random, population: Sequence[T], count: int) -> list[T]:
    """Choose; the second is half as likely as the first, the third a third."""
    return random.choices(population, cum_weights=_WEIGHTS[: len(population)], k=count)


_WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(PROVIDERS) + 1)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("count", metavar="COUNT", type=int)
    parser.add_argument("--hugo", action="store_true", help="as a Hugo site")
    given = parser.parse_args()
    # Whoever ends us early ends our workers too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    write(given.folder, given.count, hugo=given.hugo)

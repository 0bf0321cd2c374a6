"""Any bytes as feeds.yaml."""

from pathlib import Path

from feeds import config
from feeds.errors import FeedsError
from fuzz.harness import CANARY, a_desk, built, judge, ran, rarely
from fuzz.records import CONFIGURATION, ODD, STEADY
from tests.strategies import file_text

SEEDS = [
    Path(__file__).parent.parent.joinpath("feeds.yaml").read_bytes(),
    file_text("x.yaml", CONFIGURATION).encode(),
    b"""\
site: {title: T, url: "https://feeds.example.org/x/"}
records: [records, "records/**/*.md"]
defaults: {status: any, max_age: 9000 days, title: "{site}!", order: updated}
feeds:
  - {path: all, limit: 1, pick: hottest, words: {any: [a, "b c"], none: [x]}}
  - {path: "{topic}-t", only: [AI, Void], images: {enclosure: false}, ttl: 5}
  - {path: "p/{provider}", except: [a.example], title: "{provider} {site}"}
  - {path: "{provider}/{topic}", require_image: false, language: de, related: no}
topics:
  AI: {aliases: [Minds, C++], min_heat: 1, slug: ai2, description: "{topic} is"}
  CON:
providers: {a.example: {name: A, limit: 2}, b.example: {feed: false}}
""",
]


def check(data: bytes) -> None:
    """Build with a configuration; into a folder of its own unless its output is near."""
    library = {"a.md": STEADY, "b.txt": {**ODD, "secured": CANARY}}
    with a_desk({}, library) as desk:
        file = desk.folder / "feeds.yaml"
        file.write_bytes(data)
        output, is_near = desk.output, True
        try:
            wanted = config.load(file)
        except FeedsError:
            pass
        else:
            home = desk.folder.resolve()
            is_near = all(
                _start(home, one).is_relative_to(home) for one in wanted.sources
            )
            named = (home / wanted.output).resolve()
            is_usual = named.parent == home and len(named.name) < 200
            output = named if is_usual else output
        if is_near:  # else it would read all of this machine
            built(desk, output=output, is_real=rarely(data, 100))
            if rarely(data, 8):
                for word in ("check", "list"):
                    judge(desk, output, ran([word, "-c", str(file)])[1])


def _start(home: Path, source: str) -> Path:
    """Give where a source leads at most: before its wildcards, and before any `..`."""
    place = home / source.partition("*")[0].partition("?")[0].partition("[")[0]
    return home.parent if ".." in source else place.resolve()

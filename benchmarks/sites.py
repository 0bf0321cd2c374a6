"""A corpus on disk, and the commands that make feeds of it."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import corpus
from measure import measure

HERE = Path(__file__).parent
PYTHON = Path(sys.executable)
FEEDS = PYTHON.with_name("feeds")
EDITS = 10

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Site:
    """The same records twice, for us and for Hugo."""

    folder: Path
    count: int

    @property
    def ours(self) -> Path:
        return self.folder / f"{self.count}"

    @property
    def hugos(self) -> Path:
        return self.folder / f"{self.count}-hugo"

    @property
    def options(self) -> list[str]:
        return ["build", "--quiet", "--config", f"{self.ours}/feeds.yaml"]

    @property
    def feeds(self) -> Command:
        return [FEEDS, *self.options]

    @property
    def hugo(self) -> Command:
        return ["hugo", "--quiet", "--source", self.hugos]

    @property
    def script(self) -> Command:
        return [PYTHON, HERE / "naive.py", self.ours / "records", self.ours / "naive"]

    @property
    def scan(self) -> Command:
        return [PYTHON, HERE / "scan.py", self.ours / "records"]

    @property
    def same(self) -> Command:
        return [
            PYTHON,
            HERE / "same.py",
            f"feeds={self.ours}/output",
            f"Hugo={self.hugos}/public",
            f"script={self.ours}/naive",
        ]

    def write(self) -> None:
        _write(self.ours, self.count)

    def write_hugos(self) -> None:
        _write(self.hugos, self.count, "--hugo")

    def clear(self) -> None:
        """Take away what our builds and the script's have left."""
        for place in ("output", ".feeds", "naive"):
            shutil.rmtree(self.ours / place, ignore_errors=True)

    def clear_hugos(self) -> None:
        for place in ("public", "resources"):
            shutil.rmtree(self.hugos / place, ignore_errors=True)

    def edit(self, random: Random) -> None:
        """Change the summaries of a few of our records in place."""
        _edit(self.ours, self.count, random)

    def edit_hugos(self, random: Random) -> None:
        _edit(self.hugos, self.count, random, hugo=True)


def _write(folder: Path, count: int, *options: str) -> None:
    # In a process of its own: our memory would count as that of the commands we start.
    measure([PYTHON, HERE / "corpus.py", folder, str(count), *options])


def _edit(folder: Path, count: int, random: Random, *, hugo: bool = False) -> None:
    for number in random.sample(range(count), EDITS):
        file = corpus.place(folder, number, hugo=hugo)
        text = file.read_text("utf-8")
        mark = f'\nexcerpt: "Update {random.randint(100, 999)}: '
        file.write_text(text.replace('\nexcerpt: "', mark, 1), "utf-8")

"""The state folder: what the last build knew; may be lost or damaged at any time.

One file for each configuration and output. It decides nothing on its own: without it the
output's documents tell what the last build wrote.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from feeds.errors import Unwritable

FOLDER = ".feeds"
VERSION = 1

_IGNORE = "*\n"
_SUFFIXES = frozenset({".rss", ".atom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a build leaves for the next one.

    `documents` is what it wrote to `output` (relative to the configuration), `pending`
    what it was about to when it stopped; `ids` the stories it knew; `complaints` what it
    said of each bad file, by a digest of the file; `names` the configured topics and
    providers that some record has had.
    """

    output: str = ""
    documents: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    complaints: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


class Store:
    """Where the state of one configuration and one output is kept."""

    def __init__(self, config: Path, output: Path) -> None:
        self.folder = config.parent / FOLDER
        self.output = os.path.relpath(
            os.path.realpath(output), os.path.realpath(config.parent)
        )
        names = f"{config.name}\0{self.output}"
        key = blake2b(os.fsencode(names), digest_size=8).hexdigest()
        self.file = self.folder / f"{key}.json"

    def load(self) -> State | None:
        """Read the state; None where there is none to be used."""
        return _load(self.file)

    def save(self, state: State) -> None:
        """Replace the state, whole or not at all. Raises Unwritable."""
        kept = {
            key: value if isinstance(value, str | dict) else sorted(value)
            for key, value in asdict(state).items()
        }
        text = json.dumps({"version": VERSION, **kept}, indent=0)
        temporary = self.file.with_suffix(".tmp")
        try:
            self.folder.mkdir(exist_ok=True)
            (self.folder / ".gitignore").write_text(_IGNORE, "utf-8")
            temporary.write_text(text, "ascii")
            temporary.replace(self.file)
        except OSError as error:
            raise Unwritable(
                f"{self.file}: cannot be written: {error.strerror}"
            ) from error

    def others(self) -> set[str]:
        """Name the documents that other configurations keep in the same output."""
        states = (
            _load(file) for file in self.folder.glob("*.json") if file != self.file
        )
        return {
            path
            for state in states
            if state and state.output == self.output
            for path in state.documents
        }


def _load(file: Path) -> State | None:
    try:
        kept = json.loads(file.read_bytes())
        if kept.pop("version") != VERSION:
            return None
        complaints = {
            str(key): str(value) for key, value in kept.pop("complaints").items()
        }
        output = str(kept.pop("output"))
        sets = {key: frozenset(map(str, values)) for key, values in kept.items()}
        for key in ("documents", "pending"):
            sets[key] = frozenset(_plain(sets[key]))
        return State(output=output, complaints=complaints, **sets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _plain(paths: Iterable[str]) -> Iterable[str]:
    """Believe only what may be the path of a document."""
    for path in paths:
        parts = PurePosixPath(path).parts
        odd = not parts or {"..", "/"} & set(parts) or "\0" in path
        if not odd and PurePosixPath(path).suffix in _SUFFIXES:
            yield path

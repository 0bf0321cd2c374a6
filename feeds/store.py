"""The state folder: what the last build knew; may be lost or damaged at any time.

One file for each configuration and output. It decides nothing on its own: without it the
output's documents tell what the last build wrote.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path

from feeds.errors import Unwritable

FOLDER = ".feeds"
VERSION = 1

_IGNORE = "*\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a build leaves for the next one.

    `documents` is what it wrote, `pending` what it was about to when it stopped; `ids` the
    stories it knew; `complaints` what it said of each bad file, by a digest of the file;
    `names` the configured topics and providers that some record has had.
    """

    documents: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    complaints: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def place(folder: Path, config: Path, output: Path) -> Path:
    """Name the state file of a configuration and an output."""
    names = f"{config.name}\0{os.path.relpath(output.resolve(), folder.resolve())}"
    key = blake2b(os.fsencode(names), digest_size=8).hexdigest()
    return folder / FOLDER / f"{key}.json"


def load(file: Path) -> State | None:
    """Read a state; None where there is none to be used."""
    try:
        kept = json.loads(file.read_bytes())
        if kept.pop("version") != VERSION:
            return None
        complaints = {
            str(key): str(value) for key, value in kept.pop("complaints").items()
        }
        sets = {key: frozenset(map(str, values)) for key, values in kept.items()}
        return State(complaints=complaints, **sets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def save(file: Path, state: State) -> None:
    """Replace a state, whole or not at all. Raises Unwritable."""
    kept = {
        key: value if isinstance(value, dict) else sorted(value)
        for key, value in asdict(state).items()
    }
    text = json.dumps({"version": VERSION, **kept}, indent=0)
    temporary = file.with_suffix(".tmp")
    try:
        file.parent.mkdir(exist_ok=True)
        (file.parent / ".gitignore").write_text(_IGNORE, "utf-8")
        temporary.write_text(text, "ascii")
        temporary.replace(file)
    except OSError as error:
        raise Unwritable(f"{file}: cannot be written: {error.strerror}") from error

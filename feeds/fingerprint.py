"""What a state depends on besides the records: programs, libraries, configuration."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

from feeds.config import Config

# Whatever takes part in turning a record into bytes.
_LIBRARIES = frozenset(
    [
        *(
            "feedgen",
            "ftfy",
            "idna",
            "jinja2",
            "lxml",
            "markdown_it_py",
            "mdurl",
            "msgspec",
            "nh3",
        ),
        *("python_dateutil", "python_slugify", "pyyaml", "text_unidecode", "tzdata"),
        "wcwidth",
    ]
)


def salt(config: Config) -> str:
    """Digest the configuration, the files of this package and the libraries' versions.

    Versions are read off the names of the folders that installers leave beside packages,
    as importlib.metadata would take longer than the rest of a build with nothing to do.
    """
    parts = [config.text, sys.version, *_running()]
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _running() -> tuple[str, ...]:
    """Look once: a process that goes on building does not run what was installed since."""
    return (*_program(), *sorted(versions()))


def _program() -> Iterator[str]:
    root = Path(__file__).parent
    folders = ("render", "store", "templates", "validate")
    for folder in (root, *(root / name for name in folders)):
        with os.scandir(folder) as listing:
            for entry in sorted(listing, key=lambda entry: entry.name):
                if entry.name.endswith(".py") or folder.name == "templates":
                    status = entry.stat()
                    yield f"{entry.name} {status.st_size} {status.st_mtime_ns}"


def versions() -> Iterator[str]:
    """Name the libraries that take part, each with its version."""
    for place in dict.fromkeys(sys.path):
        try:
            names = os.listdir(place or ".")
        except OSError:  # an archive, or not there
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                library = name.partition("-")[0].lower().replace(".", "_")
                if library in _LIBRARIES:
                    yield name

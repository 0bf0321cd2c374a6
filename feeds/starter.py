"""A first feeds.yaml, with a record to publish and the schema that editors complete by."""

from importlib.resources import files
from pathlib import Path

from feeds.config import NAME
from feeds.errors import Mistake, Unwritable

SCHEMA = "feeds.schema.json"


def start(folder: Path, name: str = NAME) -> list[Path]:
    """Write the starter files that are not there yet.

    Raises Mistake where there is a configuration already, and Unwritable.
    """
    starter = files("feeds").joinpath("starting")
    wanted = {
        folder / name: starter.joinpath(NAME).read_bytes(),
        folder / "records" / "sample.md": starter.joinpath("sample.md").read_bytes(),
        folder / SCHEMA: files("feeds").joinpath("schema.json").read_bytes(),
    }
    if (folder / name).exists():
        raise Mistake(f"{folder / name} is there already, nothing was written")
    try:
        return [file for file, content in wanted.items() if _write(file, content)]
    except OSError as error:
        raise Unwritable(
            f"{error.filename}: cannot be written: {error.strerror}"
        ) from error


def _write(file: Path, content: bytes) -> bool:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        return False
    return True

"""Tables and sections of Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_HEADING = "## "


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def update(
    file: Path, title: str, order: Sequence[str], new: Mapping[str, str]
) -> None:
    """Replace sections of a page by their headings; the others stay as they are."""
    sections = {**_sections(file), **new}
    page = [f"# {title}\n"]
    page += [
        f"{_HEADING}{name}\n\n{sections[name]}\n" for name in order if name in sections
    ]
    file.write_text("\n".join(page), "utf-8")


def _sections(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    _title, *sections = f"\n{file.read_text('utf-8')}".split(f"\n{_HEADING}")
    heads = (section.partition("\n") for section in sections)
    return {name: body.strip() for name, _, body in heads}

"""Finding: what is wrong in a document."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What is wrong in a document, and what was expected; line 0 is that of no line.

    A light one is worth saying, and no reason not to publish the document. `record` is
    where the entry comes from, as file:line, if a build knows.
    """

    path: str
    line: int
    what: str
    is_light: bool = False
    record: str = ""

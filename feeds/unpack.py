"""Compressed files: their content piece by piece, however much there is of it.

gzip: <https://www.rfc-editor.org/rfc/rfc1952>, zstd: <https://www.rfc-editor.org/rfc/rfc8878>.
"""

import sys
from collections.abc import Callable, Iterator
from typing import IO

from feeds.errors import Mistake

PIECE = 1 << 18
"""How many bytes are held of a content at a time."""


class Torn(Exception):
    """The content ends too early, or is damaged; its text says how."""


def pieces(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Give the content of a file, unpacked where its name says that it is packed.

    Raises Torn, Mistake where a library is missing, and whatever reading the file does.
    """
    ending = name[name.rfind(".") :].lower()
    read, faults = _KINDS[ending](file, name) if ending in _KINDS else (file.read, ())
    while True:
        try:
            piece = read(PIECE)
        except faults as error:
            what = "ends too early" if isinstance(error, EOFError) else "is damaged"
            raise Torn(f"the {ending[1:]} file {what}") from error
        if not piece:
            return
        yield piece


def _gzip(file: IO[bytes], _name: str) -> "_Kind":
    import gzip  # noqa: PLC0415  (few have such files)
    import zlib  # noqa: PLC0415

    # What comes before a fault is given first: read() would lose up to a piece of it.
    opened = gzip.GzipFile(fileobj=file, mode="rb")
    return opened.read1, (EOFError, gzip.BadGzipFile, zlib.error)


def _zstd(file: IO[bytes], name: str) -> "_Kind":
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415
    except ImportError as missing:
        what = "needs Python 3.14, or: pip install 'backports.zstd>=1.0,<2'"
        raise Mistake(f"{name}: reading .zst files {what}") from missing
    return zstd.ZstdFile(file).read1, (EOFError, zstd.ZstdError)


_Kind = tuple[Callable[[int], bytes], tuple[type[Exception], ...]]
_KINDS: dict[str, Callable[[IO[bytes], str], _Kind]] = {".gz": _gzip, ".zst": _zstd}
PACKED = (*_KINDS,)
"""What the names of compressed files end in."""

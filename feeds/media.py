"""Media types, by tables of our own, and what servers say of pictures.

The system's tables differ by machine.
"""

from typing import NamedTuple

DOCUMENTS = {
    ".rss": "application/rss+xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".json": "application/feed+json",  # is UTF-8 and has no such parameter
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""What documents are served as, by the endings of their names."""

# https://www.iana.org/assignments/media-types/media-types.xhtml#image
_TYPES = {
    "apng": "image/apng",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "ico": "image/vnd.microsoft.icon",
    "jfif": "image/jpeg",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
}
_KNOWN = {name: name for name in _TYPES.values()} | {
    "image/icon": "image/vnd.microsoft.icon",
    "image/jfif": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/svg": "image/svg+xml",
    "image/x-bmp": "image/bmp",
    "image/x-icon": "image/vnd.microsoft.icon",
    "image/x-ms-bmp": "image/bmp",
    "image/x-png": "image/png",
}
# What servers say of a file that they do not know.
_ANYTHING = frozenset(
    {"", "application/octet-stream", "application/x-download", "binary/octet-stream"}
)
_MOST = 1 << 53
"""From here on JSON's numbers are not exact."""


class Measured(NamedTuple):
    """What a server said of a picture: bytes and media type; 0 and "" are unknown."""

    length: int = 0
    media_type: str = ""


UNKNOWN = Measured()


def media_type(url: str) -> str:
    """Tell the media type from an address' ending; a JPEG where that says nothing."""
    path = url.partition("#")[0].partition("?")[0]
    return _TYPES.get(path[path.rfind(".") + 1 :].lower(), "image/jpeg")


def ending(kind: str) -> str:
    """Give an ending that tells of a media type, which `media_type` gave."""
    return next(ending for ending, known in _TYPES.items() if known == kind)


def believed(length: int, said: str) -> Measured:
    """Take from a server's words what may be true of a picture.

    The length of what is no picture, such as a page that says so, is not a picture's.
    """
    name = said.partition(";")[0].strip().lower()
    is_picture = name.startswith("image/") or name in _ANYTHING
    is_length = is_picture and 0 < length < _MOST
    return Measured(length if is_length else 0, _KNOWN.get(name, ""))

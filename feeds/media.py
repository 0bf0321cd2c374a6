"""Media types of pictures, by a table of our own: the system's differs by machine."""

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


def media_type(url: str) -> str:
    """Tell the media type from an address' ending; a JPEG where that says nothing."""
    path = url.partition("#")[0].partition("?")[0]
    return _TYPES.get(path[path.rfind(".") + 1 :].lower(), "image/jpeg")

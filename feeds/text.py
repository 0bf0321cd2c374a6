"""Plain text: the leftovers of scraping mended, and spellings folded so that they meet."""

import re
from unicodedata import combining, normalize

# What XML 1.0 cannot hold, the C1 controls, DEL, the replacement character and the
# non-characters. https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}"
        for plane in range(0x10000, 0x110000, 0x10000)
    )
    + "]"
)
# Only with the closing semicolon: without it `&copy=1` would become a sign.
_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,9}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});"
)
# All that ftfy takes for wrong encoding has one of these letters or a C1 control, or two
# characters side by side that are not ASCII: a curly apostrophe is neither.
_SUSPECT = re.compile(
    r"[^\x00-\x7f](?:(?<=[\x80-\x9f\u00c2\u00c3\u0152\u0153])|[^\x00-\x7f])"
)
# Marks on one letter: to sort them, as NFKC does, takes the square of their number.
_STACK = 100
_STACKED = re.compile(rf"[^\w\s\x00-\x7f]{{{_STACK},}}")


def mend(text: str) -> str:
    """Decode references once, repair the encoding, drop what no reader shows, fold space."""
    if "&" in text:
        text = _REFERENCE.sub(_decoded, text)
    if not text.isascii() and _SUSPECT.search(text):
        text = _encoding_repaired(text)
        text = _STACKED.sub(_unstacked, text)
    if text.isprintable() and "  " not in text and "\ufffd" not in text:
        return text.strip()
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Drop the characters that XML forbids and those that no reader can show."""
    if text.isprintable() and "\ufffd" not in text:
        return text
    return _FORBIDDEN.sub("", text)


def fold(name: str) -> str:
    """Make spellings of one name equal: NFKC, case folding, white space folded."""
    return " ".join(normalize("NFKC", normalize("NFKC", name).casefold()).split())


def visible(text: str) -> str:
    """Escape control characters, so that text from a record cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _unstacked(run: re.Match[str]) -> str:
    return run[0][:_STACK] + "".join(c for c in run[0][_STACK:] if not combining(c))


def _decoded(reference: re.Match[str]) -> str:
    import html  # noqa: PLC0415  (most texts have no reference)
    from html.entities import html5  # noqa: PLC0415

    text = reference[0]
    return html.unescape(text) if text[1] == "#" else html5.get(text[1:], text)


def _encoding_repaired(text: str) -> str:
    # ftfy is slow to import, and most archives need no repair.
    import ftfy  # noqa: PLC0415

    return ftfy.fix_encoding(text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

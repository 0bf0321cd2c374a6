"""Web addresses: which of them may be published, and what makes two of them one story.

Generic syntax: RFC 3986 <https://www.rfc-editor.org/rfc/rfc3986>; international host
names: UTS #46 <https://www.unicode.org/reports/tr46/>; `tag:` URIs: RFC 4151.
"""

import re
from typing import NamedTuple
from urllib.parse import quote

_SHAPE = re.compile(
    r"(?P<scheme>[hH][tT][tT][pP][sS]?)://(?:(?P<user>[^/?#@\\]*)@)?"
    r"(?P<host>[^/?#@:\\\s]+)(?P<port>:0*[0-9]{0,5})?"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_HOST = re.compile(r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_LONGEST_HOST = 1000  # characters, of which punycode leaves 253 at most
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+")
# What the RSS enclosure can carry: a plain host with a dot, and a path.
# https://www.rssboard.org/rss-profile#element-channel-item-enclosure
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ENCLOSABLE = re.compile(rf"(?i)https?://(?:{_LABEL}\.)+{_LABEL}(?::\d+)?(?:/|$)")
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_NAMES = {  # schemes whose names have a form of their own: RFC 8141, RFC 9562, RFC 4151
    "urn": re.compile(
        rf"uuid:{_UUID}|(?!uuid:)[a-zA-Z0-9][a-zA-Z0-9-]{{1,31}}:[\w()+,.:=@;$!*'%-]+",
        re.ASCII,
    ),
    "tag": re.compile(
        r"(?:[a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(?:-\d\d){0,2}:[^#]*(?:#[^#]*)?", re.ASCII
    ),
}
_SCHEMES = frozenset(["urn", "tag", "info", "mid", "cid", "news"])  # that name things
# An address that is fit to publish as it is, and one that is its own normal form but for the
# scheme: most of them. Four labels of 60 are within the limits of a host name.
_CHARACTERS = r"[\w!$&'()*+,;=:@/.~-]*+"
_CLEAN = re.compile(
    r"(https?)://((?:[\w-]{1,60}\.){1,3}[\w-]{1,60})"
    rf"((?:/{_CHARACTERS}(?:%[0-9A-Fa-f]{{2}}{_CHARACTERS})*+)?+)"
    r"((?:\?(?:[\w!$&'()*+,;=:@/.~?-]++|%[0-9A-Fa-f]{2})*+)?+)",
    re.ASCII,
)
_NORMAL = re.compile(
    rf"https?(://(?:[a-z0-9_-]{{1,60}}\.){{1,3}}[a-z0-9_-]{{1,60}}/{_CHARACTERS})",
    re.ASCII,
)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SAFE = "!$&'()*+,;=:@/%-._~"
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
# Closed for ever: a longer list would change the ids of stories already published.
_TRACKERS = frozenset(
    [
        "fbclid",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "mc_cid",
        "mc_eid",
        "igshid",
        "yclid",
        "twclid",
        "ttclid",
        "_hsenc",
        "_hsmi",
    ]
)


class _Parts(NamedTuple):
    """An address in pieces; query and fragment keep their first character."""

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.user}{self.host}{self.port}{''.join(self[4:])}"


def address(text: str) -> str | None:
    """Make an http or https address fit to publish; None where it is no such address.

    The text stays as written but for what no URI may hold: `//host/x` becomes https,
    spaces and non-ASCII are percent-encoded, international hosts become punycode.
    """
    if _CLEAN.fullmatch(text):
        return text
    parts = _split(text)
    return str(parts) if parts else None


def domain(text: str) -> str | None:
    """Name the host of an address or a bare host: lower case, punycode, no `www.`."""
    return (host(text) or "").removeprefix("www.") or None


def host(text: str) -> str | None:
    """Name the host of an address or a bare host: lower case, punycode."""
    if _HOST.fullmatch(text):
        return text.lower().rstrip(".")
    text = text.strip()
    parts = _split(text if "//" in text else f"//{text}")
    if parts is None:
        return None
    return parts.host.lower().rstrip(".")


def normalised(link: str) -> str:
    """Reduce an address to what identifies its story, whichever way it was shared."""
    if (normal := _NORMAL.fullmatch(link)) and "/." not in link:
        return f"https{normal[1]}"
    parts = _canonical(link)
    fragment = parts.fragment if parts.fragment[1:2] in {"!", "/"} else ""
    port = "" if parts.port == ":443" else parts.port
    query = _without_trackers(parts.query)
    return str(
        parts._replace(scheme="https", port=port, query=query, fragment=fragment)
    )


def identity(own: str, site_id: str) -> str:
    """Make a record's id a URI: as it is where it is one, else a `tag:` URI."""
    if "/." not in own and _NORMAL.fullmatch(own):
        return own
    scheme, _, name = own.partition(":")
    scheme = scheme.lower()
    if scheme in {"http", "https"}:
        return str(_canonical(own)) if own == address(own) else tag(own, site_id)
    if not _URI.fullmatch(own) or _STRAY_PERCENT.search(own):
        return tag(own, site_id)
    if scheme in _NAMES and not _NAMES[scheme].fullmatch(name):
        return tag(own, site_id)
    return (
        f"{scheme}:{_ESCAPE.sub(_plain, name)}"
        if scheme in _SCHEMES
        else tag(own, site_id)
    )


def tag(name: str, site_id: str) -> str:
    """Mint a `tag:` URI (RFC 4151) in the name of the site."""
    return f"tag:{site_id},2000:{quote(name, safe='/', errors='replace')}"


def enclosable(url: str) -> bool:
    """Tell whether the RSS enclosure can carry an address."""
    return _ENCLOSABLE.match(url) is not None


def _split(text: str) -> _Parts | None:
    if clean := _CLEAN.fullmatch(text):
        scheme, host, path, query = clean.groups()
        return _Parts(scheme, "", host, "", path, query, "")
    text = re.sub(r"[\t\r\n]", "", text.strip())
    match = _SHAPE.fullmatch(f"https:{text}" if text.startswith("//") else text)
    if match is None or (match["path"] and not match["path"].startswith("/")):
        return None
    host = _host(match["host"])
    # Python refuses to count beyond 4300 digits, zeros among them.
    port = (match["port"] or "").lstrip(":").lstrip("0")
    if host is None or int(port or 0) > 65535:
        return None
    try:
        rest = [
            _encoded(match[name] or "", name) for name in ("path", "query", "fragment")
        ]
        user = f"{_encoded(match['user'], 'user')}@" if match["user"] else ""
    except UnicodeEncodeError:  # a lone surrogate
        return None
    return _Parts(match["scheme"], user, host, match["port"] or "", *rest)


def _host(host: str) -> str | None:
    if len(host) > _LONGEST_HOST:
        return None
    if not host.isascii():
        host = _punycode(host)
    return host if _HOST.fullmatch(host) else None


def _punycode(host: str) -> str:
    import idna  # noqa: PLC0415  (most hosts are ASCII)

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        pass
    try:
        return host.encode("idna").decode("ascii").lower()  # IDNA 2003: emoji domains
    except UnicodeError:
        return ""


def _encoded(part: str, name: str) -> str:
    mark = part[:1] if name in {"query", "fragment"} else ""
    safe = _SAFE if name in {"path", "user"} else f"{_SAFE}?"
    return mark + quote(_STRAY_PERCENT.sub("%25", part[len(mark) :]), safe=safe)


def _canonical(link: str) -> _Parts:
    """Apply RFC 3986 section 6.2.2 and 6.2.3 to a usable address."""
    parts = _split(link)
    assert parts, link
    scheme = parts.scheme.lower()
    port = parts.port.lstrip(":").lstrip("0")
    default = "80" if scheme == "http" else "443"
    path, query, fragment = (_ESCAPE.sub(_plain, part) for part in parts[4:])
    return parts._replace(
        scheme=scheme,
        host=parts.host.lower().rstrip("."),
        port="" if port in {"", default} else f":{port}",
        path=_without_dots(path) or "/",
        query="" if query == "?" else query,
        fragment=fragment,
    )


def _plain(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments, RFC 3986 section 5.2.4."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    closing = "/" if kept and segments[-1] in {".", ".."} else ""
    return "/" + "/".join(kept) + closing


def _without_trackers(query: str) -> str:
    kept = [pair for pair in query[1:].split("&") if not _is_tracker(pair)]
    return "?" + "&".join(kept) if any(kept) else ""


def _is_tracker(pair: str) -> bool:
    name = pair.partition("=")[0]
    return name.startswith("utm_") or name in _TRACKERS

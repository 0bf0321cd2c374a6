"""What is plainly right: nearly all, told at a small part of what the rules would cost.

An entry as it is always written matches one pattern, what a document puts around entries
another. What matches breaks no rule, which a test asserts; what does not, the rules judge.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from feeds.validate.values import DAYS, HISTORY, HOST, MONTHS, REST, SPACES, is_day

# What is well-formed text between tags: no stray `&` (nor a quote that may be an attribute's
# in the content), no end of a CDATA section, nothing that XML forbids.
_STRAY = re.compile(rb"&(?!(?:lt|gt|amp|(?<!=&)quot);)")
_END = re.compile(rb"]]>")
_FORBIDDEN = bytes({*range(32)} - {*b"\t\n"})
_RELATIVE = re.compile(rb'="(?!https?://)(?<=(?:src|ref)=")')
_BATCH = 50
"""How many entries are looked through as one: not more than a processor has at hand."""

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_PARTS = {
    "rel": "(?:related|hub|current|prev-archive|next-archive)",
    "text": r"[^<\s][^<]*+",
    "line": r'[^<"\s][^<"]*+',
    "address": rf"https?://[{HOST}]++(?:[/?#](?:[{REST}]++|&amp;)*+)?+",
    "uri": rf"[A-Za-z][A-Za-z0-9+.-]*+:(?:[{REST}]++|&amp;)++",
    "type": r"[A-Za-z0-9_.+-]++/[A-Za-z0-9_.+-]++",
    "date": rf"((?:{'|'.join(DAYS)}), \d\d (?:{'|'.join(MONTHS)}) \d{{4}}) {_TIME} \+0000",
    "moment": rf"(\d{{4}}-\d\d-\d\d)T{_TIME}\+00:00",
    "size": r'(?: width="\d++")?+(?: height="\d++")?+',
}
_RSS = r"""    <item>
      <title>{text}</title>
      <link>{address}</link>
(?:      <description>{text}</description>
|      <description/>
)?+      <content:encoded>{text}</content:encoded>
      <guid isPermaLink="(?:false|true(?=">{address}<))">(?P<own>{text})</guid>
(?:      <category>{text}</category>
)*+(?:      <enclosure url="{address}" length="\d++" type="{type}"/>
)?+      <pubDate>{date}</pubDate>
      <dc:creator>{text}</dc:creator>
(?:      <atom:updated>{moment}</atom:updated>
)?+(?:      <media:content url="{address}" medium="image"{size}/>
)*+(?:      <media:thumbnail url="{address}"{size}/>
)?+    </item>
"""
_ATOM = r"""  <entry>
    <id>(?P<own>{uri})</id>
    <title>{text}</title>
    <updated>{moment}</updated>
    <author>
      <name>{text}</name>
      <uri>{address}</uri>
    </author>
    <content type="html">{text}</content>
(?:    <link href="{address}" rel="enclosure" type="{type}" length="\d++"/>
)?+    <link href="{address}" rel="alternate" type="text/html"/>
(?:    <link href="{address}" rel="related" title="{line}"/>
)*+(?:    <summary type="html">{text}</summary>
)?+(?:    <category term="{line}" label="{line}"/>
)*+    <published>{moment}</published>
(?:    <media:content url="{address}" medium="image"{size}/>
)*+(?:    <media:thumbnail url="{address}"{size}/>
)?+  </entry>
"""
_TOP = r"""<\?xml version='1\.0' encoding='UTF-8'\?>
(?:<\?xml-stylesheet type="text/css" href="(?:[a-z./]++|{address})"\?>
)?+"""
_RSS_SHELL = r"""<rss{dc}{media}{fh}{atom}{content} version="2.0">
  <channel>
    <title>{text}</title>
    <link>{address}</link>
    <description>{text}</description>
    <atom:link href="(?P<own>{address})" rel="self" type="{type}"/>
(?:    <copyright>{text}</copyright>
)?+    <docs>{text}</docs>
    <generator>{text}</generator>
(?:    <image>
      <url>{address}</url>
      <title>{text}</title>
      <link>{address}</link>
    </image>
)?+(?:    <language>{text}</language>
)?+    <lastBuildDate>{date}</lastBuildDate>
(?:    <managingEditor>{text}</managingEditor>
)?+(?:    <ttl>\d++</ttl>
)?+(?:    <atom:link href="{address}" rel="{rel}"(?: type="{type}")?+/>
)*+(?:    <dc:creator>{text}</dc:creator>
)?+{archive}  </channel>
</rss>
"""
_ATOM_SHELL = r"""<feed{dc}{media}{fh}{default}(?: xml:lang="{line}")?+>
  <id>{uri}</id>
  <title>{text}</title>
  <updated>{moment}</updated>
  <author>
    <name>{text}</name>
(?:    <email>{text}</email>
)?+  </author>
  <link href="(?P<own>{address})" rel="self" type="{type}"/>
(?:  <link href="{address}" rel="{rel}"(?: type="{type}")?+/>
)*+  <link href="{address}" rel="alternate" type="{type}"/>
  <generator>{text}</generator>
(?:  <logo>{address}</logo>
)?+(?:  <rights>{text}</rights>
)?+(?:  <subtitle>{text}</subtitle>
)?+{archive}</feed>
"""


@cache
def _compiled(form: str, fh: str = "", archive: str = "") -> re.Pattern[bytes]:
    spaces = {
        prefix: f' xmlns:{prefix}="{re.escape(space)}"'
        for prefix, space in SPACES.items()
    }
    spaces["default"] = spaces["atom"].replace(":atom", "", 1)
    history = {"fh": fh, "archive": archive}
    return re.compile(form.format(**_PARTS, **spaces, **history).encode())


# `own` is an id, or the address of a document; the other groups are days.
_ENTRIES = {"rss": _RSS, "atom": _ATOM}
_SHELLS = {".rss": _TOP + _RSS_SHELL, ".atom": _TOP + _ATOM_SHELL}
# What says of a document of an archive that it is one.
_HISTORY = f' xmlns:fh="{re.escape(HISTORY)}"', r" *<fh:archive/>\n"


def are_plain(name: str, fragments: Sequence[bytes], ids: Sequence[str]) -> list[bool]:
    """Tell which entries are plainly right, and those of these stories."""
    match, told = _compiled(_ENTRIES[name]).fullmatch, []
    for at in range(0, len(fragments), _BATCH):
        batch = fragments[at : at + _BATCH]
        is_safe = _is_safe(b"".join(batch))
        told += [
            (is_safe or _is_safe(fragment)) and _says(match(fragment), id_)
            for fragment, id_ in zip(batch, ids[at : at + _BATCH], strict=True)
        ]
    return told


def is_plain(ending: str, shell: bytes, address: str) -> bool:
    """Tell whether a document without its entries is plainly right for an address."""
    if ending not in _SHELLS or not _is_clean(shell):
        return False
    is_archive = b"<fh:archive/>" in shell
    pattern = _compiled(_SHELLS[ending], *_HISTORY if is_archive else ())
    return _says(pattern.fullmatch(shell), address)


def _is_safe(text: bytes) -> bool:
    return not _RELATIVE.search(text) and _is_clean(text)


def _is_clean(text: bytes) -> bool:
    if _STRAY.search(text) or _END.search(text):
        return False
    if len(text.translate(None, _FORBIDDEN)) != len(text):
        return False
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        return False
    return "\ufffe" not in characters and "\uffff" not in characters


def _says(found: re.Match[bytes] | None, expected: str) -> bool:
    if found is None:
        return False
    own = found["own"]
    is_expected = own.decode().replace("&amp;", "&") == expected
    return is_expected and all(
        one == own or _is_day(one) for one in found.groups() if one
    )


@lru_cache(1 << 12)
def _is_day(text: bytes) -> bool:
    """Tell whether a day is one, as `2026-01-01` or as `Thu, 01 Jan 2026`."""
    day = text.decode()
    if day[:4].isdigit():
        return is_day(int(day[:4]), int(day[5:7]), int(day[8:]), None)
    return is_day(int(day[12:]), MONTHS.index(day[8:11]) + 1, int(day[5:7]), day[:3])

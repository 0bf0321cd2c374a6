"""Addresses of stores: told apart from paths, and from mistakes, without opening them."""

import re
from pathlib import Path
from typing import TypeAlias

WILD = "*?["

_MARK = "://"
_FORM = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)(/.*)?", re.DOTALL)
_PASSWORD = re.compile(r"(://)[^@\s\"']*:[^@\s\"']*@")
_SECRETS = re.compile(
    r"((?:signature|credential|password|passwd|secret|token|sig|key|keyid)=)[^&\s\"']+",
    re.IGNORECASE,
)
_HERE = frozenset({"file", "local"})
_READ_ONLY = frozenset({"http", "https"})
_SAME = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "ssh": "sftp"}
_DOTS = frozenset({".", ".."})
_NO_PASSWORD = (
    "an address with a password, expected none: it comes from the environment"
)
_EXAMPLE = "expected an address such as s3://bucket/folder/"


class Url(str):
    """The address of a folder at a store, without a slash at its end."""

    __slots__ = ()


Where: TypeAlias = Path | Url
"""Where documents are published: a folder of this machine, or one at a store."""


def is_url(text: str) -> bool:
    """Tell an address from a path; no path in order has two slashes in a row."""
    return _MARK in text


def url(text: str) -> Url:
    """Make one address of all ways to write it."""
    scheme, _, rest = text.partition(_MARK)
    return Url(f"{scheme}{_MARK}{rest.rstrip('/')}")


def scheme(url: str) -> str:
    return url.partition(_MARK)[0]


def flaw(text: str, *, is_target: bool = False) -> str | None:
    """Say what is wrong with an address; it is not quoted, as it may hold a password."""
    form = _FORM.fullmatch(text)
    if not form or "::" in text:
        return f"no address of a store, {_EXAMPLE}"
    scheme, host, path = form[1], form[2], form[3] or "/"
    wrong = {
        f"a path of this machine, expected it without {scheme}://": scheme in _HERE,
        _NO_PASSWORD: _PASSWORD.search(text) or _SECRETS.search(text),
        f"an address of nothing, {_EXAMPLE}": not host + path.strip("/"),
        f"a wildcard before the first folder, {_EXAMPLE}": set(WILD) & set(host),
        'an address with "." or "..", expected a plain one': _DOTS & {*path.split("/")},
    }
    if is_target:
        wrong[f"{scheme}:// can only be read, {_EXAMPLE}"] = scheme in _READ_ONLY
        wrong["an address with a wildcard, expected one folder"] = set(WILD) & set(text)
    return next((what for what, is_so in wrong.items() if is_so), None)


def is_below(url: str, other: str) -> bool:
    """Tell whether an address is another's, or leads to something inside it."""
    return f"{_canonical(url)}/".startswith(f"{_canonical(other)}/")


def start(source: str) -> Url:
    """Give the folder that a glob begins in, or all of what is no glob."""
    head, _, rest = source.partition(_MARK)
    kept: list[str] = []
    for part in rest.split("/"):
        if set(WILD) & set(part):
            break
        kept.append(part)
    return url(f"{head}{_MARK}{'/'.join(kept)}")


def pattern(source: str) -> tuple[str, ...]:
    """Give the parts of a glob after where it begins; nothing for what is no glob."""
    rest = source.removeprefix(start(source)).strip("/")
    return tuple(part for part in rest.split("/") if part)


def masked(text: str) -> str:
    """Leave out what may be a secret in an address that a library quotes."""
    return _SECRETS.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


def _canonical(address: str) -> str:
    name, mark, rest = url(address).partition(_MARK)
    return f"{_SAME.get(name, name)}{mark}{rest}"

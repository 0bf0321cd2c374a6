"""The only door to fsspec <https://filesystem-spec.readthedocs.io/>, and to what it opens.

What a library raises, whichever it is, becomes one of ours; what is not there is None.
Credentials come from the environment, as each library looks for them.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b, md5
from time import time
from typing import IO, Any, NamedTuple, cast

from feeds.errors import FeedsError, Mistake, Unreadable, Unwritable
from feeds.remote.url import masked, scheme

Mark = tuple[int, ...]
"""Size and a digest of what tells a version from any other; empty where nothing does."""

_S3 = frozenset({"s3", "s3a"})
_PAGES = frozenset({"http", "https"})
"""Where folders are listed by pages with links."""

_NEEDED = {
    "s3": ("s3fs", "s3fs>=2025.3", "s3"),
    "s3a": ("s3fs", "s3fs>=2025.3", "s3"),
    "gs": ("gcsfs", "gcsfs>=2025.3", "gcs"),
    "gcs": ("gcsfs", "gcsfs>=2025.3", "gcs"),
    "sftp": ("fsspec and paramiko", "fsspec[ssh]>=2025.3", "sftp"),
    "ssh": ("fsspec and paramiko", "fsspec[ssh]>=2025.3", "sftp"),
    "http": ("fsspec and aiohttp", "fsspec[http]>=2025.3", "http"),
    "https": ("fsspec and aiohttp", "fsspec[http]>=2025.3", "http"),
}
# Where a put is whole or not at all; elsewhere a file is written beside and moved.
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "memory"})
_SIGNS = (
    *("ETag", "etag", "md5Hash", "Content-MD5", "content_md5", "generation", "crc32c"),
)
_TIMES = (
    *("LastModified", "last_modified", "Last-Modified", "mtime", "modified", "updated"),
    "created",
)
_YOUNG = 60.0
"""Seconds in which two versions may have one time, with the clocks of two machines."""

_TURN = threading.RLock()

_PAGE = 1000  # keys, the most that S3 gives
_BLOCK = 1 << 22
_DEEPEST = 100  # folders, one in the other: a server may list itself for ever
_RETRIES = 2  # of s3fs, each with all those of botocore below it


class Stream(NamedTuple):
    """A file that is read in a stream, and a digest of the version it is."""

    file: IO[bytes]
    digest: Callable[[], str]


class Served(NamedTuple):
    """What a store says of a document when it is asked for: its type, and how long it holds."""

    media_type: str
    cache: str | None


def check(url: str) -> None:
    """Make sure that what opens an address is installed. Raises Mistake."""
    name = scheme(url)
    try:
        import fsspec  # noqa: PLC0415  (an extra)

        fsspec.get_filesystem_class(name)
    except ValueError as error:
        raise Mistake(f"{name}:// is none that fsspec knows") from error
    except ImportError as error:
        what, package, extra = _NEEDED.get(name, ("fsspec", "fsspec>=2025.3", ""))
        of = f", the extra feeds[{extra}]" if extra else ""
        more = (
            f" ({error})" if name not in _NEEDED and "fsspec" not in str(error) else ""
        )
        raise Mistake(
            f"{name}:// needs {what}{of}: pip install '{package}'{more}"
        ) from error


class System:
    """What stands below an address, by paths relative to it."""

    def __init__(self, url: str) -> None:
        check(url)
        import fsspec  # noqa: PLC0415

        self.url = url
        with _told(Unreadable, url, "cannot be opened"):
            fs, root = fsspec.url_to_fs(url)
        self._fs: Any = fs
        self._root: str = root.rstrip("/")
        self._slash = "/" if scheme(url) in _PAGES else ""
        self._is_s3 = scheme(url) in _S3
        # What is not made for it may mix up the answers to two requests at once.
        self._turn: AbstractContextManager[object] = (
            nullcontext() if getattr(fs, "async_impl", False) else _TURN
        )
        if self._is_s3:
            fs.retries = min(fs.retries, _RETRIES)

    def listed(self, *, is_file: bool = False) -> Iterator[tuple[str, Mark]]:
        """Give every file below the address; and as "" what may be a file itself.

        One request after the other, so that no more than their answers is held. Raises
        Unreadable wherever it is not complete.
        """
        try:
            with _told(Unreadable, self.url, "cannot be listed"):
                self._fs.invalidate_cache()
                pages = self._pages if self._is_s3 else self._walked
                yield from pages(is_file=is_file)
        except FileNotFoundError as error:
            what = "cannot be listed: it changed meanwhile"
            raise Unreadable(f"{self.url}: {what}") from error

    def content(self, path: str, most: int | None = None) -> bytes | None:
        """Read a file, or one byte more than it may have. Raises Unreadable."""
        place = self._place(path)
        limits = {} if most is None else {"start": 0, "end": most + 1}
        try:
            with self._turn, _told(Unreadable, f"{self.url}/{path}", "cannot be read"):
                return cast(bytes, self._fs.cat_file(place, **limits))
        except FileNotFoundError:
            return None
        except Unreadable as error:
            if "not satisfiable" in str(error).lower():
                return b""  # no part of an empty file can be asked for
            raise

    def stream(self, path: str) -> Stream | None:
        """Open a file to be read in a stream. Raises Unreadable."""
        name, place = f"{self.url}/{path}", self._place(path)
        try:
            with self._turn, _told(Unreadable, name, "cannot be read"):
                file = self._fs.open(place, "rb", block_size=_BLOCK)
                mark = _mark(getattr(file, "details", None) or self._fs.info(place))
        except FileNotFoundError:
            return None
        return Stream(
            cast(IO[bytes], _Told(file, name, self._turn)), lambda: f"{mark or time()}"
        )

    def put(self, path: str, content: bytes, served: Served) -> Mark:
        """Put a file in its place, whole or not at all. Raises Unwritable."""
        place, name = self._place(path), f"{self.url}/{path}"
        with self._turn, _told(Unwritable, name, "cannot be written"):
            try:
                return self._put(place, content, served)
            except FileNotFoundError as error:
                raise Unwritable(f"{self.url}: is missing, make it first") from error

    def remove(self, path: str) -> None:
        """Remove a file. Raises Unwritable."""
        try:
            with (
                self._turn,
                _told(Unwritable, f"{self.url}/{path}", "cannot be removed"),
            ):
                self._fs.rm_file(self._place(path))
        except FileNotFoundError:
            pass

    def asked(self, path: str) -> Mark:
        """Ask for the mark of one file, which no listing told. Raises Unreadable."""
        with self._turn, _told(Unreadable, f"{self.url}/{path}", "cannot be read"):
            return _mark(self._asked(self._place(path)) or {})

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _pages(self, *, is_file: bool) -> Iterator[tuple[str, Mark]]:
        """List by a thousand keys a request, whatever folders they lie in."""
        bucket, key, _version = self._fs.split_path(self._root)
        prefix = f"{key}/" if key else ""
        given: dict[str, Any] = {"Bucket": bucket, "Prefix": key if is_file else prefix}
        given["MaxKeys"] = _PAGE
        page = self._first_page(given)
        while True:
            for one in page.get("Contents", ()):
                if one["Key"].startswith(prefix):
                    yield one["Key"][len(prefix) :], _mark(one)
                elif one["Key"] == key:
                    yield "", _mark(one)
            if not page.get("IsTruncated"):
                return
            if not (token := page.get("NextContinuationToken")):
                raise Unreadable(
                    f"{self.url}: cannot be listed: a list without its end"
                )
            page = self._fs.call_s3("list_objects_v2", **given, ContinuationToken=token)

    def _first_page(self, given: Mapping[str, object]) -> Mapping[str, Any]:
        try:
            return cast(dict[str, Any], self._fs.call_s3("list_objects_v2", **given))
        except FileNotFoundError:  # there is no such bucket
            return {}

    def _walked(self, *, is_file: bool) -> Iterator[tuple[str, Mark]]:
        """List folder by folder."""
        info = self._asked(self._root) if is_file else None
        if info and info["type"] == "file":
            yield "", _mark(info)
            return
        todo = [(self._root, 0)]
        while todo:
            folder, depth = todo.pop()
            for one in self._listing(folder):
                name = str(one["name"]).rstrip("/")
                is_inside = name.startswith(f"{self._root}/") and name != folder
                if is_inside and one["type"] != "directory":
                    yield name[len(self._root) + 1 :], _mark(one)
                elif is_inside and depth < _DEEPEST:
                    todo.append((name, depth + 1))

    def _listing(self, folder: str) -> list[Mapping[str, Any]]:
        try:
            return [*self._fs.ls(f"{folder}{self._slash}", detail=True)]
        except (FileNotFoundError, NotADirectoryError):
            if folder == self._root:
                return []
            raise

    def _asked(self, place: str) -> Mapping[str, Any] | None:
        try:
            return cast(Mapping[str, Any], self._fs.info(place))
        except FileNotFoundError:
            return None

    def _put(self, place: str, content: bytes, served: Served) -> Mark:
        name = scheme(self.url)
        if self._is_s3:
            bucket, key, _version = self._fs.split_path(place)
            said = {"ContentType": served.media_type}
            if served.cache:
                said["CacheControl"] = served.cache
            given = {"Bucket": bucket, "Key": key, "Body": content}
            answer = self._fs.call_s3("put_object", **given, **said)
            return _mark({"ETag": answer.get("ETag"), "size": len(content)})
        if name in _WHOLE:
            self._fs.pipe_file(place, content, **_headers(name, served))
        else:
            folder, _, last = place.rpartition("/")
            beside = f"{folder}/.feeds-{last}"
            self._fs.makedirs(folder, exist_ok=True)
            self._fs.pipe_file(beside, content)
            self._fs.mv(beside, place)
        return _mark(self._fs.info(place))


def plain_mark(content: bytes) -> Mark:
    """Say what mark a content has at a store whose ETag is the MD5 of a file."""
    found = md5(content, usedforsecurity=False).hexdigest()
    return _mark({"ETag": found, "size": len(content)})


def number(*parts: object) -> int:
    """Make a number of 63 bits of what tells things apart, as SQLite can keep it."""
    text = repr(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1


def _headers(name: str, served: Served) -> dict[str, Any]:
    if name in {"gs", "gcs"}:
        fixed = {"fixed_key_metadata": {"cache_control": served.cache}}
        return {"content_type": served.media_type, **(fixed if served.cache else {})}
    if name in {"az", "abfs", "abfss"}:
        settings = {"content_type": served.media_type, "cache_control": served.cache}
        return {"content_settings": settings}
    return {}


def _mark(info: Mapping[str, Any]) -> Mark:
    """Tell one version of a file from any other, by what its store says of it."""
    size = info.get("Size", info.get("size"))
    size = -1 if size is None else int(size)
    for key in _SIGNS:
        if sign := info.get(key):
            return size, number(str(sign).strip('"'))
    when = next(filter(None, map(_seconds, map(info.get, _TIMES))), None)
    return () if when is None or when > time() - _YOUNG else (size, number(when))


def _seconds(when: object) -> float | None:
    """Count the seconds since 1970 of a time in one of the forms that libraries give."""
    if isinstance(when, str):
        with suppress(ValueError):
            when = parsedate_to_datetime(when)
    if isinstance(when, datetime):
        return when.timestamp()
    return float(when) if isinstance(when, float | int) else None


class _Told:
    """A file whose faults are ours."""

    def __init__(
        self, file: Any, name: str, turn: AbstractContextManager[object]
    ) -> None:
        self._file, self._name, self._turn = file, name, turn

    def read(self, size: int = -1) -> bytes:
        with self._turn, _told(Unreadable, self._name, "cannot be read"):
            return cast(bytes, self._file.read(size))


@contextmanager
def _told(kind: type[FeedsError], name: str, what: str) -> Iterator[None]:
    """Turn whatever a library raises into a message; but leave what says that nothing is there."""
    try:
        yield
    except (FeedsError, FileNotFoundError):
        raise
    except Exception as error:
        raise kind(f"{name}: {what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return masked(str(said).splitlines()[0])

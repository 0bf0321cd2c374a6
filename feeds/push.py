"""Hubs are told which documents changed, so that subscribers have them at once.

WebSub <https://www.w3.org/TR/websub/> leaves open how. Hubs agree on the form that came with
PubSubHubbub 0.3: a POST of `hub.mode=publish` and the address, as `hub.url`, by a few as
`hub.topic`; so both are sent. They do not agree on how many addresses go into one POST, and
a hub that knows of one only takes the last and says nothing of the others.
"""

import queue
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException, HTTPMessage, responses
from typing import IO, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from feeds import __version__
from feeds.store import Store, Taken

BUILD = 30.0
"""Seconds that a build may take for it."""

_MANY = {
    "pubsubhubbub.appspot.com": "hub.url",
    "superfeedr.com": "hub.url[]",
    "switchboard.p3k.io": "hub.url[]",
}
"""The field that takes many addresses, at the hubs whose makers say so."""

_BATCH = 50
_PATIENCE = 10.0  # seconds for one answer
_WAITS = (1.0, 2.0)  # seconds before one more try; as many for all addresses together
_REDIRECTS = 3
_NO_ANSWER = "no answer in time"
_READ = 2000  # bytes of an answer
_SHOWN = 200  # characters of it
# Said of the hub, whatever it is asked; 0 is no answer.
_OUT = frozenset({0, 429, 502, 503, 504})
_PASSING = _OUT | {408, 425, 500}


class Said(NamedTuple):
    """What a hub said to some addresses: a status, 0 for no answer, and words.

    `wait` is for how many seconds it asked to be left alone.
    """

    hub: str
    addresses: Sequence[str]
    status: int
    words: str
    wait: float = 0.0

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_last(self) -> bool:
        """Tell whether the hub would say the same of any other address now."""
        return self.status in _OUT or 300 <= self.status < 400


class Told(NamedTuple):
    """What came of telling a hub: the documents it took, and the words for each other."""

    hub: str
    taken: Sequence[str]
    words: str
    missed: Mapping[str, str]

    @property
    def success(self) -> str:
        """Say what a hub took, and what it said to the last of it."""
        return f"{self.hub}: took {addresses(len(self.taken))}: {self.words}"

    @property
    def complaint(self) -> str:
        """Say what a hub did not take, and why, for the first of it."""
        total = addresses(len(self.taken) + len(self.missed))
        (path, words), *others = self.missed.items()
        which = f"{len(self.missed)} of {total}" if self.taken else total
        first = f", the first {path}" if others and self.taken else ""
        return f"{self.hub}: did not take {which}{first}: {words}"


def deliver(
    store: Store, base: str, wanted: Mapping[str, Taken], seconds: float
) -> list[Told]:
    """Tell hubs of documents, and note for later builds what they took.

    Raises Unwritable.
    """
    with store.untold() as untold:
        failing = {name for name, hub in untold.hubs.items() if hub.warned}
    full = {hub: [base + path for path in paths] for hub, paths in wanted.items()}
    taken: dict[str, list[str]] = {hub: [] for hub in wanted}
    words = dict.fromkeys(wanted, "")
    missed = {hub: dict.fromkeys(paths, _NO_ANSWER) for hub, paths in wanted.items()}
    for said in tell(full, seconds, failing):
        paths = [one.removeprefix(base) for one in said.addresses]
        if not said.is_taken:
            # A hub that is out takes none of what is left.
            others = missed[said.hub] if said.is_last else paths
            missed[said.hub] |= dict.fromkeys(others, said.words)
            continue
        with store.untold() as untold:
            untold.told(said.hub, {path: wanted[said.hub][path] for path in paths})
        taken[said.hub] += paths
        words[said.hub] = said.words
        for path in paths:
            del missed[said.hub][path]
    now = time.time()
    with store.untold() as untold:
        for hub, left in missed.items():
            untold.left(hub, left, now)
    return [Told(hub, taken[hub], words[hub], missed[hub]) for hub in wanted]


def addresses(number: int) -> str:
    """Count addresses."""
    return f"{number} address{'' if number == 1 else 'es'}"


def tell(
    wanted: Mapping[str, Sequence[str]], seconds: float, failing: Container[str] = ()
) -> Iterator[Said]:
    """Tell hubs of addresses, all hubs at once; give what each says, as it comes.

    It ends when the seconds do. A hub that was failing before is not asked twice.
    """
    until = time.monotonic() + seconds
    heard: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
    for hub, addresses in wanted.items():
        waits = () if hub in failing else _WAITS
        # Left alone when time is over: no time-out ends the look-up of a name, nor an
        # answer that comes byte by byte.
        threading.Thread(
            target=_tell, args=(hub, addresses, until, waits, heard.put), daemon=True
        ).start()
    left = len(wanted)
    while left:
        try:
            said = heard.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            return
        if said is None:
            left -= 1
        else:
            yield said


def _tell(
    hub: str,
    addresses: Sequence[str],
    until: float,
    waits: Sequence[float],
    put: Callable[[Said | None], object],
) -> None:
    """Tell one hub, until all is said, time is over, or the hub is out."""
    left = iter(waits)
    try:
        for batch in _batches(hub, addresses):
            said = _asked(hub, batch, until, left)
            put(said)
            if said.is_last or time.monotonic() >= until:
                break
    finally:
        put(None)


def _batches(hub: str, addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    size = _BATCH if _field_of_many(hub) else 1
    return (addresses[at : at + size] for at in range(0, len(addresses), size))


def _field_of_many(hub: str) -> str | None:
    """Name the field in which a hub takes many addresses; None where it takes one."""
    host = urlsplit(hub).hostname or ""
    return next(
        (field for name, field in _MANY.items() if f".{host}".endswith(f".{name}")),
        None,
    )


def _asked(
    hub: str, batch: Sequence[str], until: float, waits: Iterator[float]
) -> Said:
    """Tell a hub of a batch, and again while it may come to take it."""
    while True:
        said = _post(hub, batch, min(_PATIENCE, until - time.monotonic()))
        if said.status not in _PASSING:
            return said
        wait = max(next(waits, float("inf")), said.wait)
        if time.monotonic() + wait >= until:
            return said
        time.sleep(wait)


def _post(hub: str, batch: Sequence[str], seconds: float) -> Said:
    many = _field_of_many(hub)
    fields = (
        [(many, one) for one in batch]
        if many
        else [(field, one) for one in batch for field in ("hub.url", "hub.topic")]
    )
    content = urlencode([("hub.mode", "publish"), *fields]).encode()
    request = Request(hub, content, {"User-Agent": f"feeds/{__version__}"})
    try:
        with _OPENER.open(request, timeout=max(seconds, 0.1)) as answer:
            return Said(hub, batch, answer.status, _status(answer.status))
    except HTTPError as error:
        with error:
            wait = error.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isdecimal() else 0.0
            return Said(hub, batch, error.code, _refusal(error), seconds)
    except (OSError, HTTPException, ValueError) as error:
        return Said(hub, batch, 0, _fault(error))


def _refusal(error: HTTPError) -> str:
    """Say why a hub took nothing: in its own words where they are plain."""
    said = _status(error.code)
    if 300 <= error.code < 400:
        there = _line(error.headers.get("Location", "nowhere"))
        return f"{said}: it is at {there} now"
    if error.headers.get_content_type() == "text/plain":
        with suppress(OSError, HTTPException):
            text = _line(error.read(_READ).decode("utf-8", "replace"))
            return f"{said}: {text}" if text else said
    return said


def _status(code: int) -> str:
    return f"{code} {responses.get(code, '')}".strip()


def _fault(error: Exception) -> str:
    """Say why there is no answer."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return _NO_ANSWER
    said = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "")
    return _line(said or str(cause))


def _line(text: str) -> str:
    """Make a line of a text, and not too long a one."""
    return " ".join(text.split())[:_SHOWN]


class _Redirects(HTTPRedirectHandler):
    """Goes where a hub says that it is, if that is still the hub, and with the same POST.

    What a 301 or 302 makes of a POST differs by client; most would ask for a page instead,
    and take that for success.
    """

    max_redirections = _REDIRECTS

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],  # noqa: ARG002
        code: int,
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,
    ) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        is_kept = code in {307, 308} and new.hostname == old.hostname
        if not is_kept or new.scheme not in {old.scheme, "https"}:
            return None
        return Request(newurl, req.data, dict(req.headers))


_OPENER = build_opener(_Redirects)

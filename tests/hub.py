"""WebSub <https://www.w3.org/TR/websub/>: a hub and a subscriber, small and real.

Section numbers are those of the recommendation.
"""

import hmac
import json
import re
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from lxml import etree, html

TIMEOUT = 10
TYPES = {
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".json": "application/feed+json",
    ".html": "text/html",
}


class Handler(BaseHTTPRequestHandler):
    """One request: what is done is the server's."""

    def do_GET(self):
        self.answer(self.server.get, self.path)

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(self.server.post, self.path, self.headers, content)

    def answer(self, act, *asked):
        status, body, *headers = act(*asked)
        if status is None:  # hangs up without a word
            return
        if isinstance(status, bytes):
            self.wfile.write(status)
            return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """A server on loopback; port 0 is one of the system's choice."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, handler=Handler, port=0):
        super().__init__(("127.0.0.1", port), handler)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """Whoever asked is gone."""

    def get(self, path):
        return 405, b""

    def post(self, path, headers, content):
        return 405, b""

    @contextmanager
    def running(self):
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


@dataclass
class Subscription:
    """Who is told of a topic, until when (5.3.1), and what was sent last."""

    callback: str
    topic: str
    secret: str | None
    until: float = 0.0
    last: bytes = b""


class Hub(Server):
    """Verifies intent, keeps leases, distributes what changed, signed where asked for.

    `faults` are what it answers to publishers first: a status, several parts of an answer,
    or a call; `pinged` is every form that a publisher sent.
    """

    LEASE = 600

    def __init__(self, *faults, port=0):
        super().__init__(port=port)
        self.faults, self.pinged, self.idle = [*faults], [], threading.Condition()
        self.subscriptions, self.busy = {}, 0

    @property
    def told(self):
        """The addresses that publishers named, in order."""
        return [value for form in self.pinged for name, value in form if "url" in name]

    def post(self, path, headers, content):
        form = parse_qsl(content.decode())
        fields = dict(form)
        mode = fields.get("hub.mode")
        if headers["Content-Type"] != "application/x-www-form-urlencoded":
            return 400, b"no form"
        if mode in {"subscribe", "unsubscribe"}:
            self.later(self.verify, fields)
            return 202, b""
        if mode != "publish":
            return 400, b"no such mode"
        self.pinged.append(form)
        if self.faults:
            fault = self.faults.pop(0)
            fault = fault() if callable(fault) else fault
            return fault if isinstance(fault, tuple) else (fault, b"")
        for topic in dict.fromkeys(value for name, value in form if "url" in name):
            self.later(self.distribute, topic)
        return 202, b""

    def later(self, act, *what):
        """Do it after the answer, as hubs do."""

        def work():
            try:
                act(*what)
            finally:
                with self.idle:
                    self.busy -= 1
                    self.idle.notify_all()

        with self.idle:
            self.busy += 1
        threading.Thread(target=work, daemon=True).start()

    def settle(self):
        """Wait until all is done that was begun."""
        with self.idle:
            assert self.idle.wait_for(lambda: not self.busy, TIMEOUT)

    def verify(self, fields):
        """5.3: a subscription holds, or ends, once its callback says so too."""
        challenge = secrets.token_urlsafe()
        lease = min(int(fields.get("hub.lease_seconds", self.LEASE)), self.LEASE)
        asked = {
            "hub.mode": fields["hub.mode"],
            "hub.topic": fields["hub.topic"],
            "hub.challenge": challenge,
            "hub.lease_seconds": lease,
        }
        callback = fields["hub.callback"]
        joint = "&" if "?" in callback else "?"
        try:
            with urlopen(f"{callback}{joint}{urlencode(asked)}", timeout=5) as answer:
                if answer.read().decode() != challenge:
                    return
        except HTTPError as error:
            error.close()
            return
        key = fields["hub.topic"], callback
        if fields["hub.mode"] == "unsubscribe":
            self.subscriptions.pop(key, None)
            return
        before = self.subscriptions.get(key)
        self.subscriptions[key] = Subscription(
            callback=callback,
            topic=fields["hub.topic"],
            secret=fields.get("hub.secret"),
            until=time.monotonic() + lease,
            last=before.last if before else fetched(fields["hub.topic"])[1],
        )

    def distribute(self, topic):
        """7: the whole of it, with its media type, to whoever has not got this version."""
        try:
            media_type, content = fetched(topic)
        except URLError:
            return
        for one in [*self.subscriptions.values()]:
            if (
                one.topic != topic
                or one.until < time.monotonic()
                or one.last == content
            ):
                continue
            headers = {
                "Content-Type": media_type,
                "Link": f'<{self.address}>; rel="hub", <{topic}>; rel="self"',
            }
            if one.secret:
                headers["X-Hub-Signature"] = signature(one.secret, content)
            with urlopen(Request(one.callback, content, headers), timeout=5):
                one.last = content


def signature(secret, content, algorithm="sha256"):
    """7.1: so that a subscriber knows who sent it."""
    digest = hmac.new(secret.encode(), content, algorithm)
    return f"{algorithm}={digest.hexdigest()}"


def fetched(address):
    with urlopen(address, timeout=5) as answer:
        return answer.headers["Content-Type"], answer.read()


@dataclass
class Discovered:
    """What a resource says of itself (4): where it is, and its hubs."""

    topic: str | None = None
    hubs: list[str] = field(default_factory=list)


def discovered(address):
    """4: header fields first, and only without any what the document says."""
    with urlopen(address, timeout=5) as answer:
        fields, content = answer.headers, answer.read()
    links = [
        (rel, where)
        for one in fields.get_all("Link", [])
        for where, rel in re.findall(r'<([^>]*)>;\s*rel="?([\w-]+)"?', one)
    ]
    if not links and "json" in fields["Content-Type"]:
        # Not of WebSub but of JSON Feed: https://www.jsonfeed.org/version/1.1/
        feed = json.loads(content)
        hubs = [("hub", hub["url"]) for hub in feed["hubs"] if hub["type"] == "WebSub"]
        links = [("self", feed["feed_url"]), *hubs]
    elif not links:
        is_page = "html" in fields["Content-Type"]
        tree = (html if is_page else etree).fromstring(content)
        found = tree.xpath("//*[local-name() = 'link'][@rel and @href]")
        links = [(one.get("rel"), one.get("href")) for one in found]
    topics = [where for rel, where in links if rel == "self"]
    assert len(topics) < 2, "exactly one self"
    hubs = [where for rel, where in links if rel == "hub"]
    return Discovered(topics[0] if topics else None, hubs)


class Subscriber(Server):
    """Subscribes to what it discovers, and keeps what it is sent and can believe."""

    def __init__(self):
        super().__init__()
        self.secret, self.path = secrets.token_hex(), f"/{secrets.token_hex()}"
        self.wanted, self.got, self.leases = set(), [], {}

    def subscribe(self, address, mode="subscribe", **more):
        """5.1: at the first hub that the address names."""
        found = discovered(address)
        self.wanted.add((mode, found.topic))
        form = {
            "hub.mode": mode,
            "hub.topic": found.topic,
            "hub.callback": self.callback(found.topic),
            "hub.secret": self.secret,
            **{f"hub.{name}": value for name, value in more.items()},
        }
        with urlopen(found.hubs[0], urlencode(form).encode(), timeout=5) as answer:
            assert answer.status == 202
        return found

    def callback(self, topic):
        return f"{self.address[:-1]}{self.path}?{urlencode({'topic': topic})}"

    def get(self, path):
        """5.3.1: only what was asked for is confirmed."""
        fields = dict(parse_qsl(urlsplit(path).query))
        asked = fields["hub.mode"], fields["hub.topic"]
        if asked not in self.wanted or urlsplit(path).path != self.path:
            return 404, b""
        self.wanted.discard(asked)
        self.leases[fields["hub.topic"]] = int(fields["hub.lease_seconds"])
        return 200, fields["hub.challenge"].encode()

    def post(self, path, headers, content):
        """7.1.2: what is not signed as agreed is ignored, and answered all the same."""
        signed = headers.get("X-Hub-Signature", "")
        if hmac.compare_digest(signed, signature(self.secret, content)):
            topic = dict(parse_qsl(urlsplit(path).query))["topic"]
            self.got.append((topic, headers["Content-Type"], content))
        return 202, b""


class Files(SimpleHTTPRequestHandler):
    """What a web server does that was told nothing of hubs."""

    extensions_map = TYPES

    def log_message(self, *args):
        pass


def serving(folder):
    """Serve a folder, as yet to be, on loopback."""
    return Server(partial(Files, directory=str(folder))).running()

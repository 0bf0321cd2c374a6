"""Chromium, driven over a pipe by the protocol that its developer tools speak.

<https://chromedevtools.github.io/devtools-protocol/>; no driver and no library is between.
What other hosts would answer is answered here: pictures are drawn, all else fails.
"""

import json
import os
import select
import subprocess
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from zlib import crc32

# axe-core as it was released, under the MPL; `npm pack axe-core` has the next one.
AXE = Path(__file__).with_name("axe.min.js")
PATIENCE = 60.0  # seconds
PHONE = 600  # pixels: what is less wide is one

# The protocol is spoken on 3 and 4; what a browser tells its terminal is of no use.
_SPEAK = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'
_FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio"),
    # Whatever might not be answered here must not reach the network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def running(chromium):
    """Start a browser, and end it."""
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*_FLAGS]
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["sh", "-c", _SPEAK, "sh", chromium, *flags, f"--user-data-dir={profile}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )
        browser = Browser(process)
        with process:
            try:
                yield browser
            finally:
                with suppress(OSError):
                    browser.say("Browser.close")
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()


class Browser:
    """A running browser; what it opens are pages."""

    def __init__(self, process):
        self._process = process
        self._numbers = count(1)
        self._rest = b""
        self._pages = {}

    @contextmanager
    def page(self, address, width=1280, **looks):
        """Open a page in a profile of its own, on a screen of this width."""
        context = self.tell("Target.createBrowserContext")
        made = self.tell("Target.createTarget", url="about:blank", **context)
        session = self.tell("Target.attachToTarget", flatten=True, **made)["sessionId"]
        page = self._pages[session] = Page(self, session, address)
        try:
            page.prepare(width, **looks)
            page.open(address)
            yield page
        finally:
            del self._pages[session]
            self.tell("Target.disposeBrowserContext", **context)

    def tell(self, method, session=None, **params):
        """Ask for something and give the answer; events go to their pages meanwhile."""
        number = self.say(method, session, **params)
        while (message := self.hear()).get("id") != number:
            pass
        assert "error" not in message, (method, message["error"])
        return message["result"]

    def say(self, method, session=None, **params):
        """Ask for something, and wait for no answer."""
        message = {"id": next(self._numbers), "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        return message["id"]

    def hear(self):
        """Read the next message, and hand it to its page if it is an event."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            left = max(end - time.monotonic(), 0)
            assert select.select([self._process.stdout], [], [], left)[0], "silence"
            got = self._process.stdout.read1(1 << 20)
            assert got, "the browser ended"
            self._rest += got
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        page = self._pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.happens(message["method"], message["params"])
        return message


class Page:
    """A tab; it remembers what it asked of other hosts, and what was said of it."""

    def __init__(self, browser, session, address):
        self._browser = browser
        self._session = session
        self._host = urlsplit(address).netloc
        self._is_loaded = False
        self.asked = []
        self.said = []

    def prepare(self, width, *, height=None, scheme="light", script=True, media=""):
        for domain in ("Page", "Runtime", "Log", "Audits"):
            self.tell(f"{domain}.enable")
        self.tell("Fetch.enable", patterns=[{"urlPattern": "*"}])
        self.tell("Emulation.setScriptExecutionDisabled", value=not script)
        is_phone = width < PHONE
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height or (844 if is_phone else 800),
            deviceScaleFactor=1,
            mobile=is_phone,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.tell("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, address):
        self._is_loaded = False
        self.tell("Page.navigate", url=address)
        while not self._is_loaded:
            self._browser.hear()

    def tell(self, method, **params):
        return self._browser.tell(method, self._session, **params)

    def happens(self, event, params):
        match event:
            case "Fetch.requestPaused":
                self._answer(params)
            case "Page.loadEventFired":
                self._is_loaded = True
            case "Log.entryAdded":
                self.said.append(("log", params["entry"]))
            case "Runtime.consoleAPICalled":
                self.said.append(("console", params["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(("exception", params["exceptionDetails"]))
            case "Audits.issueAdded":
                self.said.append(("issue", params["issue"]))

    def ask(self, script):
        """Give what a piece of JavaScript comes to, also where the page may run none."""
        given = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.tell("Runtime.evaluate", **given)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script):
        """Wait until a piece of JavaScript comes to something."""
        end = time.monotonic() + PATIENCE
        while not (found := self.ask(script)):
            assert time.monotonic() < end, script
            time.sleep(0.02)
        return found

    def press(self, key, code):
        given = {"key": key, "windowsVirtualKeyCode": code}
        self.tell("Input.dispatchKeyEvent", type="rawKeyDown", **given)
        self.tell("Input.dispatchKeyEvent", type="keyUp", **given)

    def type(self, text):
        self.tell("Input.insertText", text=text)

    def violations(self):
        """Find what shuts people out: each rule, and the places where it is broken."""
        self.ask(AXE.read_text("utf-8") + ";0")
        found = self.ask("axe.run({resultTypes: ['violations']})")["violations"]
        return [(one["id"], [at["target"] for at in one["nodes"]]) for one in found]

    def picture(self):
        """Take a screenshot of what is in view, as PNG."""
        return b64decode(self.tell("Page.captureScreenshot", format="png")["data"])

    def _answer(self, params):
        url, kind = params["request"]["url"], params["resourceType"]
        given = {"requestId": params["requestId"]}
        if urlsplit(url).netloc == self._host:
            self._browser.say("Fetch.continueRequest", self._session, **given)
            return
        self.asked.append((kind, url))
        if kind == "Image":
            given |= {"responseCode": 200, "body": b64encode(drawn(url)).decode()}
            given["responseHeaders"] = [
                {"name": "Content-Type", "value": "image/svg+xml"}
            ]
            self._browser.say("Fetch.fulfillRequest", self._session, **given)
        else:
            given["errorReason"] = "BlockedByClient"
            self._browser.say("Fetch.failRequest", self._session, **given)


def drawn(address):
    """Draw something in place of a picture, by its address."""
    turn = crc32(address.encode()) % 360
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800">
<linearGradient id="sky" x2="0" y2="1">
<stop stop-color="hsl({turn} 45% 62%)"/>
<stop offset="1" stop-color="hsl({turn + 50} 50% 34%)"/>
</linearGradient>
<rect width="1200" height="800" fill="url(#sky)"/>
<circle cx="{300 + turn * 2}" cy="260" r="110" fill="#fff" fill-opacity=".35"/>
<path d="M0 800L{200 + turn} 420 620 640 {700 + turn} 380 1200 800Z" fill-opacity=".3"/>
</svg>""".encode()

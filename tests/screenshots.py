"""The pictures of README.md, taken from output/; `make screenshots`."""

from pathlib import Path

from feeds.serve import listening
from tests.browser import running
from tests.conftest import tool

ROOT = Path(__file__).parent.parent
SHOTS = {
    "index": ("index.html", {"width": 1120, "height": 980}),
    "phone": ("all.html", {"width": 390, "height": 844, "scheme": "dark"}),
}


def take(browser, address):
    for name, (path, looks) in SHOTS.items():
        with browser.page(address + path, **looks) as page:
            near = "[...document.images].filter((one) => one.y < innerHeight)"
            page.until(f"{near}.every((one) => one.naturalWidth)")
            file = ROOT / "docs" / "images" / f"{name}.png"
            file.write_bytes(page.picture())


if __name__ == "__main__":
    with (
        listening(0) as server,
        server.answering(ROOT / "output"),
        running(tool("chromium")) as browser,
    ):
        take(browser, server.address)

"""Pages in Chromium, from the server of `feeds serve`: what people see, hear and can reach."""

import json

import pytest

from feeds.serve import listening
from tests.browser import running
from tests.conftest import tool
from tests.site import NOW, Site

CONFIG = """\
site:
  title: Machine Vision Watch
  url: https://feeds.example.org/
  home: https://www.example.org/
  description: Computer-vision news, by topic and by provider
  language: en
  copyright: The providers of the stories
records: records
formats: [rss, atom, json]
defaults: {min_quality: 20}
feeds:
  - path: all
  - path: topics/{topic}
  - path: providers/{provider}
  - path: topics/{topic}/{provider}
    only: [AI]
topics: {Nowhere: {}}
"""
WORD = (
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
)
TITLES = [
    "Minneapolis bans the use of facial recognition by police",
    WORD * 2,
    "شرطة مينيابوليس تحظر التعرف على الوجوه",
    "顔認識技術の使用を禁止する条例をミネアポリス市議会が可決した" * 2,
    'A <b>bold</b> claim & its "proof"',
    "https://www.example.org/an/address/that/somebody/took/for/a/title?and=more&" * 2,
    *(f"Story number {number}" for number in range(7, 25)),
]
TOPICS = [
    *("AI", "C++", "Zürich", "日本語", "العربية", "Robots", "Police", "Ethics", "Law"),
    *(f"Topic {number}" for number in range(10, 20)),
    "Natural language processing and all that can be done with it",
]
PROVIDERS = [("Star Tribune", "startribune.com"), ("テック新聞", "tech.example.jp")]
EXCERPT = "The ordinance follows months of lobbying by a coalition of many. " * 3
PICTURES = [f"https://img{n % 2}.example/{n}.jpg?a=1&b=2" for n in range(len(TITLES))]
# The last two are of too little quality.
STORIES = len(TITLES) - 2
FEEDS = 1 + len([*TOPICS, "Nowhere"]) + len(PROVIDERS) + 2
PAGES = ["index.html", "all.html", "topics/nowhere.html", "stats.html"]
SCREENS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]


def a_story(number):
    name, domain = PROVIDERS[number % 2]
    size = [", width: 1200, height: 630", ", width: 300, height: 900", ""][number % 3]
    picture = f'[{{url: "{PICTURES[number]}"{size}}}]'
    some = [TOPICS[number % 5], TOPICS[(number * 3) % len(TOPICS)]]
    return {
        "title": json.dumps(TITLES[number], ensure_ascii=False),
        "webUrl": f"https://{domain}/{number}",
        "publishedDateTime": f"2025-12-{28 - number}T00:00:00Z",
        "quality": 85 - number * 3,
        "provider": f'{{name: "{name}", domain: {domain}}}',
        "topics": json.dumps(TOPICS if number == 2 else some, ensure_ascii=False),
        "excerpt": EXCERPT if number % 4 else None,
        "images": picture if number % 4 != 3 else None,
    }


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    site.configure(CONFIG)
    for number in range(len(TITLES)):
        site.write(f"{number}.md", **a_story(number))
    site.build()
    output = site.folder / "output"
    site.run("stats", "--html", "output/stats.html", "--now", NOW)
    for name in ("rss", "atom"):
        (output / f"{name}.xml").write_bytes((output / f"all.{name}").read_bytes())
    return output


@pytest.fixture(scope="module")
def address(output):
    with listening(0) as server, server.answering(output):
        yield server.address


@pytest.fixture(scope="module")
def browser():
    with running(tool("chromium")) as browser:
        yield browser


def width(page):
    return page.ask("document.documentElement.scrollWidth")


def shown(page, selector):
    """Count the elements that take up room."""
    found = f"[...document.querySelectorAll({json.dumps(selector)})]"
    return page.ask(f"{found}.filter((one) => one.getClientRects().length).length")


@pytest.mark.parametrize(("screen", "scheme"), SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_open_to_everybody(browser, output, address, name, screen, scheme):
    # Stats are a file that is looked at where it was written.
    place = (output / name).as_uri() if name == "stats.html" else address + name
    with browser.page(place, screen, scheme=scheme) as page:
        assert page.violations() == []
        assert width(page) == screen
        page.ask("scrollTo(0, document.documentElement.scrollHeight)")
        assert page.ask("getComputedStyle(document.body).colorScheme") == "light dark"
        is_dark = page.ask("matchMedia('(prefers-color-scheme: dark)').matches")
        assert is_dark == (scheme == "dark")
        assert page.said == []
        assert {kind for kind, _url in page.asked} <= {"Image"}
        hosts = {url.split("/")[2] for _kind, url in page.asked}
        assert hosts <= {"img0.example", "img1.example"}


def test_a_page_looks_right_from_the_disk_too(browser, output):
    with browser.page((output / "index.html").as_uri()) as page:
        assert shown(page, ".feeds > li") == FEEDS
        assert shown(page, ".search") == 1
        assert page.ask("getComputedStyle(document.body).maxWidth") == "992px"
        assert page.said == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zurich", ["Zürich"]),
        ("TRIBUNE ai", ["AI, Star Tribune"]),
        ("العر", ["العربية"]),
        ("本語", ["日本語"]),
        ("vision", ["Machine Vision Watch"]),
        ("nonsense", []),
    ],
)
def test_a_feed_is_found_by_words_of_its_title(browser, address, typed, found):
    with browser.page(address) as page:
        page.ask("document.querySelector('#search').focus()")
        page.type(typed)
        said = "document.querySelector('output').textContent"
        assert page.until(said) == f"{len(found)} of {FEEDS} feeds"
        names = "[...document.querySelectorAll('.feeds > li:not([hidden]) h3')]"
        assert page.ask(f"{names}.map((one) => one.textContent)") == found
        assert shown(page, "main h2") == len(found)
        counts = "document.querySelector('section:not([hidden]) .count')?.textContent"
        assert page.ask(counts) == (str(len(found)) if found else None)
        page.ask("document.querySelector('#search').select()")
        page.press("Delete", 46)
        page.until(f"!{said}")
        assert shown(page, ".feeds > li") == FEEDS


@pytest.mark.parametrize("name", ["index.html", "all.html"])
def test_a_page_is_whole_without_javascript(browser, address, name):
    found = {}
    for script in (True, False):
        with browser.page(address + name, script=script) as page:
            found[script] = shown(page, "main *")
            assert shown(page, ".search") == (script and name == "index.html")
            assert page.said == []
    assert found[False] == found[True] > 100


# What has the focus: its name, whether it is in view, and how wide its outline is.
FOCUS = """(() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  const isSeen = box.left >= 0 && box.right <= innerWidth
    && box.bottom > 0 && box.top < innerHeight && box.width > 1;
  return [one.getAttribute("aria-label") ?? (one.id || one.textContent), isSeen,
    style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)];
})()"""


@pytest.mark.parametrize("screen", [390, 1280])
@pytest.mark.parametrize(
    ("name", "stops"),
    [
        (
            "index.html",
            [
                *("Skip to the list", "All of them as OPML", "search"),
                "Machine Vision Watch",
                *(f"Machine Vision Watch as {one}" for one in ("RSS", "Atom", "JSON")),
                "AI",
            ],
        ),
        (
            "all.html",
            [
                *("Skip to the list", "All feeds of Machine Vision Watch"),
                *("RSS", "Atom", "JSON", *TITLES[:4]),
            ],
        ),
        ("stats.html", ["Records let in, by min_quality", "Records by quality"]),
    ],
)
def test_the_keyboard_reaches_everything(browser, address, name, stops, screen):
    with browser.page(address + name, screen) as page:
        for stop in stops:
            page.press("Tab", 9)
            said, is_seen, outline = page.ask(FOCUS)
            assert (said, is_seen) == (stop, True)
            assert outline >= 2


def test_the_first_stop_skips_to_the_list(browser, address):
    with browser.page(f"{address}all.html") as page:
        page.press("Tab", 9)
        page.tell("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
        page.until("location.hash === '#main'")
        page.press("Tab", 9)
        assert page.ask(FOCUS)[0] == TITLES[0]


@pytest.mark.parametrize("screen", [390, 1280])
def test_pictures_come_when_they_are_near_and_move_nothing(browser, address, screen):
    wanted = {PICTURES[n] for n in range(STORIES) if n % 4 != 3}
    with browser.page(f"{address}all.html", screen) as page:
        page.until("[...document.images].some((one) => one.naturalWidth)")
        assert len(page.asked) < len(wanted)
        height = "document.documentElement.scrollHeight"
        before = page.ask(height)
        page.ask("document.querySelectorAll('img').forEach((i) => i.loading = 'eager')")
        page.until("[...document.images].every((one) => one.naturalWidth)")
        assert sorted(page.asked) == sorted(("Image", url) for url in wanted)
        assert page.ask(height) == before


def test_titles_run_in_their_own_direction(browser, address):
    with browser.page(f"{address}all.html") as page:
        found = page.ask("""Object.fromEntries([...document.querySelectorAll("h2[dir]")]
            .map((one) => [one.textContent, getComputedStyle(one).direction]))""")
        assert found.pop(TITLES[2]) == "rtl"
        assert set(found.values()) == {"ltr"}


def test_what_slips_in_is_not_run(browser, address):
    with browser.page(address) as page:
        page.ask("""document.body.insertAdjacentHTML("beforeend",
            '<img src="feeds.svg" onload="ran = 1"><p style="color: red" id="p">')""")
        page.ask("new Promise((done) => setTimeout(done, 200))")
        assert page.ask("typeof ran") == "undefined"
        assert page.ask("getComputedStyle(p).color") != "rgb(255, 0, 0)"
        page.ask("fetch('https://elsewhere.example/').catch(() => 0)")
        assert page.asked == []
        found = {what["code"] for kind, what in page.said if kind == "issue"}
        assert found == {"ContentSecurityPolicyIssue"}


def test_only_what_serves_on_paper_is_printed(browser, address):
    with browser.page(address, media="print", scheme="dark") as page:
        assert shown(page, ".skip, .search, .subscribe") == 0
        assert shown(page, "h3") == FEEDS
        ink = page.ask("getComputedStyle(document.body).color")
        assert max(map(int, ink.removeprefix("rgb(")[:-1].split(", "))) < 64


@pytest.mark.parametrize(("screen", "scheme"), [(390, "dark"), (1280, "light")])
@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_feed_itself_can_be_read(browser, address, name, screen, scheme):
    entry, date = {"rss": ("item", "pubDate"), "atom": ("entry", "published")}[name]
    with browser.page(f"{address}{name}.xml", screen, scheme=scheme) as page:
        assert page.ask("document.contentType") == "application/xml"
        seen = [f"{entry} > {part}" for part in ("title", date)]
        assert [shown(page, one) for one in seen] == [STORIES] * 2
        assert shown(page, f"{entry} > :not(title, description, summary, {date})") == 0
        assert shown(page, "generator, link, guid, id, ttl") == 0
        root = "document.documentElement"
        # A phone shows what names no viewport as if it were as wide as a desk.
        assert width(page) == page.ask("innerWidth")
        size = page.ask(f"parseFloat(getComputedStyle({root}).fontSize)")
        assert size * screen / width(page) > 15
        paper = page.ask(f"getComputedStyle({root}).backgroundColor")
        assert (
            paper == {"light": "rgb(253, 253, 252)", "dark": "rgb(20, 23, 27)"}[scheme]
        )
        # It has no place to name an icon, so that one at the usual place is asked for.
        said = [what for _kind, what in page.said if "favicon" not in what["url"]]
        assert said == page.asked == []

"""An entry's HTML: it shows what the record says, and never does anything else."""

import html

import pytest
from lxml.html import fragment_fromstring

from feeds.content import content
from feeds.feed import Person
from tests.builders import a_plan, a_record, a_related, an_image

LINK = "https://s.example/news/story"
PROVIDER = Person(name="Name & Sons", uri="https://s.example/")
SIGNATURE = '<p><a href="https://s.example/">Name &amp; Sons</a></p>'
LEAD = "https://c.example/a.jpg?w=1&h=2"


def shown(body="", **fields):
    given = {
        "lead": None,
        "summary": "",
        "related": (),
        "provider": PROVIDER,
        "link": LINK,
    }
    return content(body=body, **{**given, **fields})


def rendered(body, **fields):
    """Give the HTML of a body alone."""
    return shown(body, **fields).removesuffix(SIGNATURE).removesuffix("\n")


def test_all_parts_stand_in_order():
    assert shown(
        "Some *text*.",
        lead=an_image(LEAD, width=30, height=20),
        summary="not shown",
        related=(a_related("Other"), a_related("Third", provider="C & D")),
    ) == "\n".join(
        [
            '<p><img src="https://c.example/a.jpg?w=1&amp;h=2" alt="" width="30"'
            ' height="20"></p>',
            "<p>Some <em>text</em>.</p>",
            '<ul><li><a href="https://b.example/">Other</a> (B)</li>'
            '<li><a href="https://b.example/">Third</a> (C &amp; D)</li></ul>',
            SIGNATURE,
        ]
    )


def test_without_a_body_the_excerpt_is_shown():
    assert shown(summary="In short.") == f"<p>In short.</p>\n{SIGNATURE}"


def test_without_anything_the_provider_is_shown():
    assert shown() == SIGNATURE


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<!-- nothing -->",
        "<svg onload=alert(1)></svg>",
        '<video src="https://e.example/a.mp4"></video>',
    ],
    ids=["script", "comment", "svg", "video"],
)
def test_where_nothing_of_the_body_survives_the_excerpt_is_shown(body):
    assert shown(body, summary="In short.") == f"<p>In short.</p>\n{SIGNATURE}"


@pytest.mark.parametrize(
    "text",
    ["<b>bold</b>", "<script>alert(1)</script>", "a & b", "&amp;", "*no* [link](x)"],
)
def test_text_that_looks_like_markup_shows_as_text(text):
    escaped = html.escape(text, quote=False)
    made = shown(
        summary=text,
        related=(a_related(text, provider=text),),
        provider=Person(name=text, uri="https://s.example/"),
    )
    assert made == "\n".join(
        [
            f"<p>{escaped}</p>",
            f'<ul><li><a href="https://b.example/">{escaped}</a> ({escaped})</li></ul>',
            f'<p><a href="https://s.example/">{escaped}</a></p>',
        ]
    )


def test_an_address_stays_within_its_attribute():
    made = shown(
        lead=an_image('https://c.example/"><script>'),
        related=(a_related(link='https://b.example/"onclick="x'),),
    )
    assert "<script>" not in made
    assert '"onclick' not in made


@pytest.mark.parametrize("url", ["https://c.example/?a='1'&amp;b=%22", "'\"<>&"])
def test_an_address_reads_as_it_was_written(url):
    made = shown(
        lead=an_image(url), summary="<&>", related=(a_related("'\"<>", link=url),)
    )
    tree = fragment_fromstring(made, create_parent="div")
    assert [one.get("src") for one in tree.iter("img")] == [url]
    assert [one.get("href") for one in tree.iter("a")] == [url, PROVIDER.uri]
    assert [one.text for one in tree.iter("a")] == ["'\"<>", PROVIDER.name]
    assert [one.text for one in tree][1] == "<&>"


def test_quotation_marks_are_left_as_they_are_in_text():
    assert shown(summary="'a' \"b\"").startswith("<p>'a' \"b\"</p>")


@pytest.mark.parametrize(
    "body, made",
    [
        ("x <script>alert(1)</script>", "<p>x </p>"),
        ("x <style>p {}</style>", "<p>x </p>"),
        ("<img src=/a.png onerror=alert(1)>", '<img src="https://s.example/a.png">'),
        ('<p onclick="x" style="y" class="z" id="q">t</p>', "<p>t</p>"),
        ('<a href="javascript:alert(1)">x</a>', "<p><a>x</a></p>"),
        ('<a href=" JaVa\tscript:alert(1)">x</a>', "<p><a>x</a></p>"),
        ('<a href="&#106;avascript:alert(1)">x</a>', "<p><a>x</a></p>"),
        ('<a href="data:text/html,x">x</a>', "<p><a>x</a></p>"),
        ('<a href="vbscript:x">x</a>', "<p><a>x</a></p>"),
        ("![x](data:image/png;base64,AAAA)", '<p><img alt="x"></p>'),
        ('<iframe src="https://e.example/"></iframe>x', "x"),
        ("<object data=x></object>y", "<p>y</p>"),
        ('<meta http-equiv=refresh content="0;url=https://e.example/">y', "<p>y</p>"),
        ('<base href="https://e.example/">y', "y"),
        ("<form action=/x><button>go</button></form>y", "go y"),
        (
            '<blockquote cite="javascript:x">t</blockquote>',
            "<blockquote>t</blockquote>",
        ),
        (
            '<img srcset="javascript:x" src="/a.png">',
            '<img src="https://s.example/a.png">',
        ),
        ("bell\u0007 \ufffe rings", "<p>bell  rings</p>"),
    ],
    ids=[
        "script",
        "style",
        "onerror",
        "attributes",
        "javascript",
        "javascript in disguise",
        "javascript escaped",
        "data",
        "vbscript",
        "data image",
        "iframe",
        "object",
        "refresh",
        "base",
        "form",
        "cite",
        "srcset",
        "control characters",
    ],
)
def test_a_body_is_made_harmless(body, made):
    assert "".join(rendered(body).split()) == "".join(made.split())


@pytest.mark.parametrize(
    "body",
    [
        '<svg onload="alert(1)"><a xlink:href="javascript:alert(1)">x</a></svg>',
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<template><script>alert(1)</script></template>",
        "<textarea><img src=x onerror=alert(1)></textarea>",
        "<scr<script>ipt>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "![x](x \"' onerror='alert(1)\")",
    ],
)
def test_no_trick_runs_anything(body):
    made = rendered(body).lower()
    tags = [part.partition(">")[0] for part in made.split("<")[1:]]
    assert not any("=" in tag and " on" in tag.partition('"')[0] for tag in tags)
    assert not any(tag.startswith(("script", "svg", "math", "style")) for tag in tags)
    assert not any("javascript:" in tag for tag in tags)


def test_code_shows_markup_as_text():
    assert rendered("`<script>`") == "<p><code>&lt;script&gt;</code></p>"


@pytest.mark.parametrize(
    "body, made",
    [
        ("# A\n\nb", "<h1>A</h1>\n<p>b</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("~~a~~ **b**", "<p><s>a</s> <strong>b</strong></p>"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
    ],
    ids=["heading", "list", "emphasis", "quotation"],
)
def test_markdown_becomes_html(body, made):
    assert rendered(body) == made


def test_a_table_is_a_table():
    assert "<td>1</td>" in rendered("|a|b|\n|-|-:|\n|1|2|")


@pytest.mark.parametrize(
    "written, made",
    [
        ("https://e.example/x", "https://e.example/x"),
        ("other", "https://s.example/news/other"),
        ("/up?q=1#f", "https://s.example/up?q=1#f"),
        ("../up", "https://s.example/up"),
        ("?page=2", "https://s.example/news/story?page=2"),
        ("#note", "https://s.example/news/story#note"),
        ("//e.example/x", "https://e.example/x"),
        ("<a b>", "https://s.example/news/a%20b"),
        ("https://müller.example/ü", "https://xn--mller-kva.example/%C3%BC"),
    ],
)
def test_addresses_are_absolute(written, made):
    assert rendered(f"[x]({written})") == f'<p><a href="{made}">x</a></p>'
    assert rendered(f"![x]({written})") == f'<p><img src="{made}" alt="x"></p>'


def test_an_address_without_a_scheme_is_https():
    body = "![x](//c.example/a.jpg)"
    assert 'src="https://c.example/a.jpg"' in rendered(body, link="http://s.example/x")


@pytest.mark.parametrize(
    "href", ["mailto:a@b.example", "tel:1", "http://[bad", "//[bad"]
)
def test_a_link_that_is_no_web_address_loses_it(href):
    assert rendered(f'<a href="{href}">x</a>') == "<p><a>x</a></p>"


@pytest.mark.parametrize(
    "body",
    [
        f"![x]({LEAD})",
        f'text\n\n<img src="{LEAD}">',
        f'<img alt="a > b" src="{LEAD}">',
        f'<img title="src=" src="{LEAD.replace("&", "&amp;")}">',
        "![x](//c.example/a.jpg?w=1&h=2)",
        f"[![x]({LEAD})](https://e.example/)",
        f"![x][1]\n\n[1]: {LEAD}",
    ],
    ids=["markdown", "html", "alt", "title", "no scheme", "linked", "reference"],
)
def test_the_lead_image_is_left_out_where_the_body_shows_it(body):
    assert shown(body, lead=an_image(LEAD)).count("<img") == 1


@pytest.mark.parametrize(
    "body, count",
    [
        (f"[x]({LEAD})", 1),
        (f"`![x]({LEAD})`", 1),
        (f'    <img src="{LEAD}">', 1),
        ("![x](https://c.example/b.jpg)", 2),
        (f"![x](/b.jpg 'src=\"{LEAD}\"')", 2),
        ("![x](https://c.example/a.jpg)", 2),
        (f"<!-- ![x]({LEAD}) -->", 1),
    ],
    ids=["link", "code", "indented", "another", "title", "other size", "comment"],
)
def test_the_lead_image_is_shown_where_the_body_does_not(body, count):
    made = shown(body, lead=an_image(LEAD))
    assert made.startswith('<p><img src="https://c.example/a.jpg?w=1&amp;h=2" alt="">')
    assert made.count("<img") == count


def test_a_relative_image_is_the_lead_image_too():
    lead = an_image("https://s.example/a.jpg")
    assert shown("![x](/a.jpg)", lead=lead).count("<img") == 1


def test_a_provider_without_an_address_is_named():
    assert shown(provider=Person(name="[::1]")) == "<p>[::1]</p>"


def entry(record, **rules):
    (feed,) = a_plan(record, defaults=rules).feeds
    (one,) = feed.entries
    return one


FULL = {
    "images": (
        an_image("https://c.example/a.jpg"),
        an_image("https://c.example/b.png"),
    ),
    "related": (a_related(),),
    "summary": "In short.",
}


def test_an_entry_has_its_pictures_everywhere():
    one = entry(a_record(**FULL))
    assert one.enclosure.url == one.images[0].url == "https://c.example/a.jpg"
    assert one.enclosure.media_type == "image/jpeg"
    assert len(one.images) == 2
    assert one.content.count("<img") == 1
    assert one.related == FULL["related"]
    assert "https://b.example/" in one.content


@pytest.mark.parametrize(
    "switch, has",
    [
        ("enclosure", (False, True, True)),
        ("media", (True, False, True)),
        ("inline", (True, True, False)),
    ],
)
def test_each_place_of_a_picture_has_its_switch(switch, has):
    one = entry(a_record(**FULL), images={switch: False})
    assert (one.enclosure is not None, bool(one.images), "<img" in one.content) == has


def test_a_body_keeps_its_own_pictures():
    record = a_record(body="![x](/own.png)", **FULL)
    made = entry(record, images={"inline": False}).content
    assert made.count("<img") == 1
    assert "https://a.example/own.png" in made


def test_related_stories_can_be_left_out():
    one = entry(a_record(**FULL), related=False)
    assert "https://b.example/" not in one.content


@pytest.mark.parametrize(
    "url", ["https://under_score.example/a.jpg", "https://localhost/a.jpg"]
)
def test_an_image_that_an_enclosure_cannot_carry_stays_in_media_and_content(url):
    one = entry(a_record(images=(an_image(url),)))
    assert one.enclosure is None
    assert one.images[0].url == url
    assert url in one.content

"""Front matter of other tools, as their own documentation shows it, read as records."""

import json
import re
from datetime import UTC
from itertools import permutations
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from feeds import shape
from feeds.errors import Mistake
from feeds.fields import PLACEHOLDERS, PRESETS
from feeds.moment import zone
from feeds.parse import parse
from feeds.record import FIELDS, Complaint, Record
from tests.builders import a_config
from tests.site import Site

MOST = 1 << 16
HOME = "https://example.org/"
SITE = {"title": "Site", "url": "https://feeds.example.org/", "home": HOME}
SECRET = "canary/Xq7+T0n=="


def fields(records="records", **given):
    return a_config(fields=given, site=SITE, records=records).fields


def read(text, file="records/s.md", site=UTC, **given):
    """Read one file by such a `fields`."""
    by = fields(**given)
    return parse(text.encode("utf-8", "surrogatepass"), file, site, MOST, by)


def one(text, file="records/s.md", **given):
    (found,) = read(text, file, **given)
    assert isinstance(found, Record), found
    return found


def complaint(text, file="records/s.md", **given):
    (found,) = read(text, file, **given)
    assert isinstance(found, Complaint), found
    return str(found)


def fenced(*lines, body=""):
    return "\n".join(["---", *lines, "---", body])


def mistake(**given):
    with pytest.raises(Mistake) as caught:
        fields(**given)
    return [line.partition(": ")[2] for line in str(caught.value).split("\n")]


def published(folder, preset, files, **more):
    """Build by the real command; give title, link, date, topics and feed of each entry."""
    site = Site(folder)
    records = sorted({name.partition("/")[0] for name in files})
    site.configure(
        json.dumps(
            {
                "site": SITE,
                "records": records,
                "fields": {"preset": preset, **more},
                "feeds": [{"path": "all"}, {"path": "drafts", "status": "draft"}],
            }
        )
    )
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    result = site.build("--strict")
    assert (result.code, result.err.count("rejected")) == (0, 0), result.err
    output = site.output()
    return {
        (path, entry.title): (
            entry.link,
            entry.published.removesuffix("+00:00"),
            [tag.term for tag in entry.get("tags", [])],
        )
        for path in ("all", "drafts")
        for entry in feedparser.parse(output[f"{path}.atom"]).entries
    }


# https://jekyllrb.com/docs/posts/, /docs/front-matter/ and /docs/permalinks/
JEKYLL = {
    "_posts/2011-12-31-new-years-eve-is-awesome.md": """\
---
layout: post
title:  "Welcome to Jekyll!"
---

# Welcome

**Hello world**, this is my first Jekyll blog post.
""",
    "_posts/2008-11-17-blogging-like-a-hacker.md": """\
---
layout: post
title: Blogging Like a Hacker
date: 2015-11-17 16:16:01 -0600
categories: jekyll update
tags: [ruby, static sites]
---
""",
    "_posts/2016-03-01-about.md": """\
---
layout: page
permalink: /about/
title: About
published: false
tags: one two
---
""",
    "_posts/2016-03-02-tokens.md": """\
---
title: Tokens
slug: my-slug
category: Food
permalink: /:categories/:year/:month/:day/:title:output_ext
---
""",
    "_drafts/a-draft-post.md": "---\ntitle: No date yet\n---\n",
    "_data/authors.yml": "- name: x\n",
}


def test_posts_of_jekyll(tmp_path):
    assert published(tmp_path, "jekyll", JEKYLL) == {
        ("all", "Welcome to Jekyll!"): (
            "https://example.org/2011/12/31/new-years-eve-is-awesome.html",
            "2011-12-31T00:00:00",
            [],
        ),
        ("all", "Blogging Like a Hacker"): (
            "https://example.org/jekyll/update/2015/11/17/blogging-like-a-hacker.html",
            "2015-11-17T22:16:01",
            ["ruby", "static sites", "jekyll", "update"],
        ),
        ("all", "Tokens"): (
            "https://example.org/food/2016/03/02/my-slug.html",
            "2016-03-02T00:00:00",
            [],
        ),
        ("drafts", "About"): (
            "https://example.org/about/",
            "2016-03-01T00:00:00",
            ["one", "two"],
        ),
    }


# https://gohugo.io/content-management/front-matter/, /urls/ and /page-bundles/
HUGO = {
    "content/posts/post-1.md": """\
---
date: 2024-02-02T04:14:54-08:00
draft: false
params:
  author: John Smith
title: Example
weight: 10
tags:
- red
- blue
---
""",
    "content/posts/My Second Post.md": """\
+++
date = 2024-02-02T04:14:54-08:00
draft = true
title = 'My First Post'
slug = 'my-first-post'
weight = 10
tags = ['red','blue']
categories = [
  "Development",
]
[params]
author = 'John Smith'
+++

Text.
""",
    "content/posts/spf13.md": """\
+++
title = "spf13-vim 3.0 release and new website"
description = "spf13-vim is a cross platform distribution of vim plugins."
tags = [ ".vimrc", "plugins", "spf13-vim", "vim" ]
date = "2012-04-06"
publishDate = 2012-04-07
url = 'articles/my-first-article'
+++
""",
    "content/posts/my-post/index.md": """\
---
title: Bundle
date: 2024-03-01
images: [cover.jpg, /site.png]
---
""",
    "content/posts/token.md": """\
---
title: Token
date: 2024-03-02
url: /:section/:year/:slug.html
---
""",
    "content/posts/_index.md": "---\ntitle: Posts\n---\n",
}


def test_content_of_hugo(tmp_path):
    assert published(tmp_path, "hugo", HUGO) == {
        ("all", "Example"): (
            "https://example.org/posts/post-1/",
            "2024-02-02T12:14:54",
            ["red", "blue"],
        ),
        ("drafts", "My First Post"): (
            "https://example.org/posts/my-first-post/",
            "2024-02-02T12:14:54",
            ["red", "blue", "Development"],
        ),
        ("all", "spf13-vim 3.0 release and new website"): (
            "https://example.org/articles/my-first-article/",
            "2012-04-07T00:00:00",
            [".vimrc", "plugins", "spf13-vim", "vim"],
        ),
        ("all", "Bundle"): (
            "https://example.org/posts/my-post/",
            "2024-03-01T00:00:00",
            [],
        ),
        ("all", "Token"): (
            "https://example.org/posts/2024/token.html",
            "2024-03-02T00:00:00",
            [],
        ),
    }


# https://docs.getpelican.com/en/latest/content.html
PELICAN = {
    "content/super.md": """\
Title: My super title
Date: 2010-12-03 10:20
Modified: 2010-12-05 19:30
Category: Python
Tags: pelican, publishing
Slug: my-super-post
Authors: Alexis Metaireau, Conan Doyle
Summary: Short version for index and feeds

This is the content of my super blog post.
""",
    "content/category/2012-12-01-review.md": """\
Title: Don't panic: the Größe
Status: draft
Tags: pelican, publishing tool; pelican, bird

Text: with a colon.
""",
    "content/yaml.md": """\
---
title: In fences
date: 2012-12-02
status: hidden
---
""",
    "content/pages/about.md": "Title: About\n\nA page.\n",
}


def test_articles_of_pelican(tmp_path):
    assert published(tmp_path, "pelican", PELICAN) == {
        ("all", "My super title"): (
            "https://example.org/my-super-post.html",
            "2010-12-03T10:20:00",
            ["pelican", "publishing"],
        ),
        ("drafts", "Don't panic: the Größe"): (
            "https://example.org/dont-panic-the-gro%C3%9Fe.html",
            "2012-12-01T00:00:00",
            ["pelican, publishing tool", "pelican, bird"],
        ),
        ("drafts", "In fences"): (
            "https://example.org/in-fences.html",
            "2012-12-02T00:00:00",
            [],
        ),
    }


# https://www.11ty.dev/docs/dates/, /docs/permalinks/ and /docs/collections/
ELEVENTY = {
    "posts/2018-01-01-file.md": "---\ntitle: Dated by its name\ntags: post\n---\n",
    "posts/mypost.md": """\
---
title: My post
date: 2016-01-01
tags: [cat, dog]
permalink: "this-is-a-new-path/subdirectory/testing/index.html"
---
""",
    "posts/2019-05-05/index.md": "---\ntitle: In a folder\ndraft: true\n---\n",
    "posts/none.md": "---\ntitle: No page\ndate: 2016-01-02\npermalink: false\n---\n",
    "posts/posts.json": '{"layout": "post.njk"}',
    "posts/posts.11tydata.json": '{"layout": "post.njk"}',
}


def test_templates_of_eleventy(tmp_path):
    assert published(tmp_path, "eleventy", ELEVENTY) == {
        ("all", "Dated by its name"): (
            "https://example.org/file/",
            "2018-01-01T00:00:00",
            ["post"],
        ),
        ("all", "My post"): (
            "https://example.org/this-is-a-new-path/subdirectory/testing/",
            "2016-01-01T00:00:00",
            ["cat", "dog"],
        ),
        ("drafts", "In a folder"): (
            "https://example.org/2019-05-05/",
            "2019-05-05T00:00:00",
            [],
        ),
        ("drafts", "No page"): (
            "https://example.org/none/",
            "2016-01-02T00:00:00",
            [],
        ),
    }


def test_the_rest_of_an_article_comes_along():
    found = one(PELICAN["content/super.md"], preset="pelican")
    assert found.updated.isoformat() == "2010-12-05T19:30:00+00:00"
    assert found.category == "Python"
    assert found.summary == "Short version for index and feeds"
    assert found.body == "This is the content of my super blog post."


def test_a_page_that_is_not_written_is_a_draft():
    found = one(ELEVENTY["posts/none.md"], "posts/none.md", preset="eleventy")
    assert found.is_draft
    found = one(ELEVENTY["posts/mypost.md"], "posts/mypost.md", preset="eleventy")
    assert not found.is_draft
    assert found.link == "https://example.org/this-is-a-new-path/subdirectory/testing/"


def test_a_permalink_of_tokens_is_filled():
    found = one(
        JEKYLL["_posts/2016-03-02-tokens.md"], "2016-03-02-t.md", preset="jekyll"
    )
    assert found.link == "https://example.org/food/2016/03/02/my-slug.html"


def test_a_picture_in_a_page_bundle_lies_below_its_page():
    file = "content/posts/my-post/index.md"
    found = one(HUGO[file], file, records="content", preset="hugo")
    assert [image.url for image in found.images] == [
        "https://example.org/posts/my-post/cover.jpg",
        "https://example.org/site.png",
    ]
    whole = HUGO[file].replace("cover.jpg", "https://b.example/c.jpg")
    found = one(whole, file, records="content", preset="hugo")
    assert found.images[0].url == "https://b.example/c.jpg"


MINE = ["title: T", "date: 2021-02-03", "permalink: /a/"]
MAPPED = {"publishedDateTime": "date", "webUrl": "permalink", "base": HOME}


def test_single_keys_are_mapped_and_all_others_are_ours():
    found = one(fenced(*MINE, "draft: no", "topics: [AI]", "quality: 7"), **MAPPED)
    assert (found.title, found.link) == ("T", "https://example.org/a/")
    assert (found.id, found.topics, found.quality) == (found.link, ("AI",), 7.0)
    assert found.is_draft


@pytest.mark.parametrize(
    ("wanted", "line", "is_draft"),
    [
        ("live", "live: yes", False),
        ("live", "live: no", True),
        ("live", "other: yes", True),
        (["live", "shown"], "shown: yes", False),
        ({"not": "draft"}, "draft: true", True),
        ({"not": "draft"}, "draft: false", False),
        ({"not": "draft"}, "other: 1", False),
        ({"not": ["draft", "hidden"]}, "hidden: yes", True),
        ({"not": "draft", "default": False}, "other: 1", True),
        ({"from": "live"}, "other: 1", True),
        ({"from": "live", "default": True}, "other: 1", False),
        ({"from": "live", "default": True}, "live: no", True),
        ({"from": "state", "default": True}, "state: Draft", True),
        ({"from": "state"}, "state: published", False),
        ({"default": True}, "other: 1", False),
        ({"default": True}, "published: no", True),
    ],
    ids=str,
)
def test_what_says_that_a_record_is_published(wanted, line, is_draft):
    found = one(fenced(*MINE, line), **MAPPED, published=wanted)
    assert found.is_draft is is_draft


def test_of_a_list_the_first_that_is_there_is_taken():
    lines = ["headline: ''", "name:", "title: T", "seo: {title: S}"]
    text = fenced(*MINE[1:], *lines)
    assert one(text, **MAPPED, title=["headline", "name", "title"]).title == "T"
    assert one(text, **MAPPED, title=["title.deep", "seo.title"]).title == "S"


def test_lists_are_joined():
    text = fenced(*MINE, "tags: [a, b]", "section: c", "x: {y: [b, d]}")
    names = ["tags", "none", "section", "x.y"]
    assert one(text, **MAPPED, topics=names).topics == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("split", "written", "topics"),
    [
        ("space", "a b  c", ("a", "b", "c")),
        ("comma", "a b, c", ("a b", "c")),
        ("comma", "a, b; c", ("a, b", "c")),
        ("comma", "[a b, 'c, d']", ("a b", "c, d")),
        ("space", "", ()),
        (None, "a b, c", ("a b, c",)),
    ],
)
def test_a_text_of_many_names_is_split_where_that_is_asked_for(split, written, topics):
    wanted = {"from": "tags"} | ({"split": split} if split else {})
    assert (
        one(fenced(*MINE, f"tags: {written}"), **MAPPED, topics=wanted).topics == topics
    )


def test_a_provider_is_put_together():
    text = fenced(*MINE, "author: {name: Ada}", "source: www.a.example")
    given = {"name": "author.name", "domain": "source"}
    found = one(text, **MAPPED, provider=given)
    assert (found.provider_name, found.provider) == ("Ada", "a.example")
    found = one(text, **MAPPED, provider="author")
    assert (found.provider_name, found.provider) == ("Ada", "example.org")


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("/a b/", "https://example.org/sub/a%20b/"),
        ("a", "https://example.org/sub/a"),
        ("./a", "https://example.org/sub/a"),
        ("//b.example/x", "https://b.example/x"),
        ("http://b.example/x", "http://b.example/x"),
    ],
)
def test_a_relative_address_is_completed(written, link):
    text = fenced(*MINE[:2], f"permalink: {written}")
    assert one(text, **MAPPED | {"base": "https://example.org/sub"}).link == link


def test_the_addresses_of_pictures_and_related_stories_are_completed():
    related = (
        "{title: R, webUrl: /r}, {title: Q, originalUrl: /q}, {title: Z, webUrl: 1}"
    )
    text = fenced(*MINE, "images: [/a.png, {url: b.png}]", f"related: [{related}]")
    found = one(text, **MAPPED)
    urls = [image.url for image in found.images]
    assert urls == ["https://example.org/a.png", "https://example.org/b.png"]
    assert [story.link for story in found.related] == [
        "https://example.org/r",
        "https://example.org/q",
        "https://example.org/1",
    ]


def test_a_lone_picture_of_a_preset_may_be_a_path():
    text = fenced(*MINE, "image: {path: /a.png, width: 5}")
    (image,) = one(text, preset="jekyll").images
    assert (image.url, image.width) == ("https://example.org/a.png", 5)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("/{year}/{month}/{day}/{slug}/", "https://example.org/2021/02/03/s/"),
        (
            "https://b.example/{title}",
            "https://b.example/the-gr%C3%B6%C3%9Fe",
        ),
        ("{path}.html", "https://example.org/x/y/2020-01-01-s.html"),
        ("{section}/{folder}/{name}", "https://example.org/x/x/y/2020-01-01-s"),
        ("/:year/:title", "https://example.org/2021/the-gr%C3%B6%C3%9Fe"),
        ("pretty", "https://example.org/2021/02/03/s/"),
    ],
)
def test_a_template_gives_an_address_to_what_has_none(url, link):
    text = fenced("title: The Größe!", "date: 2021-02-03")
    file = "records/x/y/2020-01-01-s.md"
    assert one(text, file, **MAPPED, url=url).link == link
    assert one(fenced(*MINE), file, **MAPPED, url=url).link == "https://example.org/a/"


@pytest.mark.parametrize(
    ("records", "file", "path"),
    [
        ("records", "records/a/b.md", "a/b"),
        (["x", "./records/"], "records/a/b.md", "a/b"),
        ("records/*/*.md", "records/a/b.md", "a/b"),
        ("records/a", "records/a/b.md", "b"),
        ("records/a/b.md", "records/a/b.md", "b"),
        (".", "records/a/b.md", "records/a/b"),
        ("../records", "../records/a/b.md", "a/b"),
        ("*", "records/a/index.md", "records/a"),
    ],
)
def test_a_path_is_counted_from_the_source(records, file, path):
    found = one(fenced(*MINE[:2]), file, records=records, **MAPPED, url="{path}")
    assert found.link == f"https://example.org/{path}"


def test_the_day_of_an_address_is_that_of_the_site():
    text = fenced("title: T", "date: 2021-02-03T23:30:00Z")
    by = MAPPED | {"url": "{day}/{slug}"}
    (there,) = read(text, site=zone("Asia/Tokyo"), **by)
    assert there.link == "https://example.org/04/s"


def test_identity_follows_from_the_address_or_the_id():
    made = one(fenced(*MINE[:2]), **MAPPED, url="{slug}?utm_source=x&a=b")
    assert made.id == "https://example.org/s?a=b"
    assert one(fenced(*MINE, "guid: 7"), **MAPPED, id="guid").id == "7"


def test_a_mapping_reads_json_too():
    story = {"title": "T", "date": "2021-02-03", "permalink": "/a", "draft": False}
    text = json.dumps([story, story | {"draft": True}])
    first, second = read(text, "s.json", **MAPPED, published={"not": "draft"})
    assert (first.is_draft, second.is_draft) == (False, True)


def test_records_of_one_file_are_not_given_its_name():
    text = json.dumps({"title": "T", "date": "2021-02-03"})
    assert complaint(text, "s.jsonl", **MAPPED, url="{slug}") == (
        "s.jsonl:1: permalink: missing, expected an http or https address"
    )
    assert one(text, "s.jsonl", **MAPPED, url="{title}").link == "https://example.org/t"


HUGO_LINES = ["title: T", "date: 2021-02-03"]


@pytest.mark.parametrize(
    ("lines", "given", "said"),
    [
        (
            ["title: T"],
            {"preset": "hugo"},
            "2: publishDate or publishdate or pubdate or date: missing,"
            " expected a date with year, month and day, 1900 to 9998",
        ),
        (
            ["title: T", "date: soon"],
            {"preset": "hugo"},
            '3: date: got "soon", expected a date with year, month and day, 1900 to 9998',
        ),
        (
            ["title: T", "Date: 2021-02-03"],
            {
                "publishedDateTime": "date",
                "webUrl": "permalink",
                "url": "https://a.example/{year}/{slug}",
            },
            "2: date: missing, expected a date with year, month and day, 1900 to 9998;"
            ' is "Date" meant to be it?',
        ),
        (
            [*HUGO_LINES, "draft: maybe"],
            {"preset": "hugo"},
            '4: draft: got "maybe", expected true or false',
        ),
        (
            [*HUGO_LINES, "tags: [a]", "categories:", "  - b", "  - {c: d}"],
            {"preset": "hugo"},
            "7: categories: got a mapping, expected a list of names",
        ),
        (
            [*HUGO_LINES, "a: {b: x}"],
            {"preset": "hugo", "quality": "a.b"},
            '4: a.b: got "x", expected a number',
        ),
        (
            [*HUGO_LINES, "source: 'a b'"],
            {"preset": "hugo", "provider": {"domain": "source"}},
            '4: source: got "a b", expected a host name',
        ),
        (
            [*HUGO_LINES, "permalink: '/{{ page.fileSlug }}/'"],
            {"preset": "eleventy"},
            '4: permalink: got "/{{ page.fileSlug }}/", expected an http or https address',
        ),
        (
            [*HUGO_LINES, "permalink: [a]"],
            {"preset": "jekyll"},
            "4: permalink: got a list, expected an http or https address",
        ),
        (
            ["title: '!!!'", "date: 2021-02-03"],
            {"preset": "pelican"},
            "2: url: missing, expected an http or https address",
        ),
        (
            HUGO_LINES,
            {"publishedDateTime": "date"},
            "2: webUrl: missing, expected an http or https address",
        ),
    ],
    ids=str,
)
def test_a_complaint_names_the_field_of_the_file_and_its_line(lines, given, said):
    assert complaint(fenced(*lines), **given) == f"records/s.md:{said}"


@pytest.mark.parametrize("written", ["/:short_year/:title", "/{x}/:title", "/{/:title"])
def test_a_permalink_of_tokens_we_do_not_know_is_rejected(written):
    said = complaint(fenced(*HUGO_LINES, f"permalink: '{written}'"), preset="jekyll")
    assert said.startswith(
        f'records/s.md:4: permalink: got "{written}",'
        " expected an address with none but :basename, :categories, :contentbasename"
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_whole_address_keeps_its_colons(preset):
    key = PRESETS[preset].web_url
    link = "https://b.example/:year/x:y/"
    assert one(fenced(*HUGO_LINES, f"{key}: {link}"), preset=preset).link == link


@pytest.mark.parametrize(
    ("preset", "file"),
    [
        ("jekyll", "_drafts/a.md"),
        ("jekyll", "site/_data/a.yml"),
        ("jekyll", "_config.yml"),
        ("hugo", "content/posts/_index.md"),
        ("hugo", "_index.de.md"),
        ("pelican", "content/pages/a.md"),
        ("eleventy", "_includes/a.md"),
        ("eleventy", "posts/posts.json"),
        ("eleventy", "posts/x.11tydata.json"),
    ],
)
def test_what_is_no_article_is_passed_over(preset, file):
    assert read("nothing", file, preset=preset) == []
    assert len(read("nothing", f"posts/a{Path(file).suffix}", preset=preset)) == 1


def test_a_flaw_names_the_field_of_the_file_too():
    (flaw,) = one(
        fenced(*HUGO_LINES, "images: [/a.png]", "params:", "  images: ['ftp://x/y']"),
        preset="hugo",
    ).flaws
    assert str(flaw) == (
        'records/s.md:6: params.images.url: got "ftp://x/y", expected an http or https address'
    )


NAMES = "expected a field's name, or a list of them"
TOKENS = (
    "expected {categories}, {day}, {folder}, {month}, {name}, {path}, {section},"
    " {slug}, {title}, {year}"
)
HIDDEN = '"secured" is a secret, and is never read'


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "preset",
            "hugoo",
            ': got "hugoo", expected jekyll, hugo, pelican or eleventy;'
            ' did you mean "hugo"?',
        ),
        ("titel", "x", ': no such key; did you mean "title"?'),
        ("weburl", "x", ': no such key; did you mean "webUrl"?'),
        ("title", [], f": got an empty list, {NAMES}"),
        ("title", {"not": "x"}, f": got a mapping, {NAMES}"),
        ("published", {"nto": "x"}, '.nto: no such key; did you mean "not"?'),
        (
            "published",
            {"not": "x", "from": "y"},
            '.not: expected either "from" or "not"',
        ),
        ("topics", {"split": "comma"}, f".from: missing, {NAMES}"),
        (
            "topics",
            {"from": "x", "split": ","},
            '.split: got ",", expected comma or space',
        ),
        ("secured", "x", ": this field is a secret, and is never read"),
        ("title", "secured", f": {HIDDEN}"),
        ("title", ["x", "a.secured"], f": {HIDDEN}"),
        ("published", {"not": "secured"}, f".not: {HIDDEN}"),
        ("topics", {"from": "secured"}, f".from: {HIDDEN}"),
        ("provider", {"name": "secured"}, f".name: {HIDDEN}"),
        (
            "title",
            "a..b",
            ': got "a..b", expected a field\'s name, or several joined by dots',
        ),
        (
            "title",
            ":filename",
            ': ":filename" is not known here, expected a field\'s name',
        ),
        ("slug", ":date", ': ":date" is not known here, expected :filename or :title'),
        ("base", "a.example", ': got "a.example", expected an http or https address'),
        ("base", f"{HOME}?x", ": expected an address without ? and #"),
        ("url", "/{slgu}/", f": {{slgu}} is not known here, {TOKENS}"),
        ("url", "/{slug", f': "{{" is no placeholder, {TOKENS}'),
        ("url", "/:slug/:weekday", f': ":weekday" is not known here, {TOKENS}'),
        (
            "url",
            "/{slug}/",
            ': relative, expected an http or https address, or a "base"',
        ),
        (
            "url",
            "/{year}/",
            ": the same for all records, expected {slug}, {title}, {path} or {name} in it",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_its_key(key, value, said):
    assert mistake(**{key: value}) == [f"fields.{key}{said}"]


def test_a_mistake_has_its_line(tmp_path):
    site = Site(tmp_path)
    site.write()
    site.configure(
        "site: {title: T, url: 'https://a.example/'}\nrecords: records\n"
        "feeds: [{path: all}]\nfields:\n  title:\n    - headline\n    - secured\n"
    )
    result = site.build()
    assert result.code == 2
    assert 'feeds.yaml:7: fields.title: "secured" is a secret' in result.err


def test_the_secret_stays_one_whatever_is_mapped(tmp_path):
    toml = f"+++\ntitle = 'T'\nsecured = '{SECRET}'\n[a]\nsecured = '{SECRET}'\n+++\n"
    meta = f"Title: T\nDate: 2021-02-03\nSecured: {SECRET}\n    {SECRET}\n\nBody"
    for text in (toml, meta, fenced("title: T", f"secured: {SECRET}")):
        assert SECRET not in repr(read(text, preset="pelican", excerpt=["a", "x"]))


def test_a_changed_mapping_is_noticed(tmp_path):
    site = Site(tmp_path)
    site.write("a.md", headline="Other")
    config = (
        "site: {title: T, url: 'https://a.example/'}\n"
        "records: records\nfeeds: [{path: all}]\n"
    )
    site.configure(config)
    site.build()
    assert b"Title of a.md" in site.output()["all.atom"]
    site.configure(f"{config}fields: {{title: headline}}\n")
    site.build()
    assert b"<title>Other</title>" in site.output()["all.atom"]
    assert b"Title of a.md" not in site.output()["all.atom"]


def test_every_command_reads_by_the_mapping(tmp_path):
    published(tmp_path, "hugo", HUGO)
    site = Site(tmp_path)
    assert site.run("check").code == 0
    said = site.run("explain", "content/posts/post-1.md").out
    assert "all: in" in said
    assert re.search(r"^all .*\b4\b", site.run("list").out, re.MULTILINE)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_can_be_written_out(preset):
    """What a preset means, anyone can write, and it is what the schema allows."""
    written = shape.json.decode(shape.json.encode(PRESETS[preset]))
    given = {key: value for key, value in written.items() if value is not None}
    for key in ("published", "topics"):
        if isinstance(given.get(key), dict):
            given[key] = {k: v for k, v in given[key].items() if v is not None}
    assert fields(**given, base=HOME).names == fields(preset=preset).names
    whole = {
        "site": {"title": "T", "url": HOME},
        "records": "r",
        "feeds": [{"path": "all"}],
        "fields": given,
    }
    schema = json.loads(shape.schema())
    assert [*Draft202012Validator(schema).iter_errors(whole)] == []
    assert [*Draft202012Validator(schema).iter_errors(whole | {"fields": {"x": 1}})]


def test_every_field_of_ours_can_be_mapped():
    unread = {"ampWebUrl", "cdnAmpWebUrl", "secured"}
    own = {"preset", "base", "url", "slug"}
    assert {*FIELDS} - unread == {*shape.Fields.__struct_encode_fields__} - own


SCALARS = [
    "",
    " ",
    "x",
    "true",
    "no",
    "draft",
    "0",
    "-1",
    "2021-02-03",
    "/a",
    "//b.example/c",
]
SCALARS += [
    "https://a.example/s",
    "null",
    "a.example",
    "\ud800",
    "http://[",
    "./[x",
    ":title",
]
LEAVES = st.none() | st.booleans() | st.sampled_from(SCALARS)
KEYS = st.sampled_from(["url", "name", "domain", "title", "webUrl", "width"])
INNER = (
    LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(KEYS, LEAVES, max_size=3)
)
VALUES = INNER | st.lists(INNER, max_size=3) | st.dictionaries(KEYS, INNER, max_size=3)
RECORDS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["T", "", None]) | VALUES,
        "webUrl": st.just("https://a.example/s") | VALUES,
        "publishedDateTime": st.just("2021-02-03") | VALUES,
    },
    optional={
        name: VALUES
        for name in [*FIELDS, "titel", "url", "image", "tags", "categories", "draft"]
        if name not in {"secured", "title", "webUrl", "publishedDateTime"}
    },
)
IDENTITY = {
    name: name
    for name in shape.Fields.__struct_encode_fields__
    if name not in {"preset", "base", "url", "slug"}
}


@given(RECORDS, st.sets(st.sampled_from(sorted(IDENTITY))))
def test_a_mapping_of_the_identity_changes_nothing(story, names):
    content = json.dumps(story).encode()
    by = fields(**{name: IDENTITY[name] for name in names})
    assert parse(content, "s.json", UTC, MOST, by) == parse(
        content, "s.json", UTC, MOST
    )


@given(
    RECORDS,
    st.sampled_from(sorted(PRESETS)),
    st.sampled_from(["s.json", "a/index.yaml"]),
)
def test_whatever_a_file_holds_is_a_record_or_a_complaint(story, preset, file):
    theirs = {"date": "2021-02-03", **story}
    theirs |= {"permalink": story["webUrl"], "slug": story["title"]}
    content = json.dumps(theirs).encode()
    by = fields(preset=preset, url="/{title}/{slug}/{categories}")
    assert len(parse(content, file, UTC, MOST, by)) == 1


PIECES = ["---\n", "+++\n", "title: T\n", "Title: T\n", "title = 'T'\n", "date: 2021\n"]
PIECES += ["date: 2021-02-03\n", "url: /:title\n", "permalink: /{\n", "tags: a b\n"]
PIECES += [
    "    more\n",
    "\n",
    "slug: '#?%'\n",
    "images: [a, {path: b}]\n",
    "draft: [x]\n",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.sampled_from(sorted(PRESETS)),
    st.sampled_from(["s.md", "a/index.md", "index.md", "2020-1-1-.md", ".md"]),
)
def test_whatever_front_matter_looks_like_is_a_record_or_a_complaint(
    text, preset, file
):
    (found,) = read(text, file, preset=preset)
    assert found.file == file


@given(st.permutations(["tags: [b]", "title: T", "date: 2021-02-03", "slug: s"]))
def test_the_order_of_their_fields_is_irrelevant(lines):
    assert one(fenced(*lines), preset="hugo") == one(
        fenced("title: T", "slug: s", "date: 2021-02-03", "tags: [b]"), preset="hugo"
    )


def test_the_order_of_the_keys_is_irrelevant():
    found = {
        repr(one(fenced(*MINE), **dict(order)))
        for order in permutations(MAPPED.items())
    }
    assert len(found) == 1


README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_documentation_shows_every_placeholder_and_a_configuration():
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in README
    section = README.partition("## Bring your own content")[2]
    shown = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1]
    assert a_config(shown).fields.preset == "hugo"


def shown(name, value):
    """Write what a preset says of a field as the documentation does."""
    if value is None:
        return "`slug`, `:filename`" if name == "slug" else "ours"
    if isinstance(value, shape.Truth) and value.not_:
        return f"not {shown(name, value.not_)}"
    if isinstance(value, shape.Truth):
        return f"{shown(name, value.from_)}, else true"
    if isinstance(value, shape.Joined):
        return f"{shown(name, value.from_)}, split at {value.split}"
    names = [value] if isinstance(value, str) else value
    return ", ".join(f"`{one}`" for one in names)


def test_the_documentation_says_of_every_preset_what_it_means():
    assert f"| | {' | '.join(f'`{name}`' for name in PRESETS)} |" in README
    for name in shape.Fields.__struct_fields__:
        said = [getattr(preset, name) for preset in PRESETS.values()]
        if any(said):
            written = re.sub("_(.)", lambda part: part[1].upper(), name)
            cells = [f"`{written}`", *(shown(name, value) for value in said)]
            assert f"| {' | '.join(cells)} |" in README

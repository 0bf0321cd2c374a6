"""Folders of records, and what a build finds in them."""

from feeds import config
from feeds.survey import survey

CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: %s
feeds: [{path: all}]
"""
STORY = """\
---
title: %s
webUrl: https://a.example/%s
publishedDateTime: 2021-02-13
---
"""


def write(*files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STORY % (file.stem, file.stem), "utf-8")


def configured(folder, sources="records"):
    file = folder / "feeds.yaml"
    file.write_text(CONFIG % sources, "utf-8")
    return config.load(file)


def found(folder, sources="records", output="output"):
    """Name the files that a build would read, relative to the folder."""
    given = configured(folder, sources)
    output = folder / output
    return survey(given, output, {}, 1).files()

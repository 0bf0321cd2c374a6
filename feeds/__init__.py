"""Publish news records as RSS and Atom feeds.

    seeds/*.md ─read─▶ Records ─select─▶ what goes out, newest first
               ─group─▶ Feeds of Entries ─render─▶ bytes ─write─▶ output/

    cli          options in, messages and exit codes out
    build        one build, step by step; `explain` and `compare` answer questions about it
    config       feeds.yaml → Config; its shape is `shape`, its templates `template`
    record       one mapping → one Record, or the complaint; `frontmatter` and `parse` read it
    read         sources → Records
    plan         the pipeline as one function: `select`, then `group`, then `render`
    path         the addresses of feeds
    feed         Feed and Entry: the model, in Atom's terms; `content` is an entry's HTML
    write        documents → output/
    store        what one build leaves for the next

What values are made of: `text`, `address`, `moment`, `media`.
"""

__version__ = "0.1.0"

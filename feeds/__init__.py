"""Publish news records as RSS and Atom feeds.

    seeds/*.md ─read─▶ Records ─select─▶ what goes out, newest first
               ─group─▶ Feeds of Entries ─render─▶ bytes ─write─▶ output/

    cli          options in, exit codes out; `command` and `ask` are what each command
                 does and says, `terminal` where it says it, `starter` what `init` writes
    several      many sites in one process, each as if alone
    follow       builds that go on: `watch` says when, `serve` shows the output on this machine
    push         hubs are told what changed; `ping` does so by hand
    build        one build, step by step: only what changed; `parallel` spreads the work,
                 `signals` holds back what would end it at a bad moment
    plan         the same as one function, and as what it has to come to;
                 `preview`, `explain` and `compare` answer questions about it,
                 `stats` counts what it has, which `charts` shows as bars and as plots
    config       feeds.yaml → Config; its shape is `shape`, its templates `template`
    record       one mapping → one Record, or the complaint; `frontmatter` and `parse` read
                 it, `many` a file of them in a stream, `unpack` a compressed one
    fields       the front matter of other tools in our names
    survey       sources → files, and which of them changed
    read         files → Records
    select       rules → what goes out, or the rule that kept it in
    group        Records → Feeds: all, per topic, per provider, per pair
    assess       one file → where its records stand in all feeds
    publish      touched feeds → documents, by `render`; `fragments` are their entries
    validate     documents against the rules of their formats; `audit` what is published
    measure      pictures → what their servers say; `probe` is the program that asks,
                 `pictures` what is remembered of them
    path         the addresses of feeds
    feed         Feed and Entry: the model, in Atom's terms; `content` is an entry's HTML,
                 `listing` what the list of all feeds says of one; pages are in templates/
    write        documents → output/
    remote/      records and documents at stores: the same doors, by address
    store        what one build leaves for the next; `fingerprint` says when it is void,
                 `seal` when it is damaged, `untold` what hubs have still to be told

What values are made of: `text`, `address`, `moment`, `media`; a `finding` is what is wrong
in a document; `tangle` knows bodies that no renderer could stand.
"""

__version__ = "0.1.0"

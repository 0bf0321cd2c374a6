"""Bytes that nobody would write, and what must hold for them all the same.

    harness        runs a case, says what is broken, makes it small and saves it
    engine         makes cases: hypothesis, and atheris, which looks for new ways
    records        a record file of any ending
    configuration  feeds.yaml
    state          the state file and the documents, damaged between two builds
    frontmatter    the quick reader against libyaml

Each target has SEEDS to begin with, and `check`, which takes one case.
"""

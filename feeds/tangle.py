"""Markdown that would take very long to render, or grow beyond all measure."""

import re

# What a body may come to; an article of 20,000 words has a tenth of it. Each bound keeps
# markdown-it or nh3, which take the square of one thing or another, below a second.
_MARKS = "<>[]()!*_~`|&\\\n#-=+:'\"%"
_MOST_MARKS = 40_000
_MOST_TAGS = 10_000
_MOST_COPIED = 8_000_000  # characters
_MOST_COMPARED = 1_000_000_000
_MOST_QUOTED = 500_000  # each line that a quote begins with, times all lines
_QUOTE = re.compile(r"^[ \t>*+0-9.)-]*>", re.MULTILINE)
_DEFINITION = re.compile(
    r"""\]:[\s>]*+(?:<[^<>\n]*+>|\S++)"""
    r"""(?:[\s>]++(?:"(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'|\((?:\\.|[^()\\])*+\)))?+""",
    re.DOTALL,
)
# The elements that HTML opens again in each paragraph until they are closed, with their
# attributes where these are plain.
# https://html.spec.whatwg.org/multipage/parsing.html#the-list-of-active-formatting-elements
_REOPENED = re.compile(
    r"<(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])"
    r"""((?:\s++[\w:-]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>]++))?+)*+\s*+/?+>)?+""",
    re.IGNORECASE,
)


def tangled(markdown: str) -> bool:
    """Tell whether Markdown may take very long to render, or grow beyond all measure."""
    tags = markdown.count("<")
    return (
        sum(map(markdown.count, _MARKS)) > _MOST_MARKS
        or markdown.count("\n") * len(_QUOTE.findall(markdown)) > _MOST_QUOTED
        or ("]:" in markdown and _referred(markdown) > _MOST_COPIED)
        or (tags > 0 and _is_tangled_html(markdown, tags))
    )


def _is_tangled_html(markdown: str, tags: int) -> bool:
    blocks = tags + markdown.count("\n")
    # What an article is far from is told without a closer look.
    return (
        tags > _MOST_TAGS
        or (
            blocks * len(markdown) > _MOST_COPIED
            and blocks * _reopened(markdown) > _MOST_COPIED
        )
        or (len(markdown) > _MOST_MARKS and _compared(markdown) > _MOST_COMPARED)
    )


def _compared(markdown: str) -> int:
    """Bound the comparisons of names, were all of it the attributes of one tag."""
    names = re.split(r"[\s/>=]+", markdown)
    return len(names) * len(set(names))


def _referred(markdown: str) -> int:
    """Bound the characters that references to definitions are replaced by."""
    sizes = (len(found[0]) for found in _DEFINITION.finditer(markdown))
    return markdown.count("[") * max(sizes, default=0)


def _reopened(markdown: str) -> int:
    """Bound the characters that are opened again in each paragraph."""
    lone = 0  # of links, only the last is
    others: set[str] = set()
    for tag in _REOPENED.finditer(markdown):
        if not tag[2]:  # it may end anywhere
            return len(markdown)
        if tag[1] in "aA":
            lone = max(lone, len(tag[0]))
        else:
            others.add(tag[0])
    return lone + 3 * sum(map(len, others))  # at most three alike

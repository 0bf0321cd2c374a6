"""Templates: text with `{topic}`, `{provider}` or `{site}` in it, and nothing cleverer."""

import re
from collections.abc import Mapping
from functools import lru_cache

_PIECE = re.compile(r"\{([a-z]*)\}|[{}]")


@lru_cache(1024)
def placeholders(template: str) -> tuple[str, ...]:
    """Name the placeholders in order, each once. Raises ValueError for a lone brace."""
    names = []
    for piece in _PIECE.finditer(template):
        if not piece[1]:
            raise ValueError(f'"{piece[0]}" is no placeholder')
        names.append(piece[1])
    return tuple(dict.fromkeys(names))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values in; a brace in a value stays a brace."""
    return _PIECE.sub(lambda piece: values[piece[1]], template)

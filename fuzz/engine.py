"""Where cases come from: seeds that were edited, and bytes out of nowhere.

hypothesis makes them at random. atheris keeps those that lead to lines of `feeds` no case
has come to before, and edits them further; it has to see the package being imported.
"""

import importlib
import importlib.util
import json
import os
import pkgutil
import re
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from types import ModuleType

NAMES = ["hypothesis", "atheris"]
_WRITTEN = r"""
---\n \n---\n -\x20 ?\x20 :\x20 |\n >-\n &s\x20 *s !!str\x20 !x\x20 %YAML\x201.1\n ...\n <<:\x20
{ } [ ] , " ' # \\ \n \r\n \r \t \x20 \n\x20\x20 \n\n \0 \x7f \x85 \u2028 \ufeff \ud800 \ufffe
\U0010ffff \U00100085 \u0301 \u202e \xe9 \u732b \u0130 \ufb01 \xc2\xa0 \u0663 \x1b[2J
null ~ NO yes true -1 0 1e999 nan -0.0 1_000 99999999999999999999999999999999999999999999
2021-02-13 0001-01-01 9998-12-31T23:59:59-12:00 1\x20Feb\x202021\x2010:00\x20EST 2021-W05
24:00 01/02/2021 10:00 now +99:99 Z
http:// https://a.example/ // http://[::1 http://a:99999/ ftp://a http://xn--a/ javascript:x
http://\xe9.example/%zz data:, @ ? %00 .. / ../x con * **/* aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
&amp; &#0; &#xD800; &#99999999; &lt; & <![CDATA[ ]]> <!-- <script> <p </ <img\x20src=x>
<svg><style> <a\x20href='//b/c'> ** _ ` ~~~\n >\x20 #\x20 [x]( ![ ](< |\x20a\x20|\n|---|\n 1.\x20
title webUrl secured provider topics images related body id path records feeds limit max_age
90\x20days words any only {topic} {provider} {site} {{
\\u0000 \\ud800 \\x \\N NaN Infinity {" ":
"""
TOKENS = [
    word.encode().decode("unicode_escape").encode("utf-8", "surrogatepass")
    for word in _WRITTEN.split()
]
_VALUE = re.compile(rb':[ ]("(?:[^"\\\n]|\\.)*"|[^\n",{}\[\]]*)')
_MANY = 2_000
_MOST = 1 << 16


def _at(data: bytes, where: int) -> int:
    return where * (len(data) + 1) // _MOST


def _put(data: bytes, where: int, token: bytes) -> bytes:
    at = _at(data, where)
    return data[:at] + token + data[at:]


def _overwrite(data: bytes, where: int, token: bytes) -> bytes:
    at = _at(data, where)
    return data[:at] + token + data[at + len(token) :]


def _cut(data: bytes, where: int, token: bytes) -> bytes:
    at = _at(data, where)
    return data[:at] + data[at + len(token) :]


def _flip(data: bytes, where: int, token: bytes) -> bytes:
    at = min(_at(data, where), len(data) - 1)
    mask = 1 << len(token) % 8
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :] if data else data


def _many(data: bytes, where: int, token: bytes) -> bytes:
    return _put(data, where, token * (where % _MANY))


def _value(data: bytes, where: int, token: bytes) -> bytes:
    """Give a field another value."""
    values = [*_VALUE.finditer(data)]
    if not values:
        return data
    start, end = values[where * len(values) // _MOST].span(1)
    return data[:start] + token + data[end:]


def _quoted(data: bytes, where: int, token: bytes) -> bytes:
    """Give a field a text that is well written, in YAML and in JSON."""
    text = token.decode("utf-8", "replace") * (1 + where % 3)
    return _value(data, where, json.dumps(text, ensure_ascii=where % 2 == 0).encode())


def _other(data: bytes, where: int, _token: bytes) -> bytes:
    """Give a field the value of another."""
    values = _VALUE.findall(data)
    return _value(data, where, values[where * 31 % len(values)]) if values else data


def _line(data: bytes, where: int, token: bytes) -> bytes:
    """Drop a line, double it, or bring it elsewhere."""
    lines = data.split(b"\n")
    line = lines.pop(where * len(lines) // _MOST)
    for number in range(len(token) % 3):
        lines.insert((where * 31 + number) % (len(lines) + 1), line)
    return b"\n".join(lines)


def _end(data: bytes, where: int, _token: bytes) -> bytes:
    return data[: _at(data, where)]


EDITS = [_put, _overwrite, _cut, _flip, _many, _end, _line, _line, _value, _value]
EDITS += [_quoted, _other] * 4
Edit = Callable[[bytes, int, bytes], bytes]


def edited(data: bytes, edits: list[tuple[Edit, int, bytes]]) -> bytes:
    """Make a case of a seed."""
    for edit, where, token in edits:
        data = edit(data, where, token)
    return data[:_MOST]


def by_hypothesis(
    target: ModuleType, hunt: Callable[[bytes], None], seconds: float
) -> None:
    """Try cases made at random until the time is over."""
    from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: PLC0415
    from hypothesis import strategies as st  # noqa: PLC0415

    until = time.monotonic() + seconds
    token = st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6))
    place = st.integers(0, _MOST - 1)
    edit = st.tuples(st.sampled_from(EDITS), place, token)
    seeds = st.sampled_from(target.SEEDS)
    # Few edits for the most part: what is wrong in two places is refused for the first.
    few, many = (st.lists(edit, min_size=1, max_size=most) for most in (2, 8))
    cases = [st.builds(edited, seeds, edits) for edits in (few, few, few, many)]
    plainly = settings(
        max_examples=200,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )

    @plainly
    @given(st.one_of(*cases, st.binary()))
    def one(data: bytes) -> None:
        if time.monotonic() < until:
            hunt(data)

    start = time.time_ns()
    for number in count():
        if time.monotonic() >= until:
            return
        seed(start + number)(one)()


def by_atheris(
    target: ModuleType,
    hunt: Callable[[bytes], None],
    seconds: float,
    end: Callable[[], int],
) -> None:
    """Try cases that lead where none has led, until the time is over; never returns."""
    import atheris  # noqa: PLC0415

    until = time.monotonic() + seconds

    def one(data: bytes) -> None:
        if time.monotonic() >= until:
            corpus.cleanup()
            os._exit(end())
        hunt(data)

    def mutated(data: bytes, size: int, number: int) -> bytes:
        random = Random(number)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, size))
        for _ in range(random.choice([1, 1, 2, 4])):
            edit = random.choice(EDITS)
            data = edit(data, random.randrange(_MOST), random.choice(TOKENS))
        return data[:size]

    corpus = tempfile.TemporaryDirectory()
    for number, data in enumerate(target.SEEDS):
        Path(corpus.name, str(number)).write_bytes(data)
    flags = ["-handle_alrm=0", "-timeout=0", "-rss_limit_mb=4096", "-verbosity=0"]
    arguments = [sys.argv[0], *flags, f"-max_len={_MOST}", corpus.name]
    atheris.Setup(arguments, one, custom_mutator=mutated)
    atheris.Fuzz()


def is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def instrumented() -> None:
    """Import all of the package so that atheris sees where a case leads."""
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["feeds"]):
        package = importlib.import_module("feeds")
        for module in pkgutil.walk_packages(package.__path__, "feeds."):
            if module.name != "feeds.__main__":
                importlib.import_module(module.name)

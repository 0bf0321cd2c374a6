"""Builds that follow every edit, of one site or of several, until a signal ends them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from feeds import build as steps
from feeds.command import built, configured, folder_of, place, push, refusable, say
from feeds.config import Config
from feeds.errors import FeedsError, Mistake, Refused, said
from feeds.remote.url import is_url
from feeds.report import Reports
from feeds.several import worst
from feeds.terminal import about, show, tell
from feeds.watch import Places, places, turns
from feeds.watch import place as place_of

_UNASKED: dict[str, Any] = {
    **{"force": False, "jobs": None, "quiet": False, "verbose": False},
    **{"cluster": None, "no_ping": True, "reports": Reports()},
}


class _Turn(NamedTuple):
    """One build of many: the configuration that is in force, and what came of it.

    `config` is None until it could be read; `outcome` is None where `trouble` says what kept
    it from being built, and `code` what the command would have ended with.
    """

    file: Path
    config: Config | None = None
    outcome: steps.Outcome | None = None
    trouble: Sequence[str] = ()
    code: int = 0


class _Wanted(NamedTuple):
    """What every build is asked for, and whether its messages name its site."""

    output: str | None
    now: str | None
    options: dict[str, Any]
    is_named: bool = False

    def folder(self, turn: _Turn) -> Path:
        assert turn.config is not None  # after a build
        return self.watchable(turn.config)

    def watchable(self, config: Config) -> Path:
        """Give the output. Raises Mistake where it or a source is at a store."""
        folder = folder_of(self.output, config)
        far = [source for source in config.sources if is_url(source)]
        if far or not isinstance(folder, Path):
            what = (
                "nothing tells of changes there; run feeds build from cron or a timer"
            )
            raise Mistake(f"{far[0] if far else folder}: {what}")
        return folder

    def places(self, turn: _Turn) -> Places:
        """See what there is to watch for a site."""
        if turn.config is None:
            return place_of(turn.file)
        return places(turn.config, self.folder(turn), self.options["reports"].paths)


def build_on(
    files: Sequence[str | None],
    output: str | None,
    now: str | None,
    options: dict[str, Any],
) -> int:
    """Build, and again whenever there may be something new, until a signal ends it.

    What keeps the first build from it is raised, what keeps another is told. Of several
    sites, also the first is only told; where no site could be built, the worst exit code is
    given.
    """
    wanted = _Wanted(output, now, options, is_named=len(files) > 1)
    if wanted.is_named:
        begun = [_tried(_Turn(Path(file or "")), options, wanted) for file in files]
    else:
        begun = [_first(files[0], wanted)]
    if any(turn.outcome for turn in begun):
        for _turn in _builds(begun, wanted):
            pass
    return worst(turn.code for turn in begun)


def serve(file: str | None, output: str | None, port: int, wait: float) -> None:
    """Serve the output on this machine, and build as `build_on` does."""
    # Slow to import, and no build wants it.
    from feeds.serve import listening  # noqa: PLC0415

    wanted = _Wanted(output, None, _UNASKED | {"wait": wait})
    with listening(port) as server:
        first = _first(file, wanted)
        with server.answering(wanted.folder(first)):
            show([f"serving {server.folder} on {server.address}"])
            for turn in _builds([first], wanted):
                server.folder = wanted.folder(turn)


def _builds(last: list[_Turn], wanted: _Wanted) -> Iterator[_Turn]:
    """Build for ever, and give each build that succeeds."""
    # --force is meant once; and no fork is safe beside threads that watch and serve.
    options = wanted.options | {"force": False, "jobs": 1}
    while True:
        watched = [wanted.places(turn) for turn in last]
        for changes in turns(watched):
            for number, turn in enumerate(last):
                if watched[number].concern(changes) or len(last) == 1:
                    last[number] = _tried(turn, options, wanted)
                    if last[number].outcome:
                        yield last[number]
            if [wanted.places(turn) for turn in last] != watched:
                break


def _first(file: str | None, wanted: _Wanted) -> _Turn:
    """Build; raise what keeps it from being done."""
    config = configured(file)
    wanted.watchable(config)
    how = wanted.output, wanted.now, wanted.options
    outcome = refusable(lambda: built(config, *how), config)
    say(outcome, None, config, wanted.options)
    push(config, wanted.output, wanted.options)
    return _Turn(config.file, config, outcome)


def _tried(last: _Turn, options: dict[str, Any], wanted: _Wanted) -> _Turn:
    """Build; tell what is new, also of what keeps it from being done."""
    config = last.config
    with about(str(last.file) if wanted.is_named else ""):
        try:
            new = configured(str(last.file))
            wanted.watchable(new)
            config = new
            outcome = built(config, wanted.output, wanted.now, options)
            say(outcome, last.outcome, config, options)
        except BrokenPipeError:  # nobody is left to tell
            raise
        except (FeedsError, OSError) as error:
            trouble, code = said(error)
            if isinstance(error, Refused) and config:
                told = (str(place(one, config)) for one in error.complaints)
                trouble = [*told, *trouble]
            if trouble != last.trouble:
                tell(trouble, "error")
            options["reports"].failed(str(last.file), code, trouble)
            return _Turn(last.file, config, None, trouble, code)
        push(config, wanted.output, options, only_news=True)
    return _Turn(last.file, config, outcome)

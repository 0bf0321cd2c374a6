"""A site in a folder, and the real command run on it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
pages: false
feeds:
  - path: all
  - path: topics/{topic}
"""
NOW = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Site:
    """A folder with feeds.yaml and records."""

    folder: Path

    def configure(self, text: str = CONFIG) -> None:
        (self.folder / "feeds.yaml").write_text(text, "utf-8")

    def write(self, name: str = "a.md", /, **fields: object) -> Path:
        """Write a record; None leaves a field out."""
        given = {
            "title": f"Title of {name}",
            "webUrl": f"https://example.org/{name}",
            "publishedDateTime": "2025-01-01T00:00:00Z",
            "published": True,
            "quality": 50,
            "topics": "[AI]",
        } | fields
        lines = [f"{key}: {value}" for key, value in given.items() if value is not None]
        file = self.folder / "records" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(["---", *lines, "---", ""]), "utf-8")
        return file

    def fill(self, count: int, **fields: object) -> None:
        for number in range(count):
            self.write(f"{number:05}.md", **fields)

    def start(self, *args: str, **extra: object) -> subprocess.Popen[str]:
        """Start the command as a user would; --now is given where time matters."""
        command = [sys.executable, "-m", "feeds", *args]
        now = extra.pop("now", NOW)
        if (
            args[0] in {"build", "check", "explain", "list"}
            and "--now" not in args
            and now
        ):
            command += ["--now", str(now)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        environment |= extra.pop("env", {})
        return subprocess.Popen(
            command,
            cwd=extra.pop("cwd", self.folder),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **extra,
        )

    def run(self, *args: str, **extra: object) -> "Result":
        process = self.start(*args, **extra)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return Result(process.returncode, out, err)

    def build(self, *args: str, **extra: object) -> "Result":
        return self.run("build", *args, **extra)

    def output(self) -> dict[str, bytes]:
        """Every file below the output, looked at once more where a build is at work."""
        root = self.folder / "output"
        while True:
            with suppress(FileNotFoundError):
                return {
                    str(file.relative_to(root)): file.read_bytes()
                    for file in sorted(root.rglob("*"))
                    if file.is_file()
                }


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def stop(process: subprocess.Popen[str], how: signal.Signals) -> Result:
    process.send_signal(how)
    out, err = process.communicate(timeout=10)
    return Result(process.returncode, out, err)

"""Pages whose examples run: the blocks of a Markdown page in order, in one folder and one namespace.

``python`` and ``pycon`` run in the page's namespace; ``console`` runs the commands after ``$``, and where output is
shown below a command, it must be what comes out (``...`` stands for anything, white space for any white space);
``yaml`` and ``json`` whose first line names a file are written to it.  A comment right above a block keeps it from
running always: ``<!-- slow: why -->`` leaves it to the slow tests, ``<!-- not run: why -->`` to the reader.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import sys
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from unittest import mock

from reports.cli.app import main

ROOT = Path(__file__).parent.parent
FENCE = re.compile(
    r"(?:<!-- (?P<mark>slow|not run): (?P<why>[^>]+) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)
FILE = re.compile(r"# (\w[\w.-]*\.(?:yaml|toml))\n")
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?((?:(?!\$ ).*\n?)*)", re.M)
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
WIDTH = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Block:
    """One fenced block; ``line`` is that of its first line of code."""

    page: Path
    language: str
    code: str
    mark: str | None
    line: int

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, found["language"], found["code"], found["mark"], text[: found.start("code")].count("\n") + 1)
        for found in FENCE.finditer(text)
    ]


@dataclass
class Reader:
    """Who tries everything that a page shows, from top to bottom."""

    folder: Path
    module: ModuleType = field(default_factory=lambda: ModuleType("page"))

    def follow(self, block: Block) -> None:
        sys.modules[self.module.__name__] = self.module  # where dataclasses look for their module
        with chdir(self.folder):
            {"python": self._python, "pycon": self._session, "console": self._console}.get(block.language, _file)(block)

    def _python(self, block: Block) -> None:
        exec(compile("\n" * (block.line - 1) + block.code, block.place, "exec"), vars(self.module))

    def _session(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.code, vars(self.module), block.place, block.place, block.line)
        said = io.StringIO()
        doctest.DocTestRunner(optionflags=SAME).run(test, out=said.write, clear_globs=False)
        assert not said.getvalue(), said.getvalue()
        vars(self.module).update(test.globs)

    def _console(self, block: Block) -> None:
        for command, output in COMMAND.findall(block.code):
            printed = output_of(command.replace("\\\n", " "))
            if output.strip():
                assert doctest.OutputChecker().check_output(output, printed, SAME), (
                    f"{block.place}: {command}\n{printed}"
                )


def output_of(command: str) -> str:
    """What a command prints; it has to end well."""
    program, *arguments = shlex.split(command, comments=True)
    assert program == "trueward", f"{command}: only trueward is run here"
    said = io.StringIO()
    with (
        mock.patch.object(sys, "argv", [program, *arguments]),
        mock.patch.dict("os.environ", WIDTH),
        redirect_stdout(said),
    ):
        code = exit_code()
    assert code == 0, f"{command}: exit code {code}"
    return said.getvalue()


def exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _file(block: Block) -> None:
    if named := FILE.match(block.code):
        Path(named[1]).write_text(block.code, encoding="utf-8")

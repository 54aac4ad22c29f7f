"""The command as a whole: what is imported, which exit code, what is said."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from chartcoder import __version__
from chartcoder.cli.common import LazyParser, read_age, read_date, read_sex
from chartcoder.cli.main import COMMANDS, main, make_parser
from chartcoder.tabular.errors import BadInput


def _command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chartcoder", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def own_command(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A command of the test's own, called ``code``."""
    module = types.ModuleType("chartcoder_test_command")
    module.add_arguments = lambda parser: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(COMMANDS, "code", ("a command", module.__name__))
    return module


def test_main_version() -> None:
    run = _command("--version")
    assert (run.returncode, run.stdout) == (0, f"chartcoder {__version__}\n")


def test_main_help_lists_every_command_of_the_design(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    design = "code check lookup tree index search release batch review trace evaluate model"
    for name in design.split():
        assert f"\n    {name} " in shown


@pytest.mark.parametrize("words", [[], ["nonsense"], ["lookup"], ["lookup", "--nonsense", "I10"]])
def test_main_wrong_words_exit_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: chartcoder" in capsys.readouterr().err


def test_main_a_command_without_its_module_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "code", ("a command", "chartcoder.cli.not_there"))
    assert main(["code"]) == 2
    assert capsys.readouterr().err == (
        "chartcoder: The command `chartcoder code` is not part of this version; update chartcoder."
        "\n"
    )


def test_main_errors_are_one_sentence_without_a_traceback(
    own_command: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: object) -> int:
        raise BadInput("This is wrong;\nmend it.")

    own_command.run = run  # type: ignore[attr-defined]
    assert main(["code"]) == 2
    assert capsys.readouterr().err == "chartcoder: This is wrong; mend it.\n"


def test_main_a_missing_package_is_one_sentence(
    own_command: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: object) -> int:
        raise ModuleNotFoundError("No module named 'rich'", name="rich")

    own_command.run = run  # type: ignore[attr-defined]
    assert main(["code"]) == 2
    assert "The package rich is not installed" in capsys.readouterr().err


def test_main_interrupted(
    own_command: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: object) -> int:
        raise KeyboardInterrupt

    own_command.run = run  # type: ignore[attr-defined]
    assert main(["code"]) == 130
    assert capsys.readouterr().err == "chartcoder: interrupted.\n"


def test_main_gives_the_exit_code_of_the_command(own_command: types.ModuleType) -> None:
    own_command.run = lambda options: 1  # type: ignore[attr-defined]
    assert main(["code"]) == 1


def test_main_a_defect_is_not_hidden(own_command: types.ModuleType) -> None:
    def run(options: object) -> int:
        raise ValueError("a defect of ours")

    own_command.run = run  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="a defect"):
        main(["code"])


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_main_is_quiet_when_the_reader_goes_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "chartcoder", "release", "export", "--release", "bundled"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (141, b"")


def test_main_titles_with_accents_go_to_any_terminal() -> None:
    run = _command("lookup", "H81.01", "--release", "bundled", PYTHONIOENCODING="ascii")
    assert run.returncode == 0
    assert "M?ni?re's disease, right ear" in run.stdout
    as_json = _command("lookup", "H81.01", "--json", PYTHONIOENCODING="ascii")
    assert "M\\u00e9ni\\u00e8re's disease, right ear" in as_json.stdout


def test_main_imports_only_the_command_that_was_chosen() -> None:
    program = (
        "import sys; from chartcoder.cli.main import make_parser; "
        "make_parser().parse_args(['lookup', 'I10']); "
        "print(sorted(m for m in sys.modules if m.startswith('chartcoder.cli.')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split("[")[1].strip("]\n").replace("'", "").split(", ") == [
        "chartcoder.cli.common", "chartcoder.cli.lookup", "chartcoder.cli.main",
    ]  # fmt: skip


def test_main_every_command_with_a_module_shows_its_help() -> None:
    here = Path(__file__).parents[2] / "cli"
    for name, (_, module) in COMMANDS.items():
        if (here / f"{module.rpartition('.')[2]}.py").exists():
            with pytest.raises(SystemExit) as end:
                make_parser().parse_args([name, "--help"])
            assert end.value.code == 0


def test_common_a_lazy_parser_is_loaded_once(own_command: types.ModuleType) -> None:
    calls = []
    own_command.add_arguments = calls.append  # type: ignore[attr-defined]
    own_command.run = lambda options: 0  # type: ignore[attr-defined]
    parser = LazyParser(module=own_command.__name__)
    parser.parse_args([])
    parser.parse_args([])
    assert calls == [parser]


@pytest.mark.parametrize(
    ("text", "years"), [("63", 63), ("0.5", 0.5), ("18m", 1.5), ("7d", 7 / 365.25), ("3y", 3)]
)
def test_common_ages(text: str, years: float) -> None:
    assert read_age(text) == pytest.approx(years)


@pytest.mark.parametrize("text", ["F", "f", "Female", " female "])
def test_common_sexes(text: str) -> None:
    assert read_sex(text) == "female"


def test_common_dates() -> None:
    assert read_date(" 2026-02-28 ") == "2026-02-28"


@pytest.mark.parametrize(
    ("reader", "text"),
    [(read_age, "old"), (read_age, "-1"), (read_age, "131"), (read_age, "nan"), (read_sex, "x"),
     (read_date, "2026-02-30"), (read_date, "28.2.2026"), (read_date, "2026-2-8")],
)  # fmt: skip
def test_common_what_is_no_age_sex_or_date(reader: types.FunctionType, text: str) -> None:
    import argparse

    with pytest.raises(argparse.ArgumentTypeError, match="write"):
        reader(text)

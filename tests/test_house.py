"""The rules of the house: imports run downwards, commands stay light, resources can be read."""

import ast
import csv
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import chartcoder
from tests.conftest import ROOT

FOLDERS = {
    "tabular": set(),
    "index": {"tabular"},
    "agents": {"index", "tabular"},
    "graph": {"agents", "index", "tabular"},
    "report": {"agents", "index", "tabular"},
    "evaluation": {"agents", "graph", "index", "report", "tabular"},
    "cli": {"agents", "evaluation", "graph", "index", "report", "tabular"},
}
MOST_LINES = 450
HEAVY = {
    "langchain_core", "langgraph", "lxml", "networkx", "numpy", "openai", "pydantic", "rapidfuzz",
    "rich", "simple_icd_10_cm", "tantivy",
}  # fmt: skip
TABULAR_NEEDS = {"lxml", "networkx", "platformdirs"}
MODULES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module with its line; those for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_house_imports_run_downwards(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    allowed = FOLDERS[folder] | {folder}
    for line, module in _imports(path):
        parts = module.split(".")
        assert not module.startswith("."), f"{path}:{line} imports relatively"
        assert parts[0] not in FOLDERS, f"{path}:{line} imports {module} without chartcoder"
        if parts[0] == "chartcoder" and len(parts) > 1:
            assert parts[1] in allowed, f"{path}:{line} imports {module} from {folder}"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_house_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MOST_LINES
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.is_relative_to(ROOT / "tabular")], ids=lambda p: p.name
)
def test_house_the_tabular_list_needs_little(path: Path) -> None:
    for line, module in _imports(path):
        top = module.split(".")[0]
        is_known = top in sys.stdlib_module_names or top == "chartcoder"
        assert is_known or top in TABULAR_NEEDS, f"{path}:{line}"


def test_house_public_names_are_sorted_complete_and_there() -> None:
    assert chartcoder.__all__ == sorted(chartcoder.__all__)
    assert set(chartcoder.__all__) == set(chartcoder._HOMES)
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    for_checkers = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert for_checkers == set(chartcoder.__all__)
    for name in chartcoder.__all__:
        assert getattr(chartcoder, name).__module__ == chartcoder._HOMES[name]
        assert name in dir(chartcoder)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = chartcoder.nonsense


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_house_listed_names_are_sorted_and_there(path: Path) -> None:
    lists = [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]
    for node in lists:
        names = ast.literal_eval(node.value)
        assert names == sorted(names)
        dotted = ".".join(["chartcoder", *path.relative_to(ROOT).with_suffix("").parts])
        module = import_module(dotted.removesuffix(".__init__"))
        assert all(hasattr(module, name) for name in names)


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["lookup", "M17.11"],
        ["lookup", "M17.6"],
        ["lookup", "S52.501A", "--json"],
        ["tree", "S52.5"],
        ["check", "E11.9", "E10.9", "S52.501A"],
        ["release", "list"],
        ["release", "export"],
    ],
    ids=" ".join,
)
def test_house_light_commands_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from chartcoder.cli.main import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('\\n' + ' '.join(sorted({m.partition('.')[0] for m in sys.modules})))\n"
    )
    for _ in range(2):  # The first run may have to read the XML; the second finds the cache.
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=True,
        )  # fmt: skip
    imported = set(run.stdout.splitlines()[-1].split())
    assert "chartcoder" in imported
    assert imported & HEAVY == set()


def test_house_import_of_the_package_is_quick() -> None:
    program = "import sys, chartcoder; print(len([m for m in sys.modules if 'chartcoder.' in m]))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "0\n"


RESOURCES = sorted(path for path in (ROOT / "resources").rglob("*") if path.is_file())


@pytest.mark.parametrize("path", RESOURCES, ids=lambda p: str(p.relative_to(ROOT / "resources")))
def test_house_resources_can_be_read(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.strip()
    assert "\r" not in text
    assert "\t" not in text or path.suffix in (".tsv", ".css", ".js")
    if path.suffix == ".toml":
        assert tomllib.loads(text)
    elif path.suffix == ".json":
        json.loads(text)
    elif path.suffix == ".xml":
        from chartcoder.tabular.xml import read_xml

        read_xml(path, path.name)
    elif path.suffix == ".tsv":
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        assert len({len(row) for row in rows}) == 1, "rows have different numbers of columns"


def test_house_every_sample_chart_has_its_answer() -> None:
    charts = sorted((ROOT / "resources" / "charts").glob("*.txt"))
    assert len(charts) >= 8
    for chart in charts:
        assert chart.with_suffix(".toml").is_file()


def test_house_the_script_for_editable_installs_is_a_link() -> None:
    link = ROOT / ".dev" / "chartcoder"
    assert os.readlink(link) == ".."  # noqa: PTH115 - the text of the link is meant

"""The layers and the sizes of docs/architecture.md, held to by a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from paths import ROOT

PACKAGE = ROOT / "pix2pix"
LAYERS = (
    {"config", "events", "images", "errors", "vision"},
    {"networks", "losses", "augment", "metrics", "classes", "palette", "tiles", "presets", "advice", "study", "study_results"},
    {
        "methods",
        "checkpoint",
        "file_kinds",
        "data",
        "files",
        "locks",
        "paths",
        "machine",
        "inference",
        "graphs",
        "descent",
        "memory",
        "rights",
        "processes",
        "pict",
        "sessions",
        "ranks",
    },
    {"trainer", "learner", "saved_state", "segmenter", "translator", "runs", "run_folder", "trackers", "importers"},
    {
        "training",
        "fitting",
        "interrupts",
        "jobs",
        "waiting",
        "estimates",
        "pace",
        "evaluation",
        "measures",
        "gallery",
        "ablation",
        "ablation_report",
        "folders",
        "export",
        "hub",
        "uploads",
        "hub_data",
        "borrowed",
        "exhibits",
        "places",
    },
    {"ui", "cli", "__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

NEIGHBOURS = {
    ("config", "errors"),
    ("checkpoint", "files"),
    ("checkpoint", "file_kinds"),
    ("data", "files"),
    ("locks", "files"),
    ("machine", "inference"),
    ("pict", "checkpoint"),
    ("pict", "files"),
    ("pict", "inference"),
    ("translator", "importers"),
    ("trainer", "learner"),
    ("training", "fitting"),
    ("jobs", "fitting"),
    ("training", "interrupts"),
    ("runs", "run_folder"),
    ("runs", "saved_state"),
    ("run_folder", "saved_state"),
    ("jobs", "training"),
    ("jobs", "waiting"),
    ("pace", "jobs"),
    ("uploads", "hub_data"),
    ("hub", "export"),
    ("evaluation", "measures"),
    ("gallery", "evaluation"),
    ("gallery", "measures"),
    ("ablation", "fitting"),
    ("ablation", "training"),
    ("ablation_report", "ablation"),
    ("ablation_report", "evaluation"),
    ("ablation_report", "measures"),
    ("study", "augment"),
    ("study_results", "study"),
    ("sessions", "files"),
    ("exhibits", "borrowed"),
    ("exhibits", "evaluation"),
    ("cli", "ui"),
    ("__main__", "cli"),
}
"""Imports within a layer. Few, one way, and each of them named."""

OWNERS = {"gradio": "ui", "torchvision": "vision", "argparse": "cli", "tensorboard": "trackers", "torchmetrics": "metrics", "cv2": "data"}
"""Libraries that one part alone may import."""

WITHOUT_TORCH = ("config", "events", "errors", "cli", "__main__")
IMPURE_CALLS = {"open", "print", "input", "exec", "eval"}
IMPURE_MODULES = {
    "time",
    "datetime",
    "random",
    "os",
    "sys",
    "pathlib",
    "io",
    "shutil",
    "logging",
    "subprocess",
    "threading",
    "socket",
    "warnings",
}
GLOBAL_RANDOM = {"manual_seed", "seed", "get_rng_state", "set_rng_state"}
MENDS_AN_IMPORT = {"vision": {"sys"}}
"""torchvision beside a torch that it was not built for: its half-made modules are taken out of sys.modules."""

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEST = 60, 400, 500
TOO_LONG_AND_WHY: dict[str, str] = {}
"""`file` or `file:function`, with the reason. Empty is best."""


def module_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.stat().st_size)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def part_of(path: Path) -> str:
    """`config` for pix2pix/config.py, `data` for all of pix2pix/data/."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Dotted names that a module imports, and whether only for the type checker."""
    tree = parse(path)
    for_types = {id(node) for block in ast.walk(tree) if _is_for_types(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", id(node) in for_types) for alias in node.names)


def parts_used_by(path: Path) -> set[str]:
    """The parts of the package that a module needs when it runs."""
    names = (imported.split(".") for imported, only_types in imports_of(path) if not only_types)
    return {name[1] for name in names if name[0] == "pix2pix" and len(name) > 1 and name[1] in LEVEL}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parse(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def below(level: int) -> list[Path]:
    return [path for path in module_files() if path.name != "__init__.py" and LEVEL.get(part_of(path), 9) < level]


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", module_files(), ids=label)
def test_a_module_imports_only_from_lower_layers(path: Path) -> None:
    name = part_of(path)
    assert name in {*LEVEL, "__init__"}, f"{name} has no layer yet: give it one here and in docs/architecture.md"
    for other in parts_used_by(path) - {name}:
        allowed = name == "__init__" or LEVEL[other] < LEVEL[name] or (name, other) in NEIGHBOURS
        assert allowed, f"{label(path)} must not import {other}: its layer is {LEVEL[other]}, not below {LEVEL[name]}"


def test_modules_import_each_other_in_no_circle() -> None:
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in module_files()}
    known = set(names.values()) - {"pix2pix"}
    graph: dict[str, set[str]] = {}
    for path, name in names.items():
        imported = (full for full, only_types in imports_of(path) if not only_types)
        # `from package import module` needs the module, `from module import name` what stands before the name.
        graph[name] = {full if full in known else full.rpartition(".")[0] for full in imported} & known
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owner_alone(library: str) -> None:
    users = {part_of(path) for path in module_files() for imported, _ in imports_of(path) if imported.partition(".")[0] == library}
    assert users <= {OWNERS[library]}, f"{library} belongs to {OWNERS[library]}"


@pytest.mark.parametrize("part", WITHOUT_TORCH)
def test_start_up_needs_no_torch(part: str) -> None:
    for path in module_files():
        if part_of(path) == part:
            top = {name.name.split(".")[0] for node in parse(path).body if isinstance(node, ast.Import) for name in node.names}
            top |= {(node.module or "").split(".")[0] for node in parse(path).body if isinstance(node, ast.ImportFrom)}
            assert not top & {"torch", "torchvision", "gradio", "numpy", "PIL", "tqdm"}, label(path)


@pytest.mark.parametrize("path", below(2), ids=label)
def test_values_and_pure_parts_touch_nothing_outside(path: Path) -> None:
    """Layers 0 and 1 open no file, print nothing, read no clock, no environment and no global random state."""
    allowed = MENDS_AN_IMPORT.get(part_of(path), set())
    modules = {name.partition(".")[0] for name, only_types in imports_of(path) if not only_types}
    assert not (modules & IMPURE_MODULES) - allowed
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"line {node.lineno}: {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            called = f"{node.func.value.id}.{node.func.attr}"
            assert not (node.func.value.id == "torch" and node.func.attr in GLOBAL_RANDOM), f"line {node.lineno}: {called}()"
            drawn = called in {"torch.rand", "torch.randn", "torch.randint", "torch.randperm", "torch.bernoulli"}
            assert not drawn or any(keyword.arg == "generator" for keyword in node.keywords), (
                f"line {node.lineno}: {called}() without a generator"
            )


@pytest.mark.parametrize(
    "path", [*module_files(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))], ids=label
)
def test_files_and_functions_fit_in_a_head(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    longest = LONGEST_TEST if path.is_relative_to(ROOT / "tests") else LONGEST_FILE
    assert lines <= longest or label(path) in TOO_LONG_AND_WHY, f"{lines} lines"
    for function in functions_of(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION or f"{label(path)}:{function.name}" in TOO_LONG_AND_WHY, f"{function.name} has {length} lines"


def test_the_allow_list_is_small_and_true() -> None:
    assert len(TOO_LONG_AND_WHY) <= 3
    assert all((ROOT / place.partition(":")[0]).exists() and why for place, why in TOO_LONG_AND_WHY.items())

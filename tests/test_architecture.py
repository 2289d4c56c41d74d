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
    "errors",
    "settings seeding method_settings",
    "model_config",
    "config",
    "imaging networks",
    "runtime",
    "methods data checkpoints",
    "inference",
    "evaluation",
    "training",
    "runs",
    "hub experiments",
    "ui",
    "cli",
)
"""The packages of pix2pix, lowest first: each imports from layers below its own, and from itself."""
LEVELS = {package: level for level, packages in enumerate(LAYERS) for package in packages.split()}

OWNERS = {
    "gradio": {"ui"},
    "argparse": {"cli"},
    "av": {"inference"},
    "cv2": {"data"},
    "torchmetrics": {"evaluation"},
    "torchvision": {"evaluation"},
    "tensorboard": {"runs"},
    "onnx": {"checkpoints"},
}
"""Libraries that only some packages may import."""

WITHOUT_TORCH = ("errors", "settings", "method_settings", "model_config", "config", "cli", "__main__")
PURE = (
    "errors",
    "settings",
    "method_settings",
    "model_config",
    "config",
    "seeding",
    "imaging",
    "networks",
    "methods",
)
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
DRAWS = {f"torch.{name}" for name in ("rand", "randn", "randint", "randperm", "bernoulli")}

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEST = 60, 400, 500
MOST_ARGUMENTS, MOST_POSITIONAL = 7, 2
PASSED_ON = "passed on"


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.stat().st_size)


def package_of(path: Path) -> str:
    """`config` for pix2pix/config.py, `data` for all below pix2pix/data/."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names that a module imports when it runs, lazily or not; those for the type
    checker alone do not count."""
    tree = parse(path)
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If))
    for_types = {
        id(node) for block in blocks if ast.unparse(block.test) == "TYPE_CHECKING" for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("path", modules(), ids=label)
def test_a_package_imports_only_from_layers_below(path: Path) -> None:
    own = package_of(path)
    if own in ("__init__", "__main__"):
        return
    assert own in LEVELS, f"{label(path)} is on no map: give {own} a layer here and in docs/architecture.md"
    for name in imports_of(path):
        root, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if root == "pix2pix" and other != own and other in LEVELS:
            assert LEVELS[other] < LEVELS[own], (
                f"{label(path)} imports {name}: {other} does not lie below {own}"
            )


def test_every_package_of_the_map_is_there_and_none_beside_it() -> None:
    found = {package_of(path) for path in modules()} - {"__init__", "__main__"}
    assert found == set(LEVELS)


def test_modules_import_each_other_in_no_circle() -> None:
    names = {
        path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules()
    }
    known = set(names.values()) - {"pix2pix"}
    graph: dict[str, set[str]] = {}
    for path, name in names.items():
        # `from package import module` needs the module, `from module import name`
        # what stands before the name.
        needed = (full if full in known else full.rpartition(".")[0] for full in imports_of(path))
        graph[name] = set(needed) & known
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owners_alone(library: str) -> None:
    users = {
        package_of(path)
        for path in modules()
        for name in imports_of(path)
        if name.partition(".")[0] == library
    }
    assert users <= OWNERS[library]


@pytest.mark.parametrize("package", WITHOUT_TORCH)
def test_start_up_needs_no_torch(package: str) -> None:
    for path in modules():
        if package_of(path) == package:
            body = parse(path).body
            top = {
                alias.name.split(".")[0]
                for node in body
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            top |= {(node.module or "").split(".")[0] for node in body if isinstance(node, ast.ImportFrom)}
            assert not top & {"torch", "torchvision", "gradio", "numpy", "PIL", "tqdm"}, label(path)


@pytest.mark.parametrize("path", [path for path in modules() if package_of(path) in PURE], ids=label)
def test_pure_packages_touch_nothing_outside(path: Path) -> None:
    """They open no file, print nothing, read no clock, no environment and no global random state."""
    assert not {name.partition(".")[0] for name in imports_of(path)} & IMPURE_MODULES
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in IMPURE_CALLS, f"line {node.lineno}: {called}()"
        assert called not in {f"torch.{name}" for name in GLOBAL_RANDOM}, f"line {node.lineno}: {called}()"
        has_generator = any(keyword.arg == "generator" for keyword in node.keywords)
        assert called not in DRAWS or has_generator, f"line {node.lineno}: {called}() without a generator"


SOURCES = [*modules(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_files_and_functions_fit_in_a_head(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= (LONGEST_TEST if path.is_relative_to(ROOT / "tests") else LONGEST_FILE), f"{lines} lines"
    for function in functions_of(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", modules(), ids=label)
def test_functions_take_few_arguments_without_tuples(path: Path) -> None:
    for function in functions_of(path):
        arguments = [argument for argument in function.args.args if argument.arg not in ("self", "cls")]
        count = len(arguments) + len(function.args.kwonlyargs)
        assert count <= MOST_ARGUMENTS, f"{function.name} takes {count} arguments"
        for argument in [*arguments, *function.args.kwonlyargs]:
            kind = (ast.unparse(argument.annotation) if argument.annotation else "").removesuffix(" | None")
            is_tuple = kind.startswith("tuple[") and "," in kind and "..." not in kind and len(kind) > 20
            assert not is_tuple, f"{function.name}: {argument.arg} hides arguments in a tuple"

"""Every way in takes damaged files: a few hundred mutations with a fixed seed give a project error
or a result, and nothing else.

A mutation flips bytes, cuts, repeats or swaps parts, or edits the pickle's text, the members of the zip or
the JSON. The slow test takes many more. Nothing may take long or much memory.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foreign
import pytest
import torch

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.checkpoints.export.safetensors_file import write_safetensors
from pix2pix.checkpoints.importers import is_own, read_any
from pix2pix.checkpoints.importers.child import open_file
from pix2pix.checkpoints.importers.safe_tensors import is_safetensors, own_description, read_own
from pix2pix.checkpoints.importers.safe_tensors import write_safetensors as write_plain
from pix2pix.errors import Pix2PixError
from pix2pix.runs.run import Run, find_runs

MUTATIONS, MANY = 20, 300
SECONDS, MEGABYTES = 10.0, 400
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2**40,
    -(2**63),
    1e300,
    float("nan"),
    "",
    "x",
    "3",
    [],
    {},
    [1],
    {"a": 1},
    "\ud800",
    "a" * 5000,
]


def mutate_bytes(data: bytes, draw: random.Random) -> bytes:
    """Flips, cuts, inserts, repeats or swaps."""
    changed, kind = bytearray(data), draw.randrange(6)
    place = draw.randrange(len(data)) if draw.random() < 0.5 else draw.randrange(min(2000, len(data)))
    length = draw.randrange(1, 64)
    if kind == 0:
        changed[place] ^= 1 << draw.randrange(8)
    elif kind == 1:
        return bytes(changed[:place])
    elif kind == 2:
        changed[place : place + length] = draw.randbytes(length)
    elif kind == 3:
        del changed[place : place + length]
    elif kind == 4:
        changed[place:place] = changed[max(0, place - length) : place]
    else:
        for _ in range(20):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def mutate_members(data: bytes, draw: random.Random) -> bytes:
    """Edits one member of a zip, its sums being right again; the pickle's text most often."""
    import io

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = (
        next(name for name in parts if name.endswith("data.pkl"))
        if draw.random() < 0.8
        else draw.choice(list(parts))
    )
    kind = draw.randrange(8)
    if kind == 0:
        del parts[name]
    elif kind == 1:
        parts[name + "2"] = parts[name]
    elif kind == 2:
        parts[draw.choice(list(parts))] = parts.pop(name)
    elif parts[name]:
        parts[name] = mutate_bytes(parts[name], draw)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return made.getvalue()


def mutate_value(value: Any, draw: random.Random) -> Any:
    """Replaces, drops or adds somewhere in plain values."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        name = draw.choice(list(value))
        kind = draw.randrange(6)
        if kind == 0:
            return {key: each for key, each in value.items() if key != name}
        if kind == 1:
            return value | {"strange": draw.choice(VALUES)}
        return value | {name: mutate_value(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place = draw.randrange(len(value))
        return [*value[:place], mutate_value(value[place], draw), *value[place + 1 :]]
    return draw.choice(VALUES)


def mutate_json(data: bytes, draw: random.Random) -> bytes:
    """Edits one line of JSON, or the only one; now and then the text itself."""
    if draw.random() < 0.25:
        return mutate_bytes(data, draw)
    try:
        return (json.dumps(mutate_value(json.loads(data), draw)) + "\n").encode()
    except ValueError:
        lines = data.splitlines(keepends=True)
        place = draw.randrange(len(lines))
        lines[place] = mutate_json(lines[place], draw)
        return b"".join(lines)


def mutate_header(data: bytes, draw: random.Random) -> bytes:
    """Edits the table of contents of a safetensors file, or of a .pict, with its length put right."""
    size, order = (8, "little") if data[8:9] == b"{" else (4, "big")
    length = int.from_bytes(data[:size], order)  # type: ignore[arg-type]
    header = json.dumps(mutate_value(json.loads(data[size : size + length]), draw)).encode()
    return len(header).to_bytes(size, order) + header + data[size + length :]  # type: ignore[arg-type]


def mutate_content(data: bytes, draw: random.Random) -> bytes:
    """Edits the values in a `torch.save` file and saves them anew."""
    import io

    made = io.BytesIO()
    torch.save(mutate_value(torch.load(io.BytesIO(data), weights_only=True), draw), made)
    return made.getvalue()


Way = tuple[
    Callable[[Path, Path], Path], Callable[[Path], Any], tuple[Callable[[bytes, random.Random], bytes], ...]
]


def own(folder: Path, model: Path) -> Path:
    return Path(shutil.copy(model, folder / "own.pth"))


def own_safetensors(folder: Path, model: Path) -> Path:
    write_safetensors(folder / "own.safetensors", load_checkpoint(model))
    return folder / "own.safetensors"


def stranger(folder: Path, legacy: bool = False) -> Path:
    weights = dict(foreign.draw(foreign.UsualUNet(3, 3, 1, 5, "batch")).state_dict())
    torch.save({"G": weights, "epoch": 3}, folder / "net.pth", _use_new_zipfile_serialization=not legacy)
    return folder / "net.pth"


def pict(folder: Path) -> Path:
    weights = foreign.tensorflow_weights(3, 3, 1, 5)
    table = json.dumps(
        [{"name": name, "shape": list(value.shape)} for name, value in sorted(weights.items())]
    ).encode()
    count = sum(value.numel() for value in weights.values())
    chunks = (
        table,
        torch.linspace(-1, 1, 256).numpy().tobytes(),
        bytes(index % 256 for index in range(count)),
    )
    (folder / "net.pict").write_bytes(b"".join(len(chunk).to_bytes(4, "big") + chunk for chunk in chunks))
    return folder / "net.pict"


def strangers_safetensors(folder: Path) -> Path:
    weights = dict(foreign.draw(foreign.UsualUNet(3, 3, 1, 5, "batch")).state_dict())
    write_plain(folder / "net.safetensors", weights, metadata={})
    return folder / "net.safetensors"


def in_place(path: Path) -> Any:
    """As `read_any`, but for the process of its own where the file says no more that it is ours."""
    described = own_description(path) if is_safetensors(path) else None
    return read_own(path, described) if described else apart(path)


def apart(path: Path) -> None:
    """As the process for strangers' files does, in this one."""
    open_file(path, path.with_name("answer"), kind="generator")


WEIGHTS: dict[str, Way] = {
    "ours": (own, load_checkpoint, (mutate_bytes, mutate_members, mutate_content)),
    "ours from a stranger": (own, apart, (mutate_bytes, mutate_members, mutate_content)),
    "our safetensors": (own_safetensors, in_place, (mutate_bytes, mutate_header)),
    "a stranger's": (
        lambda folder, _: stranger(folder),
        apart,
        (mutate_bytes, mutate_members, mutate_content),
    ),
    "a stranger's of old": (lambda folder, _: stranger(folder, True), apart, (mutate_bytes,)),
    "a stranger's safetensors": (
        lambda folder, _: strangers_safetensors(folder),
        apart,
        (mutate_bytes, mutate_header),
    ),
    "pict": (lambda folder, _: pict(folder), apart, (mutate_bytes, mutate_header)),
}


def survive(read: Callable[[], Any], what: str) -> bool:
    """Whether it was refused; fails where anything but an error of ours came of it, or it took long."""
    begin = time.monotonic()
    try:
        read()
    except Pix2PixError as error:
        text = str(error)
        assert text and "\n" not in text and "Traceback" not in text and len(text) < 2500, (what, text)
        return True
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    finally:
        assert time.monotonic() - begin < SECONDS, what
    return False


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WEIGHTS)
@pytest.mark.parametrize(
    "count", [MUTATIONS, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_a_damaged_file_of_weights_gives_an_error_of_ours_or_a_result(
    way: str, count: int, tiny_model: Path, tmp_path: Path
) -> None:
    make, read, changes = WEIGHTS[way]
    path = make(tmp_path, tiny_model)
    whole, draw = path.read_bytes(), random.Random(way)
    read(path)
    before, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    for number in range(count):
        path.write_bytes(draw.choice(changes)(whole, draw))
        is_own(path)
        refused += survive(lambda: read(path), f"{way}, mutation {number}")
    assert refused > count // 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1000


def look_at(run: Run) -> None:
    """All that a page and a resume read of a run."""
    for look in (
        run.snapshot,
        run.config,
        run.rows,
        run.state,
        run.read_state,
        run.saved_step,
        run.saved_model,
        run.saved_precision,
    ):
        survive(look, getattr(look, "__name__", ""))
    find_runs(run.path.parent)


FILES = ("config.json", "status.json", "metrics.jsonl", "state.pt")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "count", [MUTATIONS, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_a_damaged_file_of_a_run_gives_an_error_of_ours_or_a_result(
    file: str, count: int, tiny_run: Path, tmp_path: Path
) -> None:
    run, draw = Run(shutil.copytree(tiny_run, tmp_path / "run")), random.Random(file)
    whole = (run.path / file).read_bytes()
    changes = (mutate_bytes, mutate_members, mutate_content) if file == "state.pt" else (mutate_json,)
    for number in range(count):
        (run.path / file).write_bytes(draw.choice(changes)(whole, draw))
        survive(lambda: look_at(run), f"{file}, mutation {number}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("count", [3, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_a_resume_from_a_damaged_file_gives_an_error_of_ours_or_a_result(
    file: str, count: int, tiny_run: Path, tmp_path: Path
) -> None:
    from pix2pix.runs.execute import resume

    draw = random.Random(file)
    whole = (tiny_run / file).read_bytes()
    changes = (mutate_content,) if file == "state.pt" else (mutate_json,)
    for number in range(count):
        run = Run(shutil.copytree(tiny_run, tmp_path / f"run{number}"))
        (run.path / file).write_bytes(draw.choice(changes)(whole, draw))
        survive(lambda: resume(run.path, steps=3), f"{file}, mutation {number}")  # noqa: B023
        shutil.rmtree(run.path)


def test_some_damaged_files_through_the_process_for_strangers(tmp_path: Path) -> None:
    path = stranger(tmp_path)
    whole, draw = path.read_bytes(), random.Random("process")
    for number in range(1):
        path.write_bytes(mutate_members(whole, draw))
        survive(lambda: read_any(path), f"mutation {number}")

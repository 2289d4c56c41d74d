"""Writes the Draw tab as a folder of static files, with the model run by ONNX Runtime in the browser.

The modules of `pix2pix/ui/shared/canvas_js/` and `pix2pix/ui/draw/studio/` are copied unchanged;
`pix2pix/ui/static_page/web/` replaces Gradio.
"""

from __future__ import annotations

import html
import json
import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.checkpoints.export.onnx_file import write_onnx
from pix2pix.checkpoints.export.parity import Proof
from pix2pix.config import ModelConfig
from pix2pix.errors import ConfigError, DataError
from pix2pix.runtime.files import all_or_nothing, is_empty_folder, write_bytes, write_text
from pix2pix.ui.draw.tab import describe, studio_template
from pix2pix.ui.shared import examples
from pix2pix.ui.shared.canvas import spec_of
from pix2pix.ui.shared.model_library import Model
from pix2pix.ui.static_page.onnxruntime_web import VERSION, browser_runtime

UI = Path(__file__).parents[1]
MODULES = ("shared/canvas_js", "draw/studio", "static_page/web")
SUFFIXES = (".js", ".css")
MOST_BYTES = 20 * 2**20
"""Limit of one file of weights in bytes: some hosts take no file above 25 MiB."""

LARGEST_SIDE = 1024
"""Limit in pixels of a picture to download: the features of a larger one may not fit into a
browser tab's memory."""

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Headers with which a browser allows a page to use threads."""


@dataclass(frozen=True)
class Page:
    """The written page: the parity check of its model, and its size."""

    proof: Proof
    megabytes: float


def write_page(
    folder: Path, checkpoint: Checkpoint, *, name: str, statistics: str = "auto", runtime: Path | None = None
) -> Page:
    """Fills an empty or new folder with the page.

    `name` is the checkpoint's file name; `runtime` is the npm package of onnxruntime-web, fetched if None.
    Raises `ConfigError` where the model's pictures cannot be shown, `DataError` where the folder is not
    empty. The file `index.html` is written last, so a folder without it was not finished.
    """
    _check_drawable(checkpoint.config)
    _check_empty(folder)
    files = browser_runtime(runtime)
    title = _title(name, checkpoint)
    with all_or_nothing(folder):
        return _fill(folder, checkpoint, title=title, statistics=statistics, runtime=files)


def _fill(
    folder: Path, checkpoint: Checkpoint, *, title: str, statistics: str, runtime: dict[str, bytes]
) -> Page:
    weights, proof = _write_model(folder, checkpoint, statistics=statistics)
    for file, data in runtime.items():
        write_bytes(folder / "runtime" / file, data)
    _copy_modules(folder)
    write_text(
        folder / "model.json",
        json.dumps(
            _description(checkpoint, title, weights=weights, shown=_copy_examples(folder, checkpoint.config))
        ),
    )
    write_text(
        folder / "_headers", "/*\n" + "".join(f"  {header}: {value}\n" for header, value in ISOLATION.items())
    )
    write_text(folder / "README.md", _readme(title, checkpoint))
    markup = (UI / "static_page" / "web" / "index.html").read_text(encoding="utf-8")
    markup = markup.replace("<!-- title -->", html.escape(title)).replace(
        "<!-- studio -->", studio_template()
    )
    write_text(folder / "index.html", markup)
    return Page(proof, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


def _check_drawable(config: ModelConfig) -> None:
    if {config.in_channels, config.out_channels} - {1, 3}:
        raise ConfigError(
            f"this model turns {config.in_channels} channels into {config.out_channels}; a page shows "
            "pictures of 1 or 3. Use --onnx."
        )


def _check_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; name a new or an empty folder.")
    if folder.is_dir() and not is_empty_folder(folder):
        found = sorted(path.name for path in folder.iterdir())
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise DataError(
            f"{folder} is not empty ({found[0]}{more}). Name a new or an empty folder: the page must not be "
            "mixed with other files."
        )


def _title(name: str, checkpoint: Checkpoint) -> str:
    """Returns the title: the file's name, or the run's name for a run's `model.pth` or `best.pth`."""
    path = Path(name)
    stem = path.resolve().parent.name if path.stem in ("model", "best") else path.stem
    return "".join(letter for letter in stem if letter.isprintable()) or checkpoint.config.target


def _write_model(folder: Path, checkpoint: Checkpoint, *, statistics: str) -> tuple[dict[str, Any], Proof]:
    """Writes the model in 16 bits as `model.onnx`, split into files of at most `MOST_BYTES`;
    returns their description."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.onnx"
        proof = write_onnx(path, checkpoint, half=True, statistics=statistics)
        data = path.read_bytes()
    count = math.ceil(len(data) / MOST_BYTES)
    names = (
        ["model.onnx"] if count == 1 else [f"model.onnx.{number + 1}-of-{count}" for number in range(count)]
    )
    for number, name in enumerate(names):
        write_bytes(folder / name, data[number * MOST_BYTES : (number + 1) * MOST_BYTES])
    config = checkpoint.config
    channels = {"in": config.in_channels, "out": config.out_channels, "size": config.size}
    return {"files": names, "bytes": len(data), "channels": channels}, proof


def _copy_modules(folder: Path) -> None:
    for part in MODULES:
        for path in sorted((UI / part).iterdir()):
            if path.suffix in SUFFIXES:
                (folder / part).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / part / path.name)


def _copy_examples(folder: Path, config: ModelConfig) -> dict[str, list[dict[str, str]]]:
    """Copies the example inputs that suit the model, and returns their names and paths by kind."""
    kind = examples.fitting(config)
    paths = examples.list_examples().get(kind, [])
    for path in paths:
        write_bytes(folder / "examples" / path.name, path.read_bytes())
    return (
        {kind: [{"name": examples.title_of(path), "image": f"examples/{path.name}"} for path in paths]}
        if paths
        else {}
    )


def _description(
    checkpoint: Checkpoint, title: str, *, weights: dict[str, Any], shown: Any
) -> dict[str, Any]:
    """Returns the content of `model.json`, which `pix2pix/ui/static_page/web/page.js` reads."""
    config = checkpoint.config
    model = describe(
        Model(
            key="web",
            title=title,
            path=Path("model.onnx"),
            config=config,
            about=checkpoint.about,
            modified=0.0,
        )
    )
    model |= {
        "date": "",
        "sides": [side for side in model["sides"] if side <= LARGEST_SIDE],
        "anew": [side for side in model["anew"] if side <= LARGEST_SIDE and side % config.size == 0],
    }
    return {"model": model, "spec": spec_of(config, "web"), "examples": shown, "weights": weights}


README = """---
title: {quoted}
emoji: 🏠
colorFrom: indigo
colorTo: green
sdk: static
pinned: false
custom_headers:
{headers}---

# {title}

A page to draw on, made with pix2pix. The model runs in the browser; nothing that is drawn leaves it.
Any static host serves this folder, under any path.

With WebGPU the model runs on the visitor's graphics card, else on the processor. There it uses several \
threads where the host
sends the headers of `_headers` (Netlify and Cloudflare Pages read that file, a static Space reads the head \
of this one), else one.

{licence}`runtime/` is onnxruntime-web {version} of npm: MIT licence, Copyright (c) Microsoft Corporation,
https://github.com/microsoft/onnxruntime
"""


def _readme(title: str, checkpoint: Checkpoint) -> str:
    """Returns the README, whose header a static Space reads."""
    headers = "".join(f"  {header.lower()}: {value}\n" for header, value in ISOLATION.items())
    text = " ".join(str(checkpoint.about.get("licence") or "").split())
    licence = f"The model's licence: {text}.\n\n" if text else ""
    return README.format(
        quoted=json.dumps(title), title=title, headers=headers, licence=licence, version=VERSION
    )

"""The notebook of the examples, run from its first cell to its last as Jupyter runs it."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from paths import ROOT
from PIL import Image

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
NOTEBOOK = ROOT / "examples" / "pix2pix.ipynb"
SMALL = 'ZIP = "pairs.zip"\nDIRECTION = "AtoB"\nSTEPS, SIZE, WIDTH = 6, 32, 4'


class ThisPython(KernelSpecManager):  # type: ignore[misc]  # its base has no types
    """The kernel of this environment, whatever others are installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Returns it under every name."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name=kernel_name, language="python")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.read(NOTEBOOK, as_version=4)
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = SMALL
    kernel = AsyncKernelManager(kernel_spec_manager=ThisPython())
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    client = NotebookClient(book, km=kernel, timeout=200, resources={"metadata": {"path": str(folder)}})
    try:
        client.execute()
    finally:
        del os.environ["IPYTHONDIR"]
        # jupyter_client leaves sockets to be closed with its objects: now, not within whichever test comes.
        del client, kernel
        gc.collect()
    return book, folder


def outputs_of(book: Any, source: str) -> list[Any]:
    """Returns the outputs of the cell that has this text in it."""
    return next(cell.outputs for cell in book.cells if source in cell.source and cell.cell_type == "code")


def test_the_notebook_goes_from_a_zip_to_a_drawn_picture(executed: tuple[Any, Path]) -> None:
    book, folder = executed
    assert (folder / "pairs.zip").exists() and (folder / "runs/first/best.pth").exists()
    with Image.open(folder / "made.png") as made:
        assert made.size == (32, 32)
    (shown,) = outputs_of(book, "made.save")
    assert "image/png" in shown.data
    inspected = "".join(out.text for out in outputs_of(book, "unpack_archive") if "text" in out)
    assert "40 pairs" in inspected and "source: labels, 4 colours" in inspected


def test_training_shows_a_bar_and_a_grid_in_place_of_lines(executed: tuple[Any, Path]) -> None:
    book, _ = executed
    bar, grid, run = outputs_of(book, "train(settings")
    assert 'value="6" max="6"' in bar.data["text/html"] and "finished at step 6" in bar.data["text/html"]
    assert "image/png" in grid.data
    assert run.data["text/plain"].startswith("<Run 'runs/first': finished, step 6 of 6, l1 ")


def test_model_and_scores_are_worth_reading(executed: tuple[Any, Path]) -> None:
    book, _ = executed
    (model,) = outputs_of(book, "Translator.load")
    assert model.data["text/plain"].startswith("<Translator: labels to photo, 32 x 32, unet of width 4, ")
    (scores,) = [out for out in outputs_of(book, "evaluate(") if "data" in out]
    assert scores.data["text/plain"].startswith("<Scores of ") and "l1 " in scores.data["text/plain"]


def test_the_notebook_is_kept_without_outputs() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert all(not cell.outputs for cell in book.cells if cell.cell_type == "code")

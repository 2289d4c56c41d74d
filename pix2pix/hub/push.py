"""A checkpoint becomes a model repository: weights, description and card, in one commit."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pix2pix.checkpoint import FORMAT, VERSION, Checkpoint, load_checkpoint, read_tensors
from pix2pix.errors import HubError
from pix2pix.files import write_bytes, write_image, write_text
from pix2pix.hub import cards
from pix2pix.hub.client import Progress, check_name, connect
from pix2pix.hub.commit import Pushed, open_place, read_text, send
from pix2pix.hub.sheet import sample_sheet

LARGEST_MODEL = 2_000_000_000
"""Bytes; the largest model that we can train has a tenth of it."""
RUN_FILES = ("model.pth", "best.pth")


@dataclass(frozen=True)
class Terms:
    """How a model is to be shown on the Hub."""

    private: bool = False
    """Counts where the repository is made by this push; one that is there stays as it is."""
    message: str = ""
    """Of the commit; empty for one that tells the task and the step."""
    name: str = ""
    """Of the file in the repository, without `.pth`; empty for that of the file here, or of its run."""


def push(path: str | Path, repo: str, token: str | None = None, terms: Terms | None = None, progress: Progress | None = None) -> Pushed:
    """Sends a checkpoint to the model repository `owner/name`, which is made where there is none, in one commit.

    The commit holds `<name>.pth`, `model.safetensors`, `config.json`, `README.md` (the card) and a sample. `token`: None takes that of
    this machine. `HubError` says why it could not be done, and then the repository is as it was.
    """
    repo, path, terms = check_name(repo), Path(path), terms or Terms()
    if path.is_file() and path.stat().st_size > LARGEST_MODEL:
        raise HubError(f"{path} has {path.stat().st_size / 1e9:,.1f} GB; a model to push has at most {LARGEST_MODEL / 1e9:.0f} GB.")
    checkpoint = load_checkpoint(path)
    client = connect(token, needs_token=True)
    place = open_place(client, "model", repo, {"private": terms.private})
    file = f"{terms.name or name_of(path)}.pth"
    message = " ".join(terms.message.split())[:200] or f"{checkpoint.config.source} to {checkpoint.config.target}" + _step(checkpoint)
    with tempfile.TemporaryDirectory(prefix="push-") as folder:
        card = cards.model_card(checkpoint, repo, file, read_text(client, place, "README.md", Path(folder) / "old"))
        files = {file: path, **write_beside(checkpoint, path, file, Path(folder) / "new")}
        write_text(Path(folder) / "new" / "README.md", card)
        files["README.md"] = Path(folder) / "new" / "README.md"
        return replace(send(client, place, files, (), (message, progress)), file=file)


def name_of(path: Path) -> str:
    """`houses` for houses.pth, and for the model of the run `houses`."""
    name = path.resolve().parent.name if path.name in RUN_FILES else path.stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def write_beside(checkpoint: Checkpoint, path: Path, file: str, folder: Path) -> dict[str, Path]:
    """What goes along with a `.pth`: the same weights for programs without PyTorch's format, a description as JSON, a sample."""
    from safetensors.torch import save

    # As they are stored: `checkpoint` holds them widened to 32 bits.
    weights = {name: value.contiguous() for name, value in read_tensors(path)["weights"].items()}
    write_bytes(folder / "model.safetensors", save(weights, {"format": "pt"}))
    told = {"format": FORMAT, "version": VERSION, "file": file, "config": checkpoint.config.to_dict(), "about": checkpoint.about}
    write_text(folder / "config.json", json.dumps(told, indent=2) + "\n")
    write_image(folder / cards.SHEET, sample_sheet(checkpoint))
    return {name: folder / name for name in ("model.safetensors", "config.json", cards.SHEET)}


def _step(checkpoint: Checkpoint) -> str:
    step = checkpoint.about.get("step")
    return f", step {step:,}" if isinstance(step, int) else ""

"""Uploads a checkpoint to a model repository: weights, description and card, in one commit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint
from pix2pix.checkpoints.export.safetensors_file import write_safetensors
from pix2pix.errors import HubError
from pix2pix.hub import model_card as model_card
from pix2pix.hub.client import check_name, connect, writing_here
from pix2pix.hub.commit import Pushed, open_place, read_text, send
from pix2pix.hub.sample_sheet import sample_sheet
from pix2pix.runtime.files import write_image, write_text
from pix2pix.runtime.paths import slug
from pix2pix.runtime.progress import Progress

LARGEST_MODEL = 2_000_000_000
"""Limit in bytes; the largest model that we can train has a tenth of it."""
RUN_FILES = {"model.pth": "", "best.pth": "", "model_BtoA.pth": "_BtoA", "best_BtoA.pth": "_BtoA"}
"""Files of a run, and what they add to its name."""


@dataclass(frozen=True)
class PushOptions:
    """Options of a push."""

    private: bool = False
    """Whether a new repository is private; an existing one stays as it is."""
    message: str = ""
    """Commit message; "" for one with the task and the step."""
    name: str = ""
    """Name of the file in the repository, without `.pth`; "" for that of the local file, or of its run."""


def push(
    path: str | Path,
    repo: str,
    *,
    token: str | None = None,
    terms: PushOptions | None = None,
    progress: Progress | None = None,
) -> Pushed:
    """Uploads a checkpoint to the model repository `owner/name` in one commit; the repository is
    created if needed.

    The commit holds `<name>.pth`, `model.safetensors`, `config.json`, `README.md` (the card) and a sample.
    `token`: None uses that of this machine. Raises `HubError` on a failure; the repository is then unchanged.
    """
    repo = check_name(repo)
    path = Path(path)
    terms = terms or PushOptions()
    if path.is_file() and path.stat().st_size > LARGEST_MODEL:
        raise HubError(
            f"{path} has {path.stat().st_size / 1e9:,.1f} GB; a model to push has at most "
            f"{LARGEST_MODEL / 1e9:.0f} GB."
        )
    checkpoint = load_checkpoint(path)
    client = connect(token, needs_token=True)
    place = open_place(client, "model", repo=repo, create={"private": terms.private})
    file = f"{terms.name or name_of(path)}.pth"
    message = " ".join(terms.message.split())[
        :200
    ] or f"{checkpoint.config.source} to {checkpoint.config.target}" + _step(checkpoint)
    with writing_here(repo), tempfile.TemporaryDirectory(prefix="push-") as folder:
        card = model_card.model_card(
            checkpoint,
            repo,
            file=file,
            old=read_text(client, place, file="README.md", folder=Path(folder) / "old"),
        )
        files = {file: path, **write_beside(checkpoint, path, folder=Path(folder) / "new")}
        write_text(Path(folder) / "new" / "README.md", card)
        files["README.md"] = Path(folder) / "new" / "README.md"
        return replace(
            send(client, place, files=files, deleted=(), message=message, progress=progress), file=file
        )


def name_of(path: Path) -> str:
    """Returns the model's name: `houses` for houses.pth, and for the model of the run `houses`."""
    is_run = path.name in RUN_FILES
    name = path.resolve().parent.name + RUN_FILES[path.name] if is_run else path.stem
    return slug(name, "model", dots=True)


def write_beside(checkpoint: Checkpoint, path: Path, *, folder: Path) -> dict[str, Path]:
    """Writes the files that accompany the `.pth`, and returns their paths by name.

    They are the same weights as safetensors, a description as JSON, and a sample picture.
    """
    write_safetensors(folder / "model.safetensors", checkpoint, is_half(path, checkpoint))
    write_image(folder / model_card.SHEET, sample_sheet(checkpoint))
    return {name: folder / name for name in ("model.safetensors", "config.json", model_card.SHEET)}


def is_half(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether the weights of a file are stored with 16 bits."""
    return path.stat().st_size < 3 * sum(weight.numel() for weight in checkpoint.weights.values())


def _step(checkpoint: Checkpoint) -> str:
    step = checkpoint.about.get("step")
    return f", step {step:,}" if isinstance(step, int) else ""

"""A few validation sources of a run as small pictures beside its models, to try them on."""

from __future__ import annotations

from pathlib import Path

from pix2pix.data.examples import Examples
from pix2pix.imaging.tensors import to_image
from pix2pix.runtime.files import write_image
from pix2pix.runtime.paths import slug

FOLDER = "examples"
OTHER_WAY = "_BtoA"
"""Ending of the model that goes the other way, learned without pairs, and of the folder of its sources."""
MOST = 4


def keep_examples(run: Path, examples: Examples) -> None:
    """Writes the first validation sources into the run's folder, at the size that is trained for; what is
    there already stays.

    The models themselves hold none of them, so that a file that is given away shows nobody's pictures.
    """
    if (run / FOLDER).exists():
        return
    sides = [(next(iter(examples.images)), FOLDER)]
    if "source" not in examples.images:
        sides += [(list(examples.images)[1], FOLDER + OTHER_WAY)]
    for number, (name, images) in enumerate(examples.validation(MOST), 1):
        file = f"{number}-{slug(name, 'picture', longest=40)}.png"
        for side, folder in sides:
            (run / folder).mkdir(exist_ok=True)
            write_image(run / folder / file, to_image(images[side]))


def examples_of_run(model: Path) -> Path:
    """Returns the folder of the sources that suit a model of a run; it may not be there."""
    return model.parent / (FOLDER + OTHER_WAY if model.stem.endswith(OTHER_WAY) else FOLDER)

"""The pictures of a perceptual study, made beforehand: real targets, and the models' fakes of their sources.

studies/<random>/study.json    which data, models and files the study has; never sent to a browser
studies/<random>/<random>.png  one picture; neither its name nor its position shows whether it is real
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.data.pairs import Pair, PairFolder
from pix2pix.errors import ConfigError, DataError
from pix2pix.evaluation.evaluate import open_evaluation_pairs
from pix2pix.experiments.study import Maker
from pix2pix.inference.translator import Translator
from pix2pix.inference.zero_gpu import ZeroGpuTranslator
from pix2pix.runtime.files import write_image, write_text
from pix2pix.runtime.progress import Progress
from pix2pix.seeding import seed_of

MOST_SCENES = 200
"""Limit of scenes in a study, since more only take longer to make; they are chosen by a
hash of their names."""
FEWEST_SCENES = 4
DESCRIPTION = "study.json"
PLACE = re.compile(r"[0-9a-f]{16}")
PICTURE = re.compile(r"[0-9a-f]{32}\.png")
Painter = Translator | ZeroGpuTranslator


@dataclass(frozen=True)
class Study:
    """A study whose pictures are ready."""

    folder: Path
    data: str
    """Name of the folder of pairs, under which the results are saved."""
    source: str
    """Path of the folder of pairs."""
    split: str
    size: int
    largest: int
    """Size of the largest picture file in bytes."""
    models: tuple[Maker, ...]
    pictures: dict[str, tuple[str, ...]]
    """File names by scene: the real picture, then one by each model."""
    date: str = ""
    left_out: tuple[str, ...] = ()
    """A sentence for each pair that could not be read."""

    @property
    def key(self) -> str:
        """The name of the study's folder."""
        return self.folder.name

    def picture(self, scene: str, model: int | None) -> bytes:
        """Returns a picture as PNG, padded with random bytes to the size of the largest one.

        Without the padding the size would distinguish fakes from photos, since many fakes compress better.
        """
        data = (self.folder / self.pictures[scene][0 if model is None else model + 1]).read_bytes()
        return data + secrets.token_bytes(self.largest - len(data))


@dataclass(frozen=True)
class StudyModel:
    """A model to be studied, and the context in which its turn to compute is waited for."""

    maker: Maker
    painter: Painter
    turn: Callable[[], AbstractContextManager[Any]] = nullcontext


def prepare(
    models: Sequence[StudyModel], data: Path, *, studies: Path, date: str, progress: Progress | None = None
) -> Study:
    """Makes all pictures of a study, or none: on an error the folder is deleted.

    The scenes are pairs that no model was trained on: the test pairs, or without these the validation pairs.
    Raises `ConfigError` where the models cannot be compared, `DataError` where fewer than `FEWEST_SCENES`
    pairs are usable.
    """
    configs = [model.painter.config for model in models]
    _check_together(models, configs)
    folders = [open_evaluation_pairs(cast(Translator, model.painter), data) for model in models]
    split, pairs = _scenes(folders)
    folder = studies / secrets.token_hex(8)
    try:
        folder.mkdir(parents=True)
        pictures, left_out = _make(models, folders[0], scenes=pairs, folder=folder, progress=progress)
        largest = max(path.stat().st_size for path in folder.glob("*.png"))
        makers = tuple(model.maker for model in models)
        study = Study(
            folder, data.name, str(data), split, configs[0].size, largest, makers, pictures, date, left_out
        )
        write_text(
            folder / DESCRIPTION,
            json.dumps({key: value for key, value in asdict(study).items() if key != "folder"}) + "\n",
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return study


def _make(
    models: Sequence[StudyModel],
    pairs: PairFolder,
    *,
    scenes: Sequence[Pair],
    folder: Path,
    progress: Progress | None,
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Returns the files of each scene, and a sentence for each pair that could not be read."""
    pictures: dict[str, tuple[str, ...]] = {}
    left_out: list[str] = []
    for done, pair in enumerate(scenes, 1):
        try:
            pictures[pair.name] = tuple(_put(folder, image) for image in _paint(models, pairs, pair=pair))
        except DataError as error:
            left_out.append(str(error))
        if progress:
            progress(done, len(scenes))
    if len(pictures) < FEWEST_SCENES:
        raise DataError(
            f"only {len(pictures)} of {len(scenes)} pairs could be read; a study needs {FEWEST_SCENES}. The "
            f"first: {left_out[0]}"
        )
    return pictures, tuple(left_out)


def _check_together(models: Sequence[StudyModel], configs: Sequence[ModelConfig]) -> None:
    """Raises `ConfigError` where the models differ in more than their pictures: two models are shown mixed,
    so size, kind and direction must be the same."""
    if len({model.maker.sign for model in models}) < len(models):
        raise ConfigError(
            f"{models[0].maker.title} and {models[1].maker.title} are the same model. Choose two, "
            "or one alone."
        )
    kinds = [(config.size, config.source, config.target, config.out_channels) for config in configs]
    if len(set(kinds)) > 1:
        description = " and ".join(
            f"{model.maker.title} makes {size} x {size} pictures, {source} to {target}"
            for model, (size, source, target, _) in zip(models, kinds, strict=True)
        )
        raise ConfigError(f"{description}. Compare two models of one kind and size.")
    if (
        len(
            {
                (str(a.painter.about.get("direction", "AtoB")), str(a.painter.about.get("make", "none")))
                for a in models
            }
        )
        > 1
    ):
        raise ConfigError(
            f"{models[0].maker.title} and {models[1].maker.title} go in different directions. Compare two "
            "of one direction."
        )


def _scenes(folders: Sequence[PairFolder]) -> tuple[str, list[Pair]]:
    """Returns the split ("test" or "val") and its pairs, at most `MOST_SCENES`, that no model was trained on.

    Without folders for splits each model has held out other pairs, by its seed: those common to
    all are taken.
    """
    split = "test" if folders[0].test else "val"
    of_each = [
        {pair.name: pair for pair in (folder.test if split == "test" else folder.val)} for folder in folders
    ]
    names = set(of_each[0]).intersection(*of_each[1:])
    if len(names) < FEWEST_SCENES:
        whose = (
            "that the model was not trained on" if len(folders) == 1 else "that neither model was trained on"
        )
        raise DataError(
            f"there are {len(names)} pairs in {folders[0].root.name} {whose}; a study needs at least "
            f"{FEWEST_SCENES}, better 50."
            " Choose a folder with more of them in test/ or val/."
        )
    chosen = sorted(names, key=lambda name: seed_of(0, name))[:MOST_SCENES]
    return split, [of_each[0][name] for name in chosen]


def _paint(models: Sequence[StudyModel], folder: PairFolder, *, pair: Pair) -> Iterator[Image.Image]:
    """Yields the real picture and each model's fake, all at the models' size."""
    config = models[0].painter.config
    source, target = folder.load(pair, config.size, (config.source, config.target))
    yield target.convert("L").convert("RGB") if config.target == "gray" else target
    for model in models:
        with model.turn():
            yield model.painter(source)


def _put(folder: Path, image: Image.Image) -> str:
    """Writes a PNG of the pixels alone, since metadata of a photo would reveal that it is real;
    returns its name."""
    name = f"{secrets.token_hex(16)}.png"
    write_image(folder / name, Image.frombytes("RGB", image.size, image.tobytes()))
    return name


def find_studies(studies: Path) -> tuple[Study, ...]:
    """Returns the studies that can be taken, the newest first; one that is still being made is left out."""
    found = [
        study
        for path in studies.glob(f"*/{DESCRIPTION}")
        if PLACE.fullmatch(path.parent.name) and (study := _read(path))
    ]
    return tuple(sorted(found, key=lambda study: (study.date, study.key), reverse=True))


def _read(path: Path) -> Study | None:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        description["models"] = tuple(Maker(**maker) for maker in description["models"])
        description["left_out"] = tuple(description.get("left_out", ()))
        description["pictures"] = {scene: tuple(names) for scene, names in description["pictures"].items()}
        study = Study(folder=path.parent, **description)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    names = [name for files in study.pictures.values() for name in files]
    return study if names and all(PICTURE.fullmatch(name) for name in names) else None


def remove(study: Study) -> None:
    """Deletes the pictures of a study. Its results stay."""
    shutil.rmtree(study.folder, ignore_errors=True)


def sweep(studies: Path) -> None:
    """Deletes folders of studies without a description, left by a server that stopped while making them."""
    for place in studies.iterdir() if studies.is_dir() else ():
        if PLACE.fullmatch(place.name) and place.is_dir() and not (place / DESCRIPTION).exists():
            shutil.rmtree(place, ignore_errors=True)

"""The pictures of a perceptual study, made beforehand: real ones, and beside each what
the models make of its source.

studies/<random>/study.json   whose pictures they are, and which file is what; it stays on the server
                 <random>.png one picture; neither its name nor its place among the
                 others tells whether it is real
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
"""Of a study; more would only take longer to make. Which ones is drawn from their names."""
FEWEST_SCENES = 4
DESCRIPTION = "study.json"
PLACE = re.compile(r"[0-9a-f]{16}")
PICTURE = re.compile(r"[0-9a-f]{32}\.png")
Painter = Translator | ZeroGpuTranslator


@dataclass(frozen=True)
class Study:
    """A study that can be taken."""

    folder: Path
    data: str
    """What its results are filed under: the name of the folder of pairs."""
    source: str
    """That folder."""
    split: str
    size: int
    largest: int
    """Bytes of its largest picture."""
    models: tuple[Maker, ...]
    pictures: dict[str, tuple[str, ...]]
    """Of each scene the files: the real one, then one by each model."""
    date: str = ""
    left_out: tuple[str, ...] = ()
    """A sentence for each pair that could not be read."""

    @property
    def key(self) -> str:
        """Its place's name."""
        return self.folder.name

    def picture(self, scene: str, model: int | None) -> bytes:
        """A picture as PNG. All are of one length, so that it tells nothing: what a model
        paints is often easier to pack."""
        data = (self.folder / self.pictures[scene][0 if model is None else model + 1]).read_bytes()
        return data + secrets.token_bytes(self.largest - len(data))


@dataclass(frozen=True)
class StudyModel:
    """A model that is to be studied, and how its turn to paint is waited for."""

    maker: Maker
    painter: Painter
    turn: Callable[[], AbstractContextManager[Any]] = nullcontext


def prepare(
    artists: Sequence[StudyModel], data: Path, *, studies: Path, date: str, progress: Progress | None = None
) -> Study:
    """Makes the pictures of a study, all or none. The scenes are pairs that no model was trained on:
    test, or else validation pairs."""
    configs = [artist.painter.config for artist in artists]
    _check_together(artists, configs)
    folders = [open_evaluation_pairs(cast(Translator, artist.painter), data) for artist in artists]
    split, pairs = _scenes(folders)
    folder = studies / secrets.token_hex(8)
    try:
        folder.mkdir(parents=True)
        pictures, left_out = _make(artists, folders[0], scenes=pairs, folder=folder, progress=progress)
        largest = max(path.stat().st_size for path in folder.glob("*.png"))
        makers = tuple(artist.maker for artist in artists)
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
    artists: Sequence[StudyModel],
    pairs: PairFolder,
    *,
    scenes: Sequence[Pair],
    folder: Path,
    progress: Progress | None,
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The files of each scene, and what is wrong with the pairs that have none."""
    pictures: dict[str, tuple[str, ...]] = {}
    left_out: list[str] = []
    for done, pair in enumerate(scenes, 1):
        try:
            pictures[pair.name] = tuple(_put(folder, image) for image in _paint(artists, pairs, pair=pair))
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


def _check_together(artists: Sequence[StudyModel], configs: Sequence[ModelConfig]) -> None:
    """Two models are shown mixed: nothing but what they paint may tell one from the other."""
    if len({artist.maker.sign for artist in artists}) < len(artists):
        raise ConfigError(
            f"{artists[0].maker.title} and {artists[1].maker.title} are the same model. Choose two, "
            "or one alone."
        )
    kinds = [(config.size, config.source, config.target, config.out_channels) for config in configs]
    if len(set(kinds)) > 1:
        said = " and ".join(
            f"{artist.maker.title} makes {size} x {size} pictures, {source} to {target}"
            for artist, (size, source, target, _) in zip(artists, kinds, strict=True)
        )
        raise ConfigError(f"{said}. Compare two models of one kind and size.")
    if (
        len(
            {
                (str(a.painter.about.get("direction", "AtoB")), str(a.painter.about.get("make", "none")))
                for a in artists
            }
        )
        > 1
    ):
        raise ConfigError(
            f"{artists[0].maker.title} and {artists[1].maker.title} go in different directions. Compare two "
            "of one direction."
        )


def _scenes(folders: Sequence[PairFolder]) -> tuple[str, list[Pair]]:
    """Which split, and its pairs that no model has learned from. Without folders of splits each model has
    left out others, by its seed."""
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


def _paint(artists: Sequence[StudyModel], folder: PairFolder, *, pair: Pair) -> Iterator[Image.Image]:
    """The real picture and the fakes, all resized in the same way."""
    config = artists[0].painter.config
    source, target = folder.load(pair, config.size, (config.source, config.target))
    yield target.convert("L").convert("RGB") if config.target == "gray" else target
    for artist in artists:
        with artist.turn():
            yield artist.painter(source)


def _put(folder: Path, image: Image.Image) -> str:
    """Without anything but pixels: what came along with a photo would tell it."""
    name = f"{secrets.token_hex(16)}.png"
    write_image(folder / name, Image.frombytes("RGB", image.size, image.tobytes()))
    return name


def find_studies(studies: Path) -> tuple[Study, ...]:
    """Those that can be taken, the newest first. What is no whole study, such as one
    that is being made, is none."""
    found = [
        study
        for path in studies.glob(f"*/{DESCRIPTION}")
        if PLACE.fullmatch(path.parent.name) and (study := _read(path))
    ]
    return tuple(sorted(found, key=lambda study: (study.date, study.key), reverse=True))


def _read(path: Path) -> Study | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["models"] = tuple(Maker(**maker) for maker in told["models"])
        told["left_out"] = tuple(told.get("left_out", ()))
        told["pictures"] = {scene: tuple(names) for scene, names in told["pictures"].items()}
        study = Study(folder=path.parent, **told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    names = [name for files in study.pictures.values() for name in files]
    return study if names and all(PICTURE.fullmatch(name) for name in names) else None


def remove(study: Study) -> None:
    """Deletes its pictures. What was answered stays."""
    shutil.rmtree(study.folder, ignore_errors=True)


def sweep(studies: Path) -> None:
    """Deletes what a server that died has left half made."""
    for place in studies.iterdir() if studies.is_dir() else ():
        if PLACE.fullmatch(place.name) and place.is_dir() and not (place / DESCRIPTION).exists():
            shutil.rmtree(place, ignore_errors=True)

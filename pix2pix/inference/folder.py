"""Translates a folder of pictures into another folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pix2pix.data.clipping import clipping_note
from pix2pix.data.scan import Problem, scan
from pix2pix.errors import CheckpointError, DataError
from pix2pix.inference.source_file import SourceFile, read_source
from pix2pix.inference.translator import Translator
from pix2pix.runtime.files import write_image
from pix2pix.runtime.progress import Progress


@dataclass(frozen=True)
class Job:
    """A picture, and the path of its translation."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Translated:
    """The files that were written, and the pictures that were left out, each with its cause."""

    written: tuple[Path, ...]
    problems: tuple[Problem, ...]
    note: str = ""
    """A sentence about pictures with values outside the range that the model was trained with."""


def plan_folder(source: str | Path, output: str | Path) -> tuple[list[Job], list[Problem]]:
    """Returns a job for each picture below `source` (same folders and names below `output`, as PNG), and a
    problem for each picture of a format that is not read.

    Raises `DataError` where there is no picture, or one would be overwritten.
    """
    source = Path(source)
    output = Path(output)
    if not source.is_dir():
        raise DataError(f"{source} is no folder; name a folder of pictures.")
    if output.is_file():
        raise DataError(
            f"{output} is a file, and {source} a folder of pictures. Name a folder for the output."
        )
    found, problems = scan(source)
    # What an earlier call wrote into the folder is no input of this one.
    inside = output.resolve() if source.resolve() in output.resolve().parents else None
    pictures = [file.path for file in found if inside is None or inside not in file.path.resolve().parents]
    if not pictures:
        raise DataError(
            f"{source} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another folder."
        )
    jobs = [
        Job(picture, target)
        for picture, target in zip(pictures, _targets(pictures, source, output=output), strict=True)
    ]
    originals = {str(picture.resolve()).casefold() for picture in pictures}
    for job in jobs:
        if str(job.target.resolve()).casefold() in originals:
            raise DataError(
                f"{job.target} is one of the pictures to translate, and would be overwritten. Choose "
                "another folder for the output."
            )
    return jobs, problems


def _targets(pictures: Iterable[Path], source: Path, *, output: Path) -> Iterator[Path]:
    """Yields paths: `a/x.jpg` gives `OUTPUT/a/x.png`; a second x, as BMP, `OUTPUT/a/x.bmp.png`."""
    taken = set()
    for picture in pictures:
        relative = picture.relative_to(source)
        # Compared without case: on many disks x.png and X.png are one file.
        name = relative.with_suffix(".png")
        if str(name).casefold() in taken:
            name = relative.with_name(relative.name + ".png")
        taken.add(str(name).casefold())
        yield output / name


def translate_all(
    translator: Translator,
    jobs: Sequence[Job],
    *,
    mode: str = "fit",
    seed: int | None = None,
    progress: Progress | None = None,
) -> Translated:
    """Translates every picture; one that cannot be read, translated or named on this disk is
    left out and named in the result.

    Each file is written whole or not at all. `progress` is called with the number of pictures done, and
    of all. With a `seed` each picture gets the same noise, as if it had been translated alone. A full
    disk ends it with `NoSpaceError`.
    """
    written: list[Path] = []
    problems: list[Problem] = []
    clipped: list[float] = []
    for done, job in enumerate(jobs, 1):
        try:
            clipped.append(translate_file(translator, job, mode=mode, seed=seed).clipped)
            written.append(job.target)
        except (DataError, CheckpointError) as error:  # a model may fail at one picture and not at the next
            problems.append(Problem(str(job.source), str(error)))
        if progress:
            progress(done, len(jobs))
    note = clipping_note(clipped, translator.config.source_levels)
    return Translated(tuple(written), tuple(problems), note)


def translate_file(
    translator: Translator, job: Job, *, mode: str = "fit", seed: int | None = None
) -> SourceFile:
    """Reads, translates and writes one picture, in the format of the target's suffix;
    returns what was read."""
    source = read_source(job.source, translator.config)
    write_image(job.target, translator(source.image, mode=mode, seed=seed))
    return source

"""Translates a folder of pictures into another folder."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

import torch
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.data.clipping import clipping_note
from pix2pix.data.scan import Problem, scan
from pix2pix.errors import CheckpointError, DataError
from pix2pix.inference.source_file import SourceFile, read_source
from pix2pix.runtime.files import write_image
from pix2pix.runtime.progress import Progress

TOGETHER = 8
"""Pictures in a batch on a GPU. On a CPU one by one is as fast, and takes less memory."""
AHEAD = 2
"""Pictures that are decoded before their turn, beyond a batch, and as many that wait to be written."""
THREADS = max(2, min(8, os.cpu_count() or 1))
"""Threads that decode and encode beside the network, at most one a core."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Job:
    """A picture, and the path of its translation."""

    source: Path
    target: Path


class PictureTranslator(Protocol):
    """What translates pictures: a `Translator`, or one that waits for its turn first."""

    config: ModelConfig
    device: torch.device

    def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image: ...

    def translate_batch(self, images: Sequence[Image.Image]) -> list[Image.Image]: ...


Report = Callable[[Job, Problem | None], None]


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


def _targets(pictures: Sequence[Path], source: Path, *, output: Path) -> list[Path]:
    names = target_names([picture.relative_to(source).as_posix() for picture in pictures])
    return [output / name for name in names]


def target_names(names: Iterable[str], suffix: str = ".png") -> list[str]:
    """Returns a name for the translation of each file, no two alike: of `a/x.jpg` it is `a/x.png`, of a
    second x, as BMP, `a/x.bmp.png`, and of a third `x (2).png`.
    """
    taken: set[str] = set()
    given = []
    for name in map(PurePosixPath, names):
        copies = (name.with_name(f"{name.stem} ({number}){suffix}") for number in count(2))
        choices = chain([name.with_suffix(suffix), name.with_name(name.name + suffix)], copies)
        # Compared without case: on many disks x.png and X.png are one file.
        free = next(choice for choice in choices if str(choice).casefold() not in taken)
        taken.add(str(free).casefold())
        given.append(str(free))
    return given


def translate_all(
    translator: PictureTranslator,
    jobs: Sequence[Job],
    *,
    mode: str = "fit",
    seed: int | None = None,
    progress: Progress | None = None,
    report: Report | None = None,
    together: int | None = None,
) -> Translated:
    """Translates every picture; one that cannot be read, translated or named on this disk is
    left out and named in the result.

    Pictures are decoded and encoded in threads while others go through the network. Each file is written
    whole or not at all. `progress` is called with the number of pictures done, and of all, `report` with each
    job that has ended, in order, and its problem; what it raises ends the work. With a `seed` each picture
    gets the same noise, as if it had been translated alone. `together` pictures are one batch in mode `fit`
    without a seed; None means 8 on a GPU and 1 on a CPU. A full disk ends it with `NoSpaceError`.
    """
    written: list[Path] = []
    problems: list[Problem] = []
    clipped: list[float] = []
    pool = ThreadPoolExecutor(THREADS, "pictures")
    try:
        usual = TOGETHER if translator.device.type == "cuda" else 1
        size = together or usual if mode == "fit" and seed is None else 1
        read = _ahead(pool, lambda job: _read(translator, job), jobs, count=AHEAD + size - 1)
        painted = _paint(translator, read, size, mode=mode, seed=seed)
        for done, outcome in enumerate(_ahead(pool, _write, painted, count=AHEAD), 1):
            problem = outcome.result if isinstance(outcome.result, Problem) else None
            if problem:
                problems.append(problem)
            else:
                written.append(outcome.job.target)
                clipped.append(outcome.clipped)
            if progress:
                progress(done, len(jobs))
            if report:
                report(outcome.job, problem)
    finally:
        pool.shutdown(cancel_futures=True)
    note = clipping_note(clipped, translator.config.source_levels)
    return Translated(tuple(written), tuple(problems), note)


@dataclass(frozen=True)
class _Outcome:
    """What has become of a job so far: a picture, or the problem that ended it."""

    job: Job
    result: Image.Image | Problem
    clipped: float = 0.0


def _attempt(job: Job, work: Callable[[], Image.Image], clipped: float = 0.0) -> _Outcome:
    try:
        return _Outcome(job, work(), clipped)
    except (DataError, CheckpointError) as error:  # a model may fail at one picture and not at the next
        return _Outcome(job, Problem(str(job.source), str(error)))


def _read(translator: PictureTranslator, job: Job) -> _Outcome:
    try:
        source = read_source(job.source, translator.config)
    except DataError as error:
        return _Outcome(job, Problem(str(job.source), str(error)))
    return _Outcome(job, source.image, source.clipped)


def _write(outcome: _Outcome) -> _Outcome:
    image = outcome.result
    if isinstance(image, Problem):
        return outcome

    def write() -> Image.Image:
        write_image(outcome.job.target, image)
        return image

    return _attempt(outcome.job, write, outcome.clipped)


def _paint(
    translator: PictureTranslator, outcomes: Iterable[_Outcome], size: int, *, mode: str, seed: int | None
) -> Iterator[_Outcome]:
    """Yields the translation of each picture, `size` at a time."""
    group: list[_Outcome] = []
    for outcome in outcomes:
        group.append(outcome)
        if len(group) == size:
            yield from _paint_group(translator, group, mode=mode, seed=seed)
            group = []
    yield from _paint_group(translator, group, mode=mode, seed=seed)


def _paint_group(
    translator: PictureTranslator, group: Sequence[_Outcome], *, mode: str, seed: int | None
) -> Iterator[_Outcome]:
    """Yields the translations of a batch; where it fails, those of its pictures one by one."""
    images = [outcome.result for outcome in group if isinstance(outcome.result, Image.Image)]
    painted: Iterator[Image.Image] | None = None
    if len(images) > 1:
        try:
            painted = iter(translator.translate_batch(images))
        except (DataError, CheckpointError):
            painted = None
    for outcome in group:
        image = outcome.result
        if isinstance(image, Problem):
            yield outcome
        elif painted is not None:
            yield _Outcome(outcome.job, next(painted), outcome.clipped)
        else:
            yield _attempt(
                outcome.job,
                lambda image=image: translator(image, mode=mode, seed=seed),  # type: ignore[misc]
                outcome.clipped,
            )


def _ahead(pool: Executor, work: Callable[[T], U], items: Iterable[T], *, count: int) -> Iterator[U]:
    """Yields the results of `work` in the order of the items, of which `count` are worked on ahead."""
    pending: deque[Future[U]] = deque()
    for item in items:
        pending.append(pool.submit(work, item))
        if len(pending) > count:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def translate_file(
    translator: PictureTranslator, job: Job, *, mode: str = "fit", seed: int | None = None
) -> SourceFile:
    """Reads, translates and writes one picture, in the format of the target's suffix;
    returns what was read."""
    source = read_source(job.source, translator.config)
    write_image(job.target, translator(source.image, mode=mode, seed=seed))
    return source

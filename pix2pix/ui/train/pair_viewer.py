"""The viewer of pairs: a dialog in which pairs are looked at closely, marked, and edited.

Its script, in `pix2pix/ui/train/viewer/`, shows edits at once and sends them together; the server makes them
on a copy (`dataset_intake.edit`). What it sends is checked here.
"""

from __future__ import annotations

import io
import time
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.data.checks.sides_report import SidesReport
from pix2pix.data.edits import Edit
from pix2pix.data.intake.edited_folder import EditList, file_of
from pix2pix.data.pairs import Pair, PairFolder, read_pair
from pix2pix.errors import DataError, Pix2PixError, showable
from pix2pix.runtime.progress import Progress
from pix2pix.ui.shared.data_urls import data_url
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train.dataset_intake import Place, edit, original_of, stem_of
from pix2pix.ui.train.dataset_progress import progress_of
from pix2pix.ui.train.uploaded import UploadedDataset

PLACE = Path(__file__).parent / "viewer"
A_PAGE = 40
SMALL, LARGE = 144, 768
"""Longer side in pixels of a half in the grid, and enlarged."""
SHOWN = ("all", "doubtful", "edited", "excluded")
MOST_EDITS = 200_000
FAILED = "The server could not do this; its log says why. Nothing has changed: try again, or discard."

Answer = dict[str, Any]


class PairViewer(gr.HTML):
    """The component: a button, and the dialog that it opens. Its value is what `browse` returns."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            html_template=(PLACE / "viewer.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=f"{viewer_script()}\nPix2PixViewer.mountViewer({{ element, props, watch, trigger }});",
            apply_default_css=False,
            **options,
        )

    def preprocess(self, payload: Any) -> None:
        """Returns None: what is asked comes with an event."""

    def postprocess(self, value: Any) -> Any:
        """Returns the value unchanged."""
        return value


@lru_cache(maxsize=1)
def viewer_script() -> str:
    """Returns the viewer's modules as one classic script that defines `Pix2PixViewer`."""
    return bundle(
        "Pix2PixViewer", PLACE / "viewer.js", exports=("mountViewer",), styles=[PLACE / "viewer.css"]
    )


def browse(dataset: UploadedDataset, asked: Any) -> Answer:
    """Returns a page of pairs as they are in the original, each with its edit and what the doctor says of it.

    `asked` holds `shown` (one of `SHOWN`), `sort` (worst or name), `page`, and optionally `open`: the file of
    a pair whose halves are wanted large. Raises `DataError` where it asks for something else.
    """
    if not isinstance(asked, dict) or asked.get("shown", "all") not in SHOWN:
        raise DataError(f"the viewer shows one of {', '.join(SHOWN)}.")
    listed, pairs = original_of(dataset)
    by_file = {file_of(pair, pairs): pair for pair in pairs.pairs}
    if "open" in asked:
        file = str(asked["open"])
        if file not in by_file:
            raise DataError(f"{file[:200]} is no pair of this data.")
        return {"large": {"file": file, "images": _images(by_file[file], dataset, side=LARGE)}}
    doubts = doubts_of(dataset, pairs)
    lists = _lists(by_file, listed, doubts=doubts)
    files = lists[asked.get("shown", "all")]
    if asked.get("sort") != "name":
        least = len(dataset_report.CARDS)
        files = sorted(
            files,
            key=lambda file: (min((place for place, _ in doubts[file]), default=least), -len(doubts[file])),
        )
    page = asked.get("page", 0)
    last = max(0, -(-len(files) // A_PAGE) - 1)
    page = min(max(page, 0), last) if type(page) is int else 0
    return {
        "items": [
            _item(by_file[file], pairs, dataset=dataset, edit=listed.by_file.get(file), doubts=doubts[file])
            for file in files[page * A_PAGE : (page + 1) * A_PAGE]
        ],
        "page": page,
        "pages": last + 1,
        "counts": {name: len(each) for name, each in lists.items()},
        "first": 0 if dataset.report.direction == "AtoB" else 1,
        "names": _names(dataset),
        "single": dataset.is_photos,
        "folder": str(dataset.upload.folder),
    }


def _lists(
    by_file: dict[str, Pair], listed: EditList, *, doubts: dict[str, list[tuple[int, str]]]
) -> dict[str, list[str]]:
    edits = {file: listed.by_file.get(file, Edit()) for file in by_file}
    return {
        "all": list(by_file),
        "doubtful": [file for file in by_file if doubts[file]],
        "edited": [file for file in by_file if edits[file].changes_pixels],
        "excluded": [file for file in by_file if edits[file].excluded],
    }


def doubts_of(dataset: UploadedDataset, pairs: PairFolder) -> defaultdict[str, list[tuple[int, str]]]:
    """Returns, by the file of a pair of the original, the titles of the findings that name it, with their
    places in the order of importance. What is said of every pair tells none apart, and is left out."""
    order = list(dataset_report.CARDS)
    by_stem: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for card in dataset_report.cards(dataset):
        if len(card.case.files) < dataset.count or dataset.count == 1:
            for file in card.case.files:
                by_stem[stem_of(file)].append((order.index(card.case.key), card.title))
    doubts: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for pair in pairs.pairs:
        stems = dict.fromkeys(stem_of(file.relative_to(pairs.root).as_posix()) for file in pair.files)
        doubts[file_of(pair, pairs)] = [found for stem in stems for found in by_stem.get(stem, ())]
    return doubts


def _item(
    pair: Pair,
    pairs: PairFolder,
    *,
    dataset: UploadedDataset,
    edit: Edit | None,
    doubts: list[tuple[int, str]],
) -> Answer:
    item: Answer = {"file": file_of(pair, pairs), "edit": edit.to_dict() if edit else {}}
    item |= {"name": showable(pair.name), "split": pairs.split_of(pair) if pairs.has_split_folders else ""}
    item |= {"doubts": list(dict.fromkeys(title for _, title in doubts))}
    try:
        return item | {"images": _images(pair, dataset, side=SMALL)}
    except DataError as error:
        return item | {"images": [], "problem": showable(str(error))}


def _images(pair: Pair, dataset: UploadedDataset, *, side: int) -> list[str]:
    """Returns both halves, A first, as data URLs; a photo once. Labels keep their exact colours."""
    halves = read_pair(pair)
    report = dataset.report
    kinds = (report.source.kind, report.target.kind)
    kinds = kinds if report.direction == "AtoB" else kinds[::-1]
    if dataset.is_photos:
        return [_encoded(halves[0], few=False, side=side)]
    return [_encoded(half, few=kind == "labels", side=side) for half, kind in zip(halves, kinds, strict=True)]


def _encoded(image: Image.Image, *, few: bool, side: int) -> str:
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.NEAREST if few else Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "PNG") if few else small.save(file, "JPEG", quality=88)
    return data_url(file.getvalue(), "png" if few else "jpeg")


def _names(dataset: UploadedDataset) -> list[str]:
    """Returns what the halves are called, A first: source and target, or photo alone."""
    if dataset.is_photos:
        return ["photo", "photo"]
    return ["source", "target"] if dataset.report.direction == "AtoB" else ["target", "source"]


def read_edits(asked: Any) -> dict[str, Edit]:
    """Returns the edits that the page sent. Raises `DataError` where they are none."""
    edits = asked.get("edits") if isinstance(asked, dict) else None
    if not isinstance(edits, dict) or not 0 < len(edits) <= MOST_EDITS:
        raise DataError("no edits of pairs were sent.")
    return {str(file): Edit.of(values) for file, values in edits.items()}


def turn_of(event: gr.EventData) -> Answer:
    """Returns the number of the question, so that no answer is taken for the one before."""
    return {"turn": event._data.get("turn")} if isinstance(event._data, dict) else {}


def is_viewable(dataset: UploadedDataset) -> bool:
    """Whether the viewer can show the data: pairs or photos, and no sides without pairs."""
    return not (dataset.sides or isinstance(dataset.report, SidesReport))


def bind_viewer(
    place: Place,
    parts: dict[str, Any],
    *,
    shown: Callable[[UploadedDataset], dict[Any, Any]],
    events: dict[str, Any],
) -> None:
    """Binds what the viewer asks for, and its edits; `shown` returns the updates of all parts for new data.

    A refusal is part of the value, since a toast would lie below the dialog.
    """
    viewer = parts["viewer"]

    def looked(dataset: UploadedDataset | None, event: gr.EventData) -> Any:
        if not dataset or not is_viewable(dataset):
            return gr.skip()
        try:
            return browse(dataset, event._data) | turn_of(event)
        except Pix2PixError as error:
            return {"error": sentence(error)} | turn_of(event)

    def edited(
        dataset: UploadedDataset | None,
        request: gr.Request,
        event: gr.EventData,
        progress: Any = gr.Progress(),  # noqa: B008
    ) -> Any:
        if not dataset or not is_viewable(dataset):
            return gr.skip()
        bar: Progress = progress_of(progress)
        try:
            place.check(request)
            done = edit(place, dataset, read_edits(event._data), progress=bar)
            return shown(done) | {viewer: {"done": True} | browse(done, event._data) | turn_of(event)}
        except Pix2PixError as error:
            return {viewer: {"error": sentence(error)} | turn_of(event)}

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    for asked in (
        viewer.select(looked, parts["state"], viewer, trigger_mode="multiple", **quiet),
        viewer.submit(edited, parts["state"], **{**events, "show_progress": "hidden"}),
    ):
        # The time makes it another value than that of the failure before, so that it is shown again.
        asked.failure(lambda: {"error": FAILED, "turn": time.time()}, None, viewer, **quiet)

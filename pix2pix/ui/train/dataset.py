"""The data section of the Train tab: upload a zip or pictures, or name a folder or data set, and
see its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.data.intake import uploads as uploads
from pix2pix.ui.shared.messages import with_toasts
from pix2pix.ui.train import dataset_memory as dataset_memory
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train import uploaded as uploaded
from pix2pix.ui.train.dataset_intake import OFFER as OFFER
from pix2pix.ui.train.dataset_intake import Place as Place
from pix2pix.ui.train.dataset_intake import add_files as add_files
from pix2pix.ui.train.dataset_intake import add_named as add_named
from pix2pix.ui.train.dataset_intake import edit as edit
from pix2pix.ui.train.dataset_intake import mend as mend
from pix2pix.ui.train.dataset_layout import bind_layout, build_apart, build_layout, restate, take_apart
from pix2pix.ui.train.dataset_progress import progress_of
from pix2pix.ui.train.pair_viewer import PairViewer, bind_viewer, is_viewable
from pix2pix.ui.train.uploaded import UploadedDataset

MAKES = [
    ("Not chosen yet", "none"),
    ("Colourise: gray to colour", "gray"),
    ("Edges to photo", "edges"),
    ("Fill holes", "mask"),
    ("Sharpen: blurred to sharp", "lowres"),
]
Parts = dict[str, Any]


@dataclass(frozen=True)
class DatasetForm:
    """The widgets of the section. `data` holds the path of the chosen, checked folder; its `change` event
    reports new data."""

    data: gr.Textbox
    direction: gr.Radio
    layout: gr.Radio
    make: gr.Radio
    method: gr.Textbox
    """Hidden: what the data is for, with pairs or without."""
    size: gr.Number
    """Hidden: the training size that suits the pictures, at most 256 pixels."""
    parts: Parts = field(default_factory=dict)
    """All widgets by the names that handlers use."""


def show(dataset: UploadedDataset | None, page: int = 0) -> Parts:
    """Returns updates of all parts for a data set; of None, for the empty upload area."""
    parts: Parts = {"state": dataset, "page": page, "files": None}
    parts |= {"empty": gr.update(visible=dataset is None), "full": gr.update(visible=dataset is not None)}
    if dataset is None:
        none = {"data": "", "method": "pix2pix", "layout": "auto"}
        return parts | none | {"make": gr.update(value="none", visible=False)}
    parts |= {
        "data": str(dataset.upload.folder) if dataset.is_ready else "",
        "method": dataset.method,
        "size": dataset_report.suggested_size(dataset.report),
        "headline": dataset_report.headline_html(dataset),
        "direction": _direction(dataset),
        "layout": dataset.layout,
        "without_pairs": gr.update(
            value=bool(dataset.sides), visible=bool(dataset.sides) or not dataset.is_photos
        ),
        "make": gr.update(value=dataset.make, visible=dataset.is_photos),
        "no_pairs": gr.update(visible=dataset.is_photos),
        "undo": gr.update(visible=dataset.before is not None),
        "viewer": gr.update(visible=is_viewable(dataset)),
    }
    return parts | _page_parts(dataset, page) | _cards(dataset)


def _direction(dataset: UploadedDataset) -> Any:
    choices = dataset_report.direction_choices(dataset.report)
    return gr.update(choices=choices, value=dataset.report.direction, visible=not dataset.is_photos)


def _page_parts(dataset: UploadedDataset, page: int) -> Parts:
    """Returns updates of one page of pairs, and of its position among all."""
    last = dataset_report.pages(dataset) - 1
    each = dataset_report.A_PAGE
    count = dataset.count
    page = max(0, min(int(page), last))
    return {
        "page": page,
        "strip": dataset_report.strip_html(dataset, page),
        "place": f"<p class='hint'>{page * each + 1:,} to {min(count, (page + 1) * each):,} of {count:,}</p>",
        "back": gr.update(interactive=page > 0),
        "next": gr.update(interactive=page < last),
        "pager": gr.update(visible=last > 0),
    }


def _cards(dataset: UploadedDataset) -> Parts:
    shown = {card.case.key: card for card in dataset_report.cards(dataset)}
    parts: Parts = {}
    for key in dataset_report.CARDS:
        card = shown.get(key)
        parts[f"card_{key}"] = gr.update(visible=card is not None)
        if card:
            parts[f"text_{key}"] = dataset_report.card_html(card)
            parts[f"mend_{key}"] = gr.update(value=card.button, visible=bool(card.button))
    return parts


def turn_page(dataset: UploadedDataset | None, page: int, *, by: int) -> Parts:
    """Shows the next or the previous page of pairs."""
    return _page_parts(dataset, page + by) if dataset else {}


def switch_direction(dataset: UploadedDataset | None, direction: str, page: int) -> Parts:
    """Switches the direction."""
    if dataset is None or direction not in ("AtoB", "BtoA"):
        return {}
    now = uploaded.turned(dataset, direction)
    return {"state": now, "headline": dataset_report.headline_html(now)} | _page_parts(now, page)


def choose_source(dataset: UploadedDataset | None, make: str, page: int) -> Parts:
    """Sets what is made from photos as the source."""
    if dataset is None or make not in {value for _, value in MAKES}:
        return {}
    now = replace(dataset, make=make)
    return {"state": now, "data": str(now.upload.folder) if now.is_ready else ""} | _page_parts(now, page)


def build_dataset_form(
    uploads: Path,
    allowed: tuple[Path, ...],
    *,
    in_use: Callable[[], Iterable[str | Path]] = tuple,
    check: Callable[[gr.Request | None], object] = bool,
    demo: gr.Blocks | None = None,
) -> DatasetForm:
    """Builds the section at the current place of the layout.

    `in_use` returns the data of runs, which are never swept; `check` raises where a visitor may not
    upload data. With `demo`, the page, the visitor's browser stores which data was chosen, so that a
    reload shows it again.
    """
    place = Place(Path(uploads), allowed, in_use, check)
    parts = _build(allowed)
    _bind(place, parts)
    if demo:
        dataset_memory.remember(demo, parts, recalled=partial(_recalled, place, parts))
    return DatasetForm(
        **{name: parts[name] for name in ("data", "direction", "layout", "make", "method", "size")},
        parts=parts,
    )


def _recalled(place: Place, parts: Parts, note: Any, request: gr.Request) -> Any:
    place.check(request)
    dataset = dataset_memory.recall(place.uploads, place.allowed, note=note)
    return _by_widget(parts, show(dataset)) if dataset else gr.skip()


def _build(allowed: tuple[Path, ...]) -> Parts:
    parts: Parts = {"state": gr.State(None), "page": gr.State(0)}
    with gr.Column(elem_classes="bring", elem_id="bring"):
        parts["data"] = gr.Textbox(visible="hidden", label="Data", elem_id="bring-data")
        parts["method"] = gr.Textbox("pix2pix", visible="hidden", label="Method", elem_id="bring-method")
        parts["size"] = gr.Number(256, visible="hidden", label="Suggested size", precision=0)
        with gr.Column(elem_id="bring-empty") as parts["empty"]:
            parts |= _build_empty(allowed)
        with gr.Column(visible=False, elem_id="bring-full") as parts["full"]:
            parts |= _build_full()
    return parts


def _build_empty(allowed: tuple[Path, ...]) -> Parts:
    named = "path/to/pairs, or owner/name on the Hub" if allowed else "owner/name"
    parts: Parts = {"intro": gr.HTML(dataset_report.INTRO)}
    parts["files"] = gr.File(
        label="Drop zips or pictures",
        show_label=False,
        file_count="multiple",
        height=150,
        elem_id="bring-files",
    )
    with gr.Row(elem_classes="tight bring-named"):
        label = (
            "Or a folder on this computer, or a data set on the Hub"
            if allowed
            else "Or a data set on the Hugging Face Hub"
        )
        parts["named"] = gr.Textbox(
            label=label, placeholder=named, max_lines=1, elem_id="bring-named", scale=3, min_width=160
        )
        parts["open"] = gr.Button("Open", elem_id="bring-open", scale=0, min_width=80)
    return parts


def _build_full() -> Parts:
    parts: Parts = {"headline": gr.HTML(elem_id="bring-headline")}
    parts |= _build_card(OFFER)
    parts["no_pairs"] = gr.HTML(dataset_report.NO_PAIRS, visible=False)
    parts["make"] = gr.Radio(MAKES, value="none", label="Learn to", visible=False, elem_id="bring-make")
    parts["strip"] = gr.HTML(elem_id="bring-strip")
    parts["viewer"] = PairViewer(value={}, elem_id="bring-viewer")
    with gr.Row(elem_classes="tight bring-pager") as parts["pager"]:
        parts["back"] = gr.Button("‹", size="sm", min_width=44, scale=0, elem_id="bring-back")
        parts["place"] = gr.HTML(elem_id="bring-place")
        parts["next"] = gr.Button("›", size="sm", min_width=44, scale=0, elem_id="bring-next")
    parts["direction"] = gr.Radio(
        dataset_report.DIRECTIONS, value="AtoB", label="Direction", elem_id="bring-direction"
    )
    parts["layout"] = build_layout()
    parts["without_pairs"] = build_apart()
    for key in dataset_report.CARDS:
        parts |= _build_card(key) if key != OFFER else {}
    with gr.Row(elem_classes="tight"):
        parts["undo"] = gr.Button("Undo", size="sm", visible=False, min_width=100, elem_id="bring-undo")
        parts["other"] = gr.Button("Bring other data", size="sm", min_width=140, elem_id="bring-other")
    return parts


def _build_card(key: str) -> Parts:
    with gr.Row(visible=False, elem_classes="finding-card", elem_id=f"bring-{key}") as card:
        text = gr.HTML()
        button = gr.Button("Mend", size="sm", scale=0, min_width=150)
    return {f"card_{key}": card, f"text_{key}": text, f"mend_{key}": button}


def _bind(place: Place, parts: Parts) -> None:
    state = parts["state"]
    page = parts["page"]
    everything = list(parts.values())
    common: Parts = {"outputs": everything, "api_visibility": "private"}
    heavy: Parts = common | {"concurrency_limit": 2, "concurrency_id": "bring"}
    heavy["show_progress_on"] = parts["files"]
    quick: Parts = {**common, "show_progress": "hidden"}

    def files_shown(files: Any, request: gr.Request, progress: Any = gr.Progress()) -> Any:
        place.check(request)
        return _by_widget(parts, show(add_files(place, files, progress=progress_of(progress))))

    def named_shown(text: Any, request: gr.Request, progress: Any = gr.Progress()) -> Any:
        place.check(request)
        return _by_widget(parts, show(add_named(place, text, progress=progress_of(progress))))

    def mended(key: str) -> Callable[..., Any]:
        def handle(dataset: Any, request: gr.Request, progress: Any = gr.Progress()) -> Any:
            place.check(request)
            done = mend(place, dataset, key=key, progress=progress_of(progress)) if dataset else None
            return _by_widget(parts, show(done))

        return with_toasts(handle)

    failed = _by_widget(parts, {"files": None})
    parts["files"].upload(with_toasts(files_shown), parts["files"], **heavy).failure(
        lambda: failed, None, **quick
    )
    gr.on([parts["open"].click, parts["named"].submit], with_toasts(named_shown), parts["named"], **heavy)
    _bind_arrangement(place, parts, {**heavy, "show_progress_on": parts["strip"]})
    bind_viewer(place, parts, shown=lambda dataset: _by_widget(parts, show(dataset)), events=heavy)
    for key in dataset_report.CARDS:
        parts[f"mend_{key}"].click(mended(key), state, **{**heavy, "show_progress_on": parts["strip"]})
    for name, by in (("back", -1), ("next", 1)):
        parts[name].click(
            lambda dataset, at, by=by: _by_widget(parts, turn_page(dataset, at, by=by)),
            [state, page],
            **quick,
        )
    for name, handler in (("direction", switch_direction), ("make", choose_source)):
        parts[name].input(
            lambda dataset, value, at, handler=handler: _by_widget(parts, handler(dataset, value, at)),
            [state, parts[name], page],
            **quick,
        )
    parts["undo"].click(
        lambda dataset: _by_widget(parts, show(dataset.before if dataset else None)), state, **quick
    )
    parts["other"].click(lambda: _by_widget(parts, show(None)), None, **quick)


def _bind_arrangement(place: Place, parts: Parts, events: Parts) -> None:
    """Binds the choices of how the pictures lie and whether they are pairs."""

    def restated(
        dataset: UploadedDataset | None, layout: str, request: gr.Request, progress: Any = gr.Progress()
    ) -> Any:
        place.check(request)
        return _by_widget(
            parts, show(restate(dataset, layout, progress=progress_of(progress))) if dataset else {}
        )

    def taken_apart(
        dataset: UploadedDataset | None, without: bool, request: gr.Request, progress: Any = gr.Progress()
    ) -> Any:
        place.check(request)
        done = take_apart(dataset, bool(without), progress=progress_of(progress)) if dataset else None
        return _by_widget(parts, show(done) if done else {})

    restating = [with_toasts(handler) for handler in (restated, taken_apart)]
    bind_layout(parts, *restating, events=events)


def _by_widget(parts: Parts, changes: Parts) -> Any:
    return {parts[name]: value for name, value in changes.items()} if changes else gr.skip()

"""Builds the Gradio page with its tabs and theme, and serves it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.runs import jobs
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.models import tab as models_tab
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.refusals import log_refusals_in_a_line
from pix2pix.ui.shared.session_memory import session_capacity, share_descriptions
from pix2pix.ui.shared.storage import find_places
from pix2pix.ui.study import tab as study_tab
from pix2pix.ui.train import tab as train_tab
from pix2pix.ui.translate import tab as translate_tab
from pix2pix.ui.translate.endpoint import ApiPage

CSS = sorted(Path(__file__).parent.glob("*/*.css"), key=lambda path: path.name)
HEADER = (
    '<header class="masthead"><h1>pix2pix</h1><span>draw, translate, train: from one picture to'
    ' another</span></header><p class="page-notice" role="status" aria-live="polite" hidden></p>'
)
LARGEST_UPLOAD = "2gb"
"""Limit for one uploaded file (a zip of pairs). `pix2pix/data/intake/archive.py` limits
what it unpacks to."""
FONT = [
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica Neue",
    "DejaVu Sans",
    "sans-serif",
]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]

Tab = Callable[[gr.Blocks, ModelLibrary], Any]
TABS: tuple[tuple[str, str, Tab], ...] = (
    ("draw", "Draw", draw_tab.build),
    ("translate", "Translate", translate_tab.build),
    ("train", "Train", train_tab.build),
    ("models", "Models", models_tab.build),
    ("study", "Real or fake?", study_tab.build),
)
"""Id, title and builder of each tab, in order."""


def build_app(checkpoints: str | Path = "checkpoints", runs: str | Path = "runs") -> gr.Blocks:
    """Builds the page over a folder of checkpoints and a folder of runs.

    Runs that ended while no server was running are closed first, so that their status is right.
    """
    share_descriptions()
    log_refusals_in_a_line()
    library = ModelLibrary(checkpoints, runs)
    jobs.adopt(library.runs)
    with ApiPage(
        title="pix2pix", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86_400)
    ) as demo:
        gr.HTML(HEADER, js_on_load=page_script())
        if os.environ.get("SPACE_ID"):
            gr.DuplicateButton("Duplicate this Space", size="sm", scale=0, elem_id="duplicate")
        built = {}
        with gr.Tabs(elem_id="tabs"):
            for key, title, build in TABS:
                with gr.Tab(title, id=key, elem_id=f"tab-{key}"):
                    built[key] = build(demo, library)
        models_tab.bind_tuning(built["models"], built["train"])
    return demo


@lru_cache(maxsize=1)
def page_script() -> str:
    """Returns the script of the whole page: the open tab, the state of the server, files dropped anywhere."""
    entry = Path(__file__).parent / "shared" / "page_js" / "page.js"
    script = bundle("Pix2PixPage", entry, exports=("mountPage",), styles=[])
    return f"{script}\nPix2PixPage.mountPage(element);"


def theme() -> gr.themes.Base:
    """Returns the theme: gray surfaces and one accent colour, so that the pictures stand out."""
    colors = gr.themes.colors
    sizes = gr.themes.sizes
    base = gr.themes.Base(
        primary_hue=colors.indigo,
        neutral_hue=colors.zinc,
        radius_size=sizes.radius_md,
        font=FONT,
        font_mono=MONO,
    )
    return base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_padding="0px",
        block_shadow="none",
        block_title_text_weight="500",
        block_title_text_size="13px",
        block_info_text_size="12px",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        checkbox_label_background_fill="white",
        checkbox_label_background_fill_dark="*neutral_800",
        checkbox_label_border_color="*neutral_300",
        checkbox_label_border_color_dark="*neutral_700",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
    )


def launch_options() -> dict[str, Any]:
    """Returns the options that Gradio takes in `launch`, not when the page is built: theme,
    style sheets, limits."""
    return {
        "theme": theme(),
        "css_paths": CSS,
        "footer_links": ["api"],
        "show_error": True,
        "ssr_mode": False,
        "run_history": False,
        "max_file_size": LARGEST_UPLOAD,
        "state_session_capacity": session_capacity(),
    }


def launch(host: str | None = None, port: int | None = None) -> None:
    """Serves the page until Ctrl-C."""
    places = find_places()
    build_app(places.checkpoints, places.runs).launch(server_name=host, server_port=port, **launch_options())

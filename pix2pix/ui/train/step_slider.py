"""A slider over the steps of a run, whose bounds move with the run that is shown."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr


class StepSlider(gr.Slider):
    """As `gr.Slider`, and takes a value beyond its bounds, for which the nearest sample grid is shown.

    Gradio refuses such a value with an error, and a browser sends one whenever the bounds have moved since it
    last looked: after a change from a long run to a short one its handle still stands at the long run's step,
    and a page whose session the server has forgotten sends a step of bounds that the server no longer knows.
    """

    is_template = True
    """Gradio shows it with the widget of its base class."""

    def preprocess(self, payload: Any) -> float:
        """The step that was sent; `maximum` where what was sent is no finite number."""
        is_number = (
            isinstance(payload, (int, float)) and not isinstance(payload, bool) and math.isfinite(payload)
        )
        return payload if is_number else self.maximum

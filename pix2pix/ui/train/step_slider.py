"""A slider over the steps of a run, whose bounds move with the run that is shown."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr


class StepSlider(gr.Slider):
    """A `gr.Slider` that accepts a value beyond its bounds, for which the nearest sample grid is shown.

    Gradio refuses such a value with an error, and a browser sends one whenever the bounds have changed since
    it last asked: after a change from a long run to a short one its handle is still at the long run's step,
    and a page whose session was dropped sends a step of bounds that the server no longer knows.
    """

    is_template = True
    """Makes Gradio show it with the widget of its base class."""

    def preprocess(self, payload: Any) -> float:
        """Returns the step that was sent; `maximum` where it is no finite number."""
        is_number = (
            isinstance(payload, (int, float)) and not isinstance(payload, bool) and math.isfinite(payload)
        )
        return payload if is_number else self.maximum

"""A slider over the steps of a run, whose bounds move with the run that is shown."""

from __future__ import annotations

from typing import Any

import gradio as gr


class StepSlider(gr.Slider):
    """As `gr.Slider`, and a value beyond its bounds is taken as the nearest step within them.

    Gradio refuses such a value with an error, and a browser sends one whenever the bounds have moved since it last looked: after a
    change from a long run to a short one its handle still stands at the long run's step.
    """

    is_template = True
    """Gradio shows it with the widget of its base class."""

    def preprocess(self, payload: Any) -> float:
        """The step that was sent, from `minimum` to `maximum`; the newest where what was sent is no number."""
        is_number = isinstance(payload, (int, float)) and not isinstance(payload, bool) and payload == payload
        return min(max(payload, self.minimum), self.maximum) if is_number else self.maximum

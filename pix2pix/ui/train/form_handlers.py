"""Handlers that update the form for new data: times of the presets, choices of a start, number of steps."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pix2pix.config import TrainConfig
from pix2pix.errors import Pix2PixError
from pix2pix.runs.preflight import adopt_start
from pix2pix.runs.start import check_channels
from pix2pix.runs.step_time import StepTimes
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.model_library import Model, ModelLibrary
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.shared.visitors import Profile, name_of
from pix2pix.ui.train import form
from pix2pix.ui.train.form import Form, Pairs


class FormHandlers:
    """The handlers of the form, with the measured step times of this machine."""

    def __init__(self, actions: RunActions, library: ModelLibrary, *, fields: Form) -> None:
        self.actions = actions
        self.library = library
        self.fields = fields
        self.step_times = StepTimes(actions.runs)

    def consider(self, profile: Profile, *values: Any) -> list[Any]:
        """Updates presets, starts and drawer for new or turned data; also returns `Pairs` and the presets.

        `values`: data, direction, layout, make, source, target, method, start, preset, the size that suits
        the pictures, and the `Pairs` before.
        """
        *data_settings, init, preset, largest, before = values
        config = base(*data_settings)
        visitor = name_of(profile)
        found = form.look_at(config, largest) if self.actions.may_use(config.data) else Pairs()
        starts = form.starts(self.library.listing(), found, hidden=self.actions.hidden(visitor))
        start = self._start(visitor, init) if init in {key for _, key in starts} else None
        if found.count and not self.actions.rights.refusal(visitor):
            form.ask_for_times(found, self.step_times, config=config, start=start)
        choices = form.preset_choices(found, self.step_times, config=config, start=start)
        changes = form.preset_values(preset, found, only_length=True)
        if found.method != before.method:
            changes = form.method_values(preset, found)
        if start:
            changes |= form.start_values(preset, found, start=start)
        return [
            gr.update(choices=choices),
            gr.update(choices=starts),
            *self._to_drawer(changes),
            found,
            choices,
        ]

    def reprice(self, found: Pairs, before: list[Any], *values: Any) -> Any:
        """Updates the presets where a time was measured meanwhile. `values`: data, direction,
        layout, make, start."""
        *data_settings, init = values
        choices = (
            form.preset_choices(found, self.step_times, config=base(*data_settings), start=self._known(init))
            if found.count
            else before
        )
        if [list(choice) for choice in choices] == [list(choice) for choice in before]:
            return gr.skip(), gr.skip()
        return gr.update(choices=choices), choices

    def choose(self, profile: Profile, preset: str, init: str | None, found: Pairs) -> list[Any]:
        """Returns a preset's values for the drawer; a chosen start keeps its network."""
        start = self._start(name_of(profile), init)
        return self._to_drawer(
            form.preset_values(preset, found)
            | (form.start_values(preset, found, start=start) if start else {})
        )

    def choose_start(
        self, profile: Profile, preset: str, init: str | None, found: Pairs, *data_settings: Any
    ) -> list[Any]:
        """Returns the start's size and network for the drawer, then the presets with their times for it."""
        visitor = name_of(profile)
        config = base(*data_settings)
        start = self._start(visitor, init)
        if found.count and not self.actions.rights.refusal(visitor):
            form.ask_for_times(found, self.step_times, config=config, start=start)
        choices = form.preset_choices(found, self.step_times, config=config, start=start)
        return [
            *self._to_drawer(form.start_values(preset, found, start=start)),
            gr.update(choices=choices),
            choices,
        ]

    def describe_settings(
        self, profile: Profile, name: str | None, preset: str, found: Pairs, *values: Any
    ) -> tuple[str, str]:
        """Returns HTML of what these settings need, and the same training as a command."""
        try:
            config = form.to_config(values, preset, pairs=found)
            start = self._start(name_of(profile), config.init)
            if start and found.count:
                check_channels(start.config, *found.channels, name=start.title)
            config = adopt_start(config, start.config) if start else config
            needs = form.needs_of(config, start, pairs=found) if config.data else ""
        except Pix2PixError as error:
            return f'<p class="hint bad">{sentence(error)}</p>', ""
        return needs, form.command_of(config, start, name=name)

    def _start(self, visitor: str, key: str | None) -> Model | None:
        """Returns the model to start from; None for random weights."""
        return self.actions.start_from(visitor, self.library, key) if key else None

    def _known(self, key: str | None) -> Model | None:
        """Returns the model with that key without checking its owner, which is enough for the times."""
        return next((model for model in self.library.listing().models if model.key == key), None)

    def _to_drawer(self, values: dict[str, Any]) -> list[Any]:
        return [values.get(name, gr.skip()) for name in self.fields.fields]


def base(
    data: str | None,
    direction: Any,
    layout: Any,
    make: Any,
    source: Any = "auto",
    target: Any = "auto",
    method: Any = "pix2pix",
) -> TrainConfig:
    """Returns the default settings for this data."""
    return TrainConfig(
        data=data or "",
        direction=direction or "AtoB",
        layout=layout or "auto",
        make=make or "none",
        source=source or "auto",
        target=target or "auto",
        method=method or "pix2pix",
    )

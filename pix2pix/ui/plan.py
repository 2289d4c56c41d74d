"""What the form shows of the data that was brought: how long each preset takes, what a training can start from, how many steps."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pix2pix.config import TrainConfig
from pix2pix.pace import Pace
from pix2pix.ui import form
from pix2pix.ui.form import Form, Pairs
from pix2pix.ui.models import Shelf
from pix2pix.ui.steer import Desk
from pix2pix.ui.visitors import Profile, name_of


class Plan:
    """The handlers behind the form, which know the machine's pace."""

    def __init__(self, desk: Desk, shelf: Shelf, fields: Form) -> None:
        self.desk, self.shelf, self.fields = desk, shelf, fields
        self.pace = Pace(desk.runs)

    def consider(self, profile: Profile, *values: Any) -> list[Any]:
        """Data came, or was turned round: its presets, starting points and number of steps, then `Pairs` and what was told.

        `values`: data, direction, layout, make, preset, and the size that suits the pictures.
        """
        data, direction, layout, make, preset, largest = values
        config, visitor = base(data, direction, layout, make), name_of(profile)
        found = form.look_at(config, largest) if self.desk.may_use(config.data) else Pairs()
        if found.count and not self.desk.rights.refusal(visitor):
            form.ask_for_times(found, self.pace, config)
        choices = form.preset_choices(found, self.pace, config)
        starts = form.starts(self.shelf.listing(), found, self.desk.hidden(visitor))
        changes = self._to_drawer(form.preset_values(preset, found, only_length=True))
        return [gr.update(choices=choices), gr.update(choices=starts), *changes, found, choices]

    def reprice(self, found: Pairs, before: list[Any], *brought: Any) -> Any:
        """The presets again, where a time was measured meanwhile."""
        choices = form.preset_choices(found, self.pace, base(*brought)) if found.count else before
        if [list(choice) for choice in choices] == [list(choice) for choice in before]:
            return gr.skip(), gr.skip()
        return gr.update(choices=choices), choices

    def choose(self, preset: str, found: Pairs) -> list[Any]:
        """A preset's settings, for the drawer."""
        return self._to_drawer(form.preset_values(preset, found))

    def _to_drawer(self, values: dict[str, Any]) -> list[Any]:
        return [values.get(name, gr.skip()) for name in self.fields.fields]


def base(data: str | None, direction: Any, layout: Any, make: Any) -> TrainConfig:
    """The defaults on these data."""
    return TrainConfig(data=data or "", direction=direction or "AtoB", layout=layout or "auto", make=make or "none")

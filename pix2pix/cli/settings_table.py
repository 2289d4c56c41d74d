"""`python -m pix2pix.cli.settings_table > docs/settings.md`: the settings of a training run as a
page of the docs (`make docs`)."""

from __future__ import annotations

from itertools import groupby

from pix2pix.cli.flags import default_words, flag, shown
from pix2pix.config import knobs
from pix2pix.settings import Knob

HEAD = """# Settings of a training run

Made from `TrainConfig` in `pix2pix/config.py` by `make docs`; a test keeps the two equal. The same names \
are the flags of `pix2pix train`,
the fields of `TrainConfig` in Python, the keys of a run's `config.json` and the form on the page.
"""


def settings_page() -> str:
    """Returns the page as Markdown, with one table for each group."""
    tables = (
        _table(group, list(members)) for group, members in groupby(knobs(), key=lambda knob: knob.group)
    )
    return "\n".join([HEAD, *tables])


def _table(group: str, members: list[Knob]) -> str:
    rows = "".join(
        f"| {_name(knob)} | {default_words(knob) or '-'} | {_values(knob)} | {knob.help} |\n"
        for knob in members
    )
    return f"## {group}\n\n| flag | default | values | what it does |\n| --- | --- | --- | --- |\n{rows}"


def _name(knob: Knob) -> str:
    if knob.name == "data":
        return "`DATA`"
    return f"`{flag(knob)}`, `--no-{flag(knob)[2:]}`" if knob.type is bool else f"`{flag(knob)}`"


def _values(knob: Knob) -> str:
    if knob.choices:
        return ", ".join(f"`{choice}`" for choice in knob.choices)
    if knob.bounds:
        return f"{shown(knob.bounds.low)} to {shown(knob.bounds.high)}"
    return "on, off" if knob.type is bool else "text"


if __name__ == "__main__":
    print(settings_page(), end="")

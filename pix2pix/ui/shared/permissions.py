"""Permissions of visitors: who may train, who sees which runs, who may change models.

Each handler of the page checks here; hiding a button protects nothing. The table of permissions is
in `docs/hub.md`. Environment:

PIX2PIX_TRAIN          who may train: nobody, owner, visitors (signed in) or everyone
PIX2PIX_TRAIN_MINUTES  limit of a run's training time in minutes; 0 or unset: no limit
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pix2pix.errors import ConfigError, RightsError, RunError

Policy = Literal["nobody", "owner", "visitors", "everyone"]
Action = Literal[
    "draw", "download", "push", "pull", "rename", "delete", "deploy", "train", "study", "prepare"
]
ON_A_SPACE: dict[Action, Policy] = {
    "draw": "everyone",
    "download": "everyone",
    "push": "visitors",  # with their own token, so under their own name
    "pull": "owner",
    "rename": "owner",
    "delete": "owner",
    "deploy": "owner",
    "study": "everyone",
    "prepare": "owner",  # of studies: it shows a folder's pictures to everyone
}
"""Who may do what on a public Space; without a sign-in nobody counts as the owner. On a private machine
everyone may do everything. `train` has a policy of its own, PIX2PIX_TRAIN."""


@dataclass(frozen=True)
class Rights:
    """The permissions that the owner of the page has set."""

    policy: Policy = "everyone"
    owner: str = ""
    minutes: float = 0.0
    has_background: bool = True
    """False on hardware that is lent for single calls (ZeroGPU) and cannot run a training."""
    is_space: bool = False
    """Whether the page is a public Space."""

    def check(self, visitor: str, action: Action) -> None:
        """Raises `RightsError` (`RunError` for "train") where `visitor` may not do `action` here.

        `visitor` is the name of whoever signed in, else "".
        """
        if action == "train":
            self.check_train(visitor)
        elif self.is_space:
            who = ON_A_SPACE[action]
            if who == "visitors" and not visitor:
                raise RightsError(
                    f"sign in to {action} here: it is done under your own name, with your own token."
                )
            if who == "owner" and not self.is_owner(visitor):
                what = "studies" if action == "prepare" else "models"
                raise RightsError(
                    f"only the owner of this Space may {action} {what} here"
                    + ("." if visitor else "; sign in if that is you.")
                )

    def refusal(self, visitor: str) -> str:
        """Returns why `visitor` (the name of whoever signed in, else "") may not train; "" where they may."""
        if not self.has_background:
            return "this Space runs on ZeroGPU, which lends a GPU for single calls and cannot hold a training"
        if self.policy == "nobody":
            return "the owner of this page allows nobody to train here"
        if self.policy == "owner" and not self.is_owner(visitor):
            return "only the owner of this page trains here" + ("" if visitor else "; sign in if that is you")
        if self.policy == "visitors" and not visitor:
            return "sign in to train here"
        return ""

    def check_train(self, visitor: str) -> None:
        """Raises `RunError` where `visitor` may not start or resume a run."""
        refusal = self.refusal(visitor)
        if refusal:
            raise RunError(f"{refusal}.")

    def is_owner(self, visitor: str) -> bool:
        """Whether `visitor` is the owner of the page."""
        return bool(visitor) and visitor == self.owner

    def may_see(self, visitor: str, run_owner: str) -> bool:
        """Whether `visitor` may see and control a run that `run_owner` has started."""
        return self.policy == "everyone" or self.is_owner(visitor) or (bool(visitor) and visitor == run_owner)

    def minutes_for(self, visitor: str) -> float:
        """Returns the limit of a run's training time in minutes; 0, as for the owner's own
        runs, is no limit."""
        return 0.0 if self.is_owner(visitor) else self.minutes


def read_rights(environment: Mapping[str, str] = os.environ) -> Rights:
    """Reads the permissions from the environment. Raises `ConfigError` for a value that is not allowed.

    On a Space the default is that nobody trains, since all visitors share its CPU.
    """
    is_space = bool(environment.get("SPACE_ID"))
    policy = environment.get("PIX2PIX_TRAIN", "").strip().lower() or ("nobody" if is_space else "everyone")
    if policy not in get_args(Policy):
        raise ConfigError(f"PIX2PIX_TRAIN is {policy!r}; choose one of {', '.join(get_args(Policy))}.")
    owner = environment.get("SPACE_AUTHOR_NAME") or environment.get("SPACE_ID", "").partition("/")[0]
    has_background = not environment.get("SPACES_ZERO_GPU")
    minutes = _minutes(environment.get("PIX2PIX_TRAIN_MINUTES", ""))
    return Rights(policy, owner, minutes, has_background, is_space)  # type: ignore[arg-type]


def _minutes(text: str) -> float:
    try:
        minutes = float(text or 0)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise ConfigError(f"PIX2PIX_TRAIN_MINUTES is {text!r}; give a number of minutes, or 0 for no limit.")
    return minutes

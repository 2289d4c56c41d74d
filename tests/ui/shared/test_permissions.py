"""Who may train, and who sees what."""

from __future__ import annotations

import re

import pytest
from paths import ROOT

from pix2pix.errors import ConfigError, RightsError, RunError
from pix2pix.ui.shared.permissions import ON_A_SPACE, Rights, read_rights

SPACE = {"SPACE_ID": "ada/houses", "SPACE_AUTHOR_NAME": "ada"}


def test_at_home_everyone_trains_and_on_a_space_nobody_unless_its_owner_says_so() -> None:
    assert read_rights({}).refusal("") == ""
    assert "allows nobody" in read_rights(SPACE).refusal("ada")
    assert read_rights(SPACE | {"PIX2PIX_TRAIN": "everyone"}).refusal("") == ""


@pytest.mark.parametrize(
    ("policy", "may", "may_not"),
    [("owner", ["ada"], ["", "eve"]), ("visitors", ["ada", "eve"], [""]), ("nobody", [], ["", "ada"])],
)
def test_a_policy_names_who_may_train(policy: str, may: list[str], may_not: list[str]) -> None:
    rights = read_rights(SPACE | {"PIX2PIX_TRAIN": policy})
    assert [rights.refusal(visitor) for visitor in may] == [""] * len(may)
    for visitor in may_not:
        with pytest.raises(RunError):
            rights.check_train(visitor)


def test_a_visitor_sees_their_own_runs_and_the_owner_sees_all() -> None:
    rights = Rights("visitors", owner="ada")
    assert rights.may_see("eve", "eve") and rights.may_see("ada", "eve")
    assert not rights.may_see("eve", "ada") and not rights.may_see("", "") and not rights.may_see("", "eve")
    assert Rights("everyone").may_see("", "eve")


def test_nobody_is_the_owner_of_a_page_without_one() -> None:
    assert not Rights("owner").is_owner("") and Rights("owner").refusal("")


def test_zerogpu_cannot_hold_a_run_whoever_asks() -> None:
    rights = read_rights(SPACE | {"PIX2PIX_TRAIN": "everyone", "SPACES_ZERO_GPU": "true"})
    assert "ZeroGPU" in rights.refusal("ada")


def test_minutes_bind_all_but_the_owner() -> None:
    rights = read_rights(SPACE | {"PIX2PIX_TRAIN": "visitors", "PIX2PIX_TRAIN_MINUTES": "30"})
    assert (rights.minutes_for("eve"), rights.minutes_for("ada")) == (30, 0)


@pytest.mark.parametrize(
    "wrong", [{"PIX2PIX_TRAIN": "all"}, {"PIX2PIX_TRAIN_MINUTES": "soon"}, {"PIX2PIX_TRAIN_MINUTES": "-1"}]
)
def test_a_wish_that_cannot_be_read_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        read_rights(wrong)


def allows(rights: Rights, visitor: str, action: str) -> bool:
    try:
        rights.check(visitor, action)  # type: ignore[arg-type]
    except (RightsError, RunError):
        return False
    return True


@pytest.mark.parametrize(
    ("action", "may"),
    [
        ("draw", ["", "eve", "ada"]),
        ("download", ["", "eve", "ada"]),
        ("push", ["eve", "ada"]),
        ("pull", ["ada"]),
        ("rename", ["ada"]),
        ("delete", ["ada"]),
        ("deploy", ["ada"]),
        ("study", ["", "eve", "ada"]),
        ("prepare", ["ada"]),
        ("train", []),
    ],
)
def test_the_table_of_a_public_space(action: str, may: list[str]) -> None:
    rights = read_rights(SPACE)
    assert [visitor for visitor in ("", "eve", "ada") if allows(rights, visitor, action)] == may
    assert allows(read_rights({}), "", action)


def test_a_right_that_is_missing_gets_a_sentence() -> None:
    with pytest.raises(RightsError, match="sign in to push"):
        read_rights(SPACE).check("", "push")
    with pytest.raises(RightsError, match="only the owner of this Space may delete"):
        read_rights(SPACE).check("eve", "delete")


def test_the_table_in_the_docs_is_the_one_in_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) ", (ROOT / "docs" / "hub.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dict(rows) == ON_A_SPACE

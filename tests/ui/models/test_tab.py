"""What the Models tab's server answers: cards, names, deletions, and the way to the Hub
and back for those who may."""

from __future__ import annotations

import inspect
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from fakehub import READ, WRITE, FakeHub

from pix2pix.errors import CheckpointError, ConfigError, HubError, RightsError, RunError
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.models import rename_delete as rename_delete
from pix2pix.ui.models import tab as models_tab
from pix2pix.ui.models.deleted import sweep
from pix2pix.ui.models.handlers import ModelsHandlers, Visitor
from pix2pix.ui.shared.background_tasks import Outcome, Transfer, Transfers
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.shared.storage import find_places
from tests.ui.draw.test_tab import MAP, write_small
from tests.ui.shared.test_model_library import write_model

# Gradio leaves an event loop to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

HERE = Visitor()
"""Whoever sits at this machine."""
SPACE = Rights("nobody", owner="ada", is_space=True)
PATIENCE = 60.0


def write_torn(path: Path) -> Path:
    """A file that says it is ours, and is not whole. What says nothing is opened in a process of
    its own, which takes seconds."""
    torch.save({"format": "pix2pix", "config": None}, path)
    return path


@pytest.fixture
def gallery(tmp_path: Path, tiny_run: Path) -> ModelsHandlers:
    folder = tmp_path / "checkpoints"
    write_small(folder / "facades.pth")
    write_small(folder / "map.pth", palette=MAP)
    write_torn(folder / "broken.pth")
    shutil.copytree(tiny_run, tmp_path / "runs" / "houses")
    library = ModelLibrary(folder, tmp_path / "runs")
    return ModelsHandlers(library, open_run_actions(library))


def on_a_space(gallery: ModelsHandlers) -> ModelsHandlers:
    return ModelsHandlers(gallery.library, replace(gallery.actions, rights=SPACE))


def cards(gallery: ModelsHandlers, visitor: Visitor = HERE) -> dict[str, Any]:
    return {card["key"]: card for card in gallery.list_models(visitor)["cards"]}


def ended(gallery: ModelsHandlers, answer: dict[str, Any], visitor: Visitor = HERE) -> dict[str, Any]:
    """The transfer, once it has ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        told = next(
            each
            for each in gallery.list_models(visitor)["transfers"]
            if each["id"] == answer["transfer"]["id"]
        )
        if told["state"] != "running":
            return dict(told)
        time.sleep(0.02)
    raise AssertionError("the transfer does not end")


def test_every_file_is_a_card_with_what_it_says_of_itself(gallery: ModelsHandlers) -> None:
    metrics = {"ssim": 0.26, "psnr": 13.08, "l1": 0.17, "step": 5, "strange": "x"}
    write_model(gallery.library.checkpoints / "told.pth", data="houses", pairs=400, metrics=metrics)
    answer = gallery.list_models(HERE)
    assert {card["key"] for card in answer["runs"]} == {"runs/houses", "runs/houses/best"}
    found = {card["key"]: card for card in answer["cards"]}
    assert set(found) == {"facades", "map", "broken", "told"}
    told = ["16 × 16", "instance", "1.71 k", "houses, 400 pairs", "1,200", "0.260", "13.1", "0.170"]
    assert found["told"]["facts"] == list(
        zip(["Size", "Norm", "Weights", "Data", "Steps", "SSIM", "PSNR", "L1"], told, strict=True)
    )
    assert (found["told"]["source"], found["told"]["target"], found["told"]["bytes"] > 0) == (
        "labels",
        "photo",
        True,
    )


def test_a_broken_file_is_a_card_with_its_cause_and_can_be_deleted(gallery: ModelsHandlers) -> None:
    card = cards(gallery)["broken"]
    assert "broken.pth: the model's description cannot be read" in card["problem"]
    gallery.delete_model(HERE, {"key": "broken", "version": card["version"]})
    assert "broken" not in cards(gallery) and not (gallery.library.checkpoints / "broken.pth").exists()


def test_where_a_model_came_from_is_said(gallery: ModelsHandlers) -> None:
    folder, commit = gallery.library.checkpoints, "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
    write_model(
        folder / "pulled.pth",
        origin={"repo": "ada/houses", "revision": "main", "commit": commit, "file": "houses.pth"},
    )
    write_model(folder / "strange.pth", origin={"repo": "javascript:alert(1)", "commit": "../../x"})
    write_model(
        folder / "imported.pth",
        origin={"project": "pytorch-CycleGAN-and-pix2pix", "file": "latest_net_G.pth"},
    )
    write_model(folder / "shipped.pth", command="pix2pix train x")
    (folder / "README.md").write_text("## shipped.pth\nmade by `pix2pix train x`", encoding="utf-8")
    origins = {key: card["origin"] for key, card in cards(gallery).items() if key != "broken"}
    assert origins["pulled"]["words"] == "from ada/houses at 1a2b3c4" and origins["pulled"]["link"].endswith(
        f"/ada/houses/tree/{commit}"
    )
    assert origins["strange"]["link"] == ""
    assert origins["imported"]["words"] == "imported from pytorch-CycleGAN-and-pix2pix"
    assert [origins[key]["kind"] for key in ("shipped", "facades")] == ["shipped", "trained"]


def test_a_deleted_model_can_be_brought_back_for_ten_minutes(gallery: ModelsHandlers) -> None:
    folder = gallery.library.checkpoints
    card = cards(gallery)["facades"]
    token = gallery.delete_model(HERE, {"key": "facades", "version": card["version"]})["token"]
    assert "facades" not in cards(gallery)
    (said,) = gallery.list_models(HERE)["deleted"]
    assert said == {"token": token, "name": "facades.pth", "minutes": 10}
    assert gallery.restore_model(HERE, {"token": token}) == {"key": "facades"}
    assert cards(gallery)["facades"] == card and not gallery.list_models(HERE)["deleted"]
    with pytest.raises(CheckpointError, match="can be restored for 10 minutes"):
        gallery.restore_model(HERE, {"token": token})

    token = gallery.delete_model(HERE, {"key": "facades", "version": card["version"]})["token"]
    shutil.copy(folder / "map.pth", folder / "facades.pth")
    with pytest.raises(CheckpointError, match="is there already"):
        gallery.restore_model(HERE, {"token": token})
    place = folder / ".deleted" / token
    os.utime(place, (time.time() - 601,) * 2)
    assert not gallery.list_models(HERE)["deleted"]
    sweep(folder)
    assert not place.exists()


def test_a_deletion_is_undone_by_nobody_who_may_not_delete(gallery: ModelsHandlers) -> None:
    version = cards(gallery)["facades"]["version"]
    token = gallery.delete_model(HERE, {"key": "facades", "version": version})["token"]
    public = on_a_space(gallery)
    assert not public.list_models(Visitor("eve", ""))["deleted"]
    with pytest.raises(RightsError):
        public.restore_model(Visitor("eve", ""), {"token": token})
    for wrong in ("..", "", "../x", None):
        with pytest.raises((CheckpointError, ConfigError)):
            gallery.restore_model(HERE, {"token": wrong})


@pytest.mark.parametrize("is_store", [False, True])
def test_what_comes_with_pix2pix_is_not_deleted_or_renamed(
    gallery: ModelsHandlers, tmp_path: Path, is_store: bool
) -> None:
    folder = gallery.library.checkpoints
    if is_store:
        write_model(tmp_path / "here" / "checkpoints" / "shipped.pth", command="pix2pix train x")
        (tmp_path / "checkpoints").rename(tmp_path / "old")
        find_places({"PIX2PIX_STORE": str(tmp_path)}, tmp_path / "here")
    else:
        write_model(folder / "shipped.pth", command="pix2pix train x")
        (folder / "README.md").write_text("## shipped.pth\nmade by `pix2pix train x`", encoding="utf-8")
    card = cards(gallery)["shipped"]
    assert card["isShipped"] and card["origin"]["kind"] == "shipped"
    order = {"key": "shipped", "version": card["version"], "name": "mine"}
    for act in (gallery.delete_model, gallery.rename_model):
        with pytest.raises(CheckpointError, match="comes with pix2pix"):
            act(HERE, order)
    assert (folder / "shipped.pth").exists()


@pytest.mark.parametrize("key", ["facades", "map", "runs/houses"])
def test_a_picture_is_made_once_in_the_background_and_kept(gallery: ModelsHandlers, key: str) -> None:
    until = time.monotonic() + PATIENCE
    while (answer := gallery.find_picture(HERE, key)) == {"isWaiting": True} and time.monotonic() < until:
        time.sleep(0.01)
    assert answer["image"].startswith("data:image/webp;base64,")
    kept = list((gallery.library.checkpoints / ".thumbnails").glob("*.webp"))
    assert len(kept) == (0 if key.startswith("runs/") else 1)
    gallery.list_models(HERE)
    assert kept == list((gallery.library.checkpoints / ".thumbnails").glob("*.webp"))


def test_a_model_gets_another_name_and_is_drawn_with_under_it(gallery: ModelsHandlers) -> None:
    assert gallery.rename_model(HERE, {"key": "facades", "name": " old houses.pth "}) == {"key": "old houses"}
    assert set(cards(gallery)) == {"old houses", "map", "broken"}
    assert gallery.library.translator("old houses")
    refused = draw_tab.answering(lambda key: {"t": gallery.library.translator(key)})("facades")
    assert "is not there (any more)" in refused["error"]


def test_another_projects_file_keeps_its_ending(gallery: ModelsHandlers) -> None:
    write_torn(gallery.library.checkpoints / "odd.bin")
    assert gallery.rename_model(HERE, {"key": "odd.bin", "name": "strange"}) == {"key": "strange.bin"}
    assert cards(gallery)["strange.bin"]["problem"] and (gallery.library.checkpoints / "strange.bin").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "  ", ".hidden", "x" * 80, "a..b", "con\nfig", 7, None])
def test_a_name_that_would_not_do_gets_a_sentence_and_changes_nothing(
    gallery: ModelsHandlers, name: Any
) -> None:
    with pytest.raises(ConfigError):
        gallery.rename_model(HERE, {"key": "facades", "name": name})
    assert set(cards(gallery)) == {"facades", "map", "broken"}


@pytest.mark.parametrize("key", ["../checkpoints/facades", "runs/houses", "none", "", "/etc/passwd"])
def test_only_what_is_in_the_folder_is_renamed_or_deleted(gallery: ModelsHandlers, key: str) -> None:
    for act in (gallery.rename_model, gallery.delete_model):
        with pytest.raises(CheckpointError, match="not there any more"):
            act(HERE, {"key": key, "name": "other", "version": ""})
    assert (gallery.library.runs / "houses" / "model.pth").exists()


def test_a_name_that_is_taken_is_never_taken_over(gallery: ModelsHandlers) -> None:
    before = (gallery.library.checkpoints / "map.pth").read_bytes()
    with pytest.raises(CheckpointError, match=r"map\.pth is there already"):
        gallery.rename_model(HERE, {"key": "facades", "name": "map"})
    assert (gallery.library.checkpoints / "map.pth").read_bytes() == before and "facades" in cards(gallery)


def test_of_many_who_rename_at_once_one_succeeds_and_nothing_is_lost(gallery: ModelsHandlers) -> None:
    done: list[str] = []

    def rename(name: str) -> None:
        try:
            done.append(rename_delete.rename(gallery.library, "facades", name=name))
        except CheckpointError:
            return

    threads = [threading.Thread(target=rename, args=(f"name {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1 and set(cards(gallery)) == {done[0], "map", "broken"}


def test_a_disk_without_links_renames_without_taking_over(
    gallery: ModelsHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    gallery.rename_model(HERE, {"key": "facades", "name": "houses"})
    with pytest.raises(CheckpointError, match="is there already"):
        gallery.rename_model(HERE, {"key": "houses", "name": "map"})
    assert set(cards(gallery)) == {"houses", "map", "broken"} and gallery.library.translator("houses")


def test_a_model_written_anew_since_one_looked_is_not_deleted(gallery: ModelsHandlers) -> None:
    version = cards(gallery)["facades"]["version"]
    os.utime(gallery.library.checkpoints / "facades.pth", (1, 1))
    with pytest.raises(CheckpointError, match="written anew"):
        gallery.delete_model(HERE, {"key": "facades", "version": version})
    assert "facades" in cards(gallery)


def test_a_download_is_a_copy_under_the_models_name(gallery: ModelsHandlers) -> None:
    copy = gallery.stage(HERE, {"key": "runs/houses"})
    assert (
        copy.name == "houses.pth"
        and copy.read_bytes() == (gallery.library.runs / "houses" / "model.pth").read_bytes()
    )


@pytest.mark.parametrize("order", [None, [], {"key": 5}, {"key": ["facades"]}, "facades"])
def test_an_order_of_any_other_shape_gets_a_sentence(gallery: ModelsHandlers, order: Any) -> None:
    for act in (
        gallery.rename_model,
        gallery.delete_model,
        gallery.push_model,
        gallery.deploy_space,
        gallery.stage,
    ):
        with pytest.raises((ConfigError, CheckpointError)):
            act(HERE, order)


def test_on_a_space_each_handler_asks_who_may(gallery: ModelsHandlers) -> None:
    public = on_a_space(gallery)
    nobody, eve, ada = Visitor("", ""), Visitor("eve", "t"), Visitor("ada", "t")
    order = {"key": "facades", "name": "x", "version": "", "repo": "eve/x", "space": "eve/x", "hardware": ""}
    for act in ("rename_model", "delete_model", "look_on_hub", "pull_model", "deploy_space"):
        for visitor in (nobody, eve):
            with pytest.raises(RightsError, match="only the owner"):
                getattr(public, act)(visitor, order)
    with pytest.raises(RightsError, match="sign in to push"):
        public.push_model(nobody, order)
    assert public.rename_model(ada, {"key": "facades", "name": "houses"}) == {"key": "houses"}
    refusals = public.list_models(nobody)["hub"]["refusals"]
    assert (
        refusals["push"]
        and refusals["delete"]
        and not refusals["download"]
        and not public.list_models(ada)["hub"]["refusals"]["delete"]
    )


def test_on_a_space_nobody_sees_or_takes_the_models_of_others_runs(gallery: ModelsHandlers) -> None:
    public, eve = on_a_space(gallery), Visitor("eve", "t")
    assert public.list_models(eve)["runs"] == []
    for act in (public.push_model, public.stage):
        with pytest.raises(RunError, match="is not there"):
            act(eve, {"key": "runs/houses", "repo": "eve/x"})


def test_on_a_space_nobody_acts_with_the_machines_own_token(gallery: ModelsHandlers) -> None:
    assert gallery.visitor("", None).token is None
    assert (
        on_a_space(gallery).visitor("", None).token == ""
        and on_a_space(gallery).visitor("eve", "own").token == "own"
    )


def test_a_token_is_in_no_description(gallery: ModelsHandlers, hub: FakeHub) -> None:
    visitor = on_a_space(gallery).visitor("ada", WRITE)
    assert WRITE not in repr(visitor) and WRITE not in repr(on_a_space(gallery).list_models(visitor))


def test_a_model_is_pushed_looked_at_pulled_and_drawn_with(gallery: ModelsHandlers, hub: FakeHub) -> None:
    pushed = ended(
        gallery, gallery.push_model(HERE, {"key": "facades", "repo": "ada/houses", "private": True})
    )
    assert (
        pushed["state"] == "done"
        and pushed["link"].endswith("/ada/houses")
        and pushed["done"] == pushed["total"] > 0
    )
    assert {"README.md", "config.json"} < set(hub.files("ada/houses"))
    seen = gallery.look_on_hub(HERE, {"repo": "ada/houses", "revision": ""})
    assert seen["commit"] == hub.commits("ada/houses")[-1] and seen["isPrivate"] and seen["bytes"] > 0
    pulled = ended(
        gallery,
        gallery.pull_model(HERE, {"repo": seen["repo"], "revision": seen["commit"], "file": seen["file"]}),
    )
    assert pulled["state"] == "done" and gallery.library.translator(pulled["key"])
    assert cards(gallery)[pulled["key"]]["origin"]["words"] == f"from ada/houses at {seen['commit'][:7]}"
    gallery.forget_transfer(HERE, pulled["id"])
    assert [each["id"] for each in gallery.list_models(HERE)["transfers"]] == [pushed["id"]]


def test_a_push_that_the_hub_refuses_ends_with_its_sentence_and_without_the_token(
    gallery: ModelsHandlers, hub: FakeHub
) -> None:
    told = ended(gallery, gallery.push_model(Visitor("", READ), {"key": "facades", "repo": "ada/houses"}))
    assert told["state"] == "failed" and "may not write" in told["words"] and READ not in repr(told)


def test_what_is_not_there_or_no_name_is_said_at_once(gallery: ModelsHandlers, hub: FakeHub) -> None:
    with pytest.raises(HubError, match="no repository"):
        gallery.look_on_hub(HERE, {"repo": "ada/none", "revision": ""})
    for act in (gallery.look_on_hub, gallery.pull_model, gallery.push_model, gallery.deploy_space):
        with pytest.raises(HubError, match="no name of a repository"):
            act(
                HERE,
                {
                    "key": "facades",
                    "repo": "../x",
                    "space": "../x",
                    "revision": "",
                    "hardware": "",
                    "file": "",
                },
            )


def test_a_space_is_made_of_a_model(gallery: ModelsHandlers, hub: FakeHub) -> None:
    made = ended(
        gallery, gallery.deploy_space(HERE, {"key": "facades", "space": "ada/page", "hardware": "cpu-basic"})
    )
    assert made["state"] == "done" and made["link"].endswith("/spaces/ada/page")
    assert "checkpoints/facades.pth" in hub.files("ada/page", kind="space")
    with pytest.raises(ConfigError, match="no hardware"):
        gallery.deploy_space(HERE, {"key": "facades", "space": "ada/page", "hardware": "abacus"})


def test_of_two_pushes_of_the_same_at_once_the_second_waits() -> None:
    transfers, gate = Transfers(), threading.Event()

    def work(told: Any) -> Outcome:
        gate.wait(PATIENCE)
        return Outcome("done")

    transfers.start(Transfer("push", "houses to ada/houses", "ada"), work)
    with pytest.raises(RunError, match="under way already"):
        transfers.start(Transfer("push", "houses to ada/houses", "eve"), work)
    for number in range(3):
        transfers.start(Transfer("pull", f"ada/{number}", "ada"), work)
    with pytest.raises(RunError, match="4 transfers"):
        transfers.start(Transfer("pull", "ada/more", "ada"), work)
    assert len(transfers.of("ada")) == 4 and transfers.of("eve") == []
    gate.set()


def test_the_hub_out_of_reach_is_said_and_the_rest_works(gallery: ModelsHandlers) -> None:
    until = time.monotonic() + PATIENCE
    while gallery.list_models(HERE)["hub"]["state"] == "asking" and time.monotonic() < until:
        time.sleep(0.02)
    assert gallery.list_models(HERE)["hub"]["state"] == "down"
    with pytest.raises(HubError, match="cannot be reached"):
        gallery.look_on_hub(HERE, {"repo": "ada/houses", "revision": ""})
    assert gallery.rename_model(HERE, {"key": "facades", "name": "houses"})


def test_what_the_script_may_ask_takes_the_visitor_from_the_sign_in(gallery: ModelsHandlers) -> None:
    for name in models_tab.QUESTIONS:
        serve = models_tab.server_function(gallery, name)
        assert serve.__name__ == name
        hints = inspect.get_annotations(serve, eval_str=True)
        assert (hints["profile"], hints["token"]) == (gr.OAuthProfile | None, gr.OAuthToken | None)
    refused = models_tab.server_function(gallery, "delete_model")({"key": "x", "version": ""}, None, None)
    assert "not there any more" in refused["error"]


def test_the_modules_of_the_tab_share_one_script_without_a_clash() -> None:
    script = models_tab.cards_script()
    assert script.count("function makeCard(") == 1 and "import " not in script.split("const style")[
        0
    ].replace("important", "")

"""`pix2pix import`, and the commands that take other projects' files as they are."""

from __future__ import annotations

import json
from pathlib import Path

import foreign
import pytest
import torch

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.checkpoints.importers.layouts import recognise
from pix2pix.cli import main
from pix2pix.cli.import_command import name_of
from pix2pix.config import ModelConfig


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "edges"
    folder.mkdir()
    network = foreign.draw(foreign.UsualUNet(3, 3, 2, 6, "batch"))
    torch.save(network.state_dict(), folder / "latest_net_G.pth")
    return folder / "latest_net_G.pth"


def test_a_kept_copy_says_where_it_is_from_and_how_it_is_used(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "kept.pth"
    assert (
        main(
            [
                "import",
                str(weights),
                "--to",
                str(target),
                "--statistics",
                "running",
                "--dropout",
                "off",
                "--size",
                "64",
            ]
        )
        == 0
    )
    assert "a U-Net of pytorch-CycleGAN-and-pix2pix, drawn at 64 px" in capsys.readouterr().out
    config, about = load_checkpoint(target).config, load_checkpoint(target).about
    assert (config.statistics, config.noisy, config.size) == ("running", False, 64)
    assert about["origin"] == {"project": "pytorch-CycleGAN-and-pix2pix", "file": "latest_net_G.pth"}
    assert main(["import", str(weights), "--to", str(target)]) == 2
    assert "there already" in capsys.readouterr().err
    assert main(["import", str(target), "--to", str(tmp_path / "again.pth")]) == 2
    assert "a checkpoint of pix2pix already" in capsys.readouterr().err
    assert main(["import", str(weights), "--to", str(tmp_path / "kept.zip")]) == 2


def test_info_tells_of_a_foreign_file(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(weights), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["config"]["dialect"] == "usual" and facts["about"]["origin"]["file"] == "latest_net_G.pth"


def test_translate_takes_both_choices(weights: Path, pairs: Path, tmp_path: Path) -> None:
    kept, picture, written = tmp_path / "kept.pth", str(next(iter(sorted(pairs.glob("*.png"))))), []
    found = recognise(torch.load(weights, weights_only=True))
    save_checkpoint(kept, Checkpoint(ModelConfig.from_dict(found.facts), found.weights))
    for number, choices in enumerate(
        ([], ["--seed", "0"], ["--dropout", "off"], ["--dropout", "off", "--statistics", "running"])
    ):
        out = tmp_path / f"{number}.png"
        assert main(["translate", str(kept), picture, "-o", str(out), *choices]) == 0
        written.append(out.read_bytes())
    assert written[0] == written[1], "as the project does: with dropout"
    assert len(set(written)) == 3


def test_a_file_of_an_epoch_has_its_folder_s_name() -> None:
    assert (
        name_of(Path("models/edges/latest_net_G.pth"))
        == name_of(Path("models/edges/200_net_G_A.pth"))
        == "edges"
    )
    assert name_of(Path("models/edges2cats.pict")) == "edges2cats"

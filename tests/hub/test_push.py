"""A checkpoint goes to the Hub: the real client against a Hub on this machine."""

from __future__ import annotations

import io
import json
import logging
import traceback
from pathlib import Path

import pytest
import torch
import yaml
from fakehub import EVE, READ, WRITE, FakeHub
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.torch import load

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, read_tensors, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, HubError
from pix2pix.hub import model_card as model_card
from pix2pix.hub import push as pushing
from pix2pix.hub.push import PushOptions, push
from pix2pix.hub.sample_sheet import draw_house
from pix2pix.networks import build_generator

FILES = {"houses.pth", "model.safetensors", "config.json", "README.md", "sample.png"}


def changed(model: Path, folder: Path, **about: object) -> Path:
    """The same model with another story, under the same name."""
    checkpoint = load_checkpoint(model)
    save_checkpoint(
        folder / model.name, Checkpoint(checkpoint.config, checkpoint.weights, {**checkpoint.about, **about})
    )
    return folder / model.name


def test_a_push_is_one_commit_with_all_that_belongs_to_a_model(hub: FakeHub, tiny_model: Path) -> None:
    told: list[tuple[int, int]] = []
    done = push(tiny_model, "ada/houses", progress=lambda *each: told.append(each))
    files = hub.files("ada/houses")
    assert set(files) - {".gitattributes"} == FILES
    assert len(hub.commits("ada/houses")) == 2 and hub.commits("ada/houses")[-1] == done.commit
    assert done.url == f"{hub.url}/ada/houses" and done.file == "houses.pth"
    assert files["houses.pth"] == tiny_model.read_bytes()
    assert told == sorted(told) and told[-1][0] == told[-1][1] > tiny_model.stat().st_size
    assert not hub.repos["model", "ada/houses"].private


def test_weights_description_and_sample_say_the_same_as_the_checkpoint(
    hub: FakeHub, tiny_model: Path
) -> None:
    push(tiny_model, "ada/houses")
    files, stored = hub.files("ada/houses"), read_tensors(tiny_model)
    weights = load(files["model.safetensors"])
    assert weights.keys() == stored["weights"].keys()
    assert all(
        torch.equal(weights[name], value) and weights[name].dtype == value.dtype
        for name, value in stored["weights"].items()
    )
    told = json.loads(files["config.json"])
    assert (
        ModelConfig.from_dict(told["config"]) == load_checkpoint(tiny_model).config
        and told["about"]["data"] == "houses"
    )
    assert Image.open(io.BytesIO(files["sample.png"])).size == (72, 32)


def test_the_card_is_what_the_hub_reads(hub: FakeHub, tiny_model: Path) -> None:
    push(tiny_model, "ada/houses")
    text = hub.files("ada/houses")["README.md"].decode()
    data = ModelCard(text).data
    assert (data.pipeline_tag, data.library_name, data.license) == ("image-to-image", "pix2pix", "cc-by-4.0")
    assert {result.metric_type: result.metric_value for result in data.eval_results} == {
        "l1": 0.25,
        "psnr": 14.5,
        "ssim": 0.5,
    }
    assert "labels-to-photo" in data.tags
    assert all(
        words in text
        for words in (
            "labels to photo",
            "pix2pix train houses --run",
            "sample.png",
            "## Limits",
            "houses, 6 pairs",
        )
    )


@pytest.mark.parametrize(
    ("licence", "front"),
    [
        ("MIT", {"license": "mit"}),
        ("", {"license": "unknown"}),
        ("ask me", {"license": "other", "license_name": "see-below"}),
    ],
)
def test_a_licence_is_one_of_the_hubs_or_other(
    licence: str, front: dict[str, str], tiny_model: Path, tmp_path: Path
) -> None:
    values = model_card.front_matter(
        load_checkpoint(changed(tiny_model, tmp_path, licence=licence)), "houses.pth"
    )
    assert {key: value for key, value in values.items() if key.startswith("license")} == front


def test_a_strangers_words_are_only_words_in_the_card(tiny_model: Path, tmp_path: Path) -> None:
    evil = "x\n---\nlicense: evil | <script>alert(1)</script> [a](http://x) ```\n\u202e"
    checkpoint = load_checkpoint(
        changed(tiny_model, tmp_path, data=evil, command=evil, licence=evil, metrics={"l1": float("nan")})
    )
    text = model_card.model_card(checkpoint, "ada/houses", file="houses.pth")
    values, body = model_card.split_card(text, "ada/houses")
    assert values["license"] == "other" and "model-index" not in values
    assert not any(word in body for word in ("<script", "](http", "\u202e")) and body.count("```") == 4


def test_what_somebody_wrote_into_the_card_stays(hub: FakeHub, tiny_model: Path) -> None:
    own = (
        "---\nlicense: mit\ntags: [mine]\nlanguage: en\npipeline_tag: text-generation\n---\n# My"
        " houses\n\nBuilt by me.\n"
    )
    hub.create("ada/houses", {"README.md": own.encode(), "notes.txt": b"keep"})
    push(tiny_model, "ada/houses")
    push(tiny_model, "ada/houses", terms=PushOptions(message="again"))
    text = hub.files("ada/houses")["README.md"].decode()
    values = yaml.safe_load(text.split("---\n")[1])
    assert (values["license"], values["language"], values["pipeline_tag"]) == ("mit", "en", "image-to-image")
    assert values["tags"][0] == "mine" and "pix2pix" in values["tags"]
    assert text.count("Built by me.") == 1 and text.count(model_card.BEGIN) == 1
    assert hub.files("ada/houses")["notes.txt"] == b"keep"


@pytest.mark.parametrize(
    "card", ["---\nlicense: [mit\n---\ntext", "---\nnever closed", "---\n- a list\n---\n"]
)
def test_a_card_with_broken_front_matter_is_named_and_nothing_is_sent(
    hub: FakeHub, tiny_model: Path, card: str
) -> None:
    head = hub.create("ada/houses", {"README.md": card.encode()})
    with pytest.raises(HubError, match=r"README.md whose front matter is broken"):
        push(tiny_model, "ada/houses")
    assert hub.commits("ada/houses") == [head]


def test_a_repository_is_private_where_that_was_asked_for(hub: FakeHub, tiny_model: Path) -> None:
    push(tiny_model, "ada/secret", terms=PushOptions(private=True))
    assert hub.repos["model", "ada/secret"].private


def test_a_second_push_at_the_same_moment_overwrites_nothing(hub: FakeHub, tiny_model: Path) -> None:
    hub.create("ada/houses")
    hub.before_commit.append(lambda: hub.commit("ada/houses", {"README.md": b"of somebody else"}))
    with pytest.raises(HubError, match="somebody else changed ada/houses at the same moment"):
        push(tiny_model, "ada/houses")
    assert hub.files("ada/houses")["README.md"] == b"of somebody else" and "houses.pth" not in hub.files(
        "ada/houses"
    )


@pytest.mark.parametrize(
    ("method", "pattern"),
    [
        ("PUT", "/_lfs/"),
        ("POST", "/commit/"),
        ("POST", "/preupload/"),
        ("POST", "objects/batch"),
        ("POST", "/_verify"),
    ],
)
def test_a_push_that_dies_half_way_leaves_the_old_commit(
    hub: FakeHub, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, method: str, pattern: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client's own waits between its tries
    head = hub.create("ada/houses", {"houses.pth": b"old"})
    hub.cut(method, pattern, after=1000, times=99)
    with pytest.raises(HubError, match=r"the connection to the Hub was cut.*try again") as caught:
        push(tiny_model, "ada/houses")
    assert hub.commits("ada/houses") == [head] and hub.files("ada/houses")["houses.pth"] == b"old"
    assert WRITE not in "".join(traceback.format_exception(caught.value))
    hub.faults.clear()
    assert push(tiny_model, "ada/houses").commit == hub.commits("ada/houses")[-1]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "may not write"),
        (409, "at the same moment"),
        (412, "at the same moment"),
        (429, "too many"),
        (503, "failure"),
    ],
)
def test_each_refusal_of_a_commit_has_its_sentence(
    hub: FakeHub, tiny_model: Path, status: int, words: str
) -> None:
    head = hub.create("ada/houses")
    hub.fail("POST", "/commit/", status, times=99)
    with pytest.raises(HubError, match=words) as caught:
        push(tiny_model, "ada/houses")
    assert hub.commits("ada/houses") == [head] and "\n" not in str(caught.value)


def test_a_failure_that_passes_is_not_even_noticed(
    hub: FakeHub, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.fail("PUT", "/_lfs/", 503, times=2)
    assert push(tiny_model, "ada/houses").commit


@pytest.mark.parametrize(
    ("token", "repo"), [(READ, "ada/houses"), (EVE, "ada/houses"), (READ, "ada/new"), (WRITE, "eve/new")]
)
def test_who_may_not_write_is_told_so(hub: FakeHub, tiny_model: Path, token: str, repo: str) -> None:
    hub.create("ada/houses")
    with pytest.raises(HubError, match="this token may not write to"):
        push(tiny_model, repo, token=token)


def test_a_token_stands_in_no_log_and_no_error(
    hub: FakeHub, tiny_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    push(tiny_model, "ada/houses")
    unknown = WRITE[::-1]
    with pytest.raises(HubError) as caught:
        push(tiny_model, "ada/houses", token=unknown)
    told = caplog.text + "".join(traceback.format_exception(caught.value))
    assert WRITE not in told and unknown not in told


def test_what_is_no_model_or_too_large_never_leaves(
    hub: FakeHub, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.pth").write_bytes(b"no model")
    with pytest.raises(CheckpointError):
        push(tmp_path / "x.pth", "ada/houses")
    with pytest.raises(CheckpointError, match="does not exist"):
        push(tmp_path / "missing.pth", "ada/houses")
    monkeypatch.setattr(pushing, "LARGEST_MODEL", 1000)
    with pytest.raises(HubError, match="GB"):
        push(tiny_model, "ada/houses")
    assert hub.log == []


def test_a_model_of_a_run_is_named_like_the_run(tmp_path: Path) -> None:
    assert (
        pushing.name_of(tmp_path / "my houses" / "model.pth") == "my-houses"
        and pushing.name_of(Path("x/facades.pth")) == "facades"
        and pushing.name_of(tmp_path / "monet" / "model_BtoA.pth") == "monet_BtoA"
    )


@pytest.mark.parametrize("source", ["labels", "edges", "photo", "gray", "mask", "lowres"])
def test_there_is_a_drawing_for_each_kind_of_source(source: str) -> None:
    config = ModelConfig(
        depth=5, width=4, size=32, source=source, palette=(("sea", (0, 0, 200)), ("land", (0, 90, 0)))
    )  # type: ignore[arg-type]
    drawing = draw_house(config)
    assert drawing.size == (32, 32) and len(drawing.getcolors(2000) or []) > 1
    assert build_generator(config)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ({"repo": "ada/houses", "commit": "66c1714aa"}, "ada/houses at 66c1714"),
        ({"project": "KimRass/Pix2Pix", "file": "x.pth"}, "weights of KimRass/Pix2Pix"),
        ("nonsense", ""),
    ],
)
def test_the_card_says_where_a_model_is_from(origin: object, words: str) -> None:
    assert model_card._origin(origin) == words

"""A model comes from the Hub: the real client against a Hub on this machine."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import torch
from fakehub import EVE, FakeHub, Repo
from PIL import Image

from pix2pix import Translator
from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.errors import CheckpointError, HubError
from pix2pix.hub.download import digest_of
from pix2pix.hub.pull import Wanted, look, parse_place, pull


@pytest.fixture
def houses(hub: FakeHub, tiny_model: Path) -> bytes:
    """ada/houses has a model; its bytes."""
    data = tiny_model.read_bytes()
    hub.create("ada/houses", {"houses.pth": data, "README.md": b"# Houses\n"})
    return data


def test_a_model_is_looked_at_before_it_is_fetched(hub: FakeHub, houses: bytes) -> None:
    remote = look("ada/houses")
    assert (remote.file, remote.size, remote.commit) == (
        "houses.pth",
        len(houses),
        hub.commits("ada/houses")[-1],
    )
    assert remote.title.startswith(f"ada/houses at {remote.commit[:7]}: houses.pth, 0.1 MB")
    assert not [path for _, path in hub.log if "/resolve/" in path]


def test_a_pulled_model_says_where_it_is_from_and_draws_at_once(
    hub: FakeHub, houses: bytes, tiny_model: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    path = pull("ada/houses", to=tmp_path, progress=lambda *each: told.append(each))
    pulled, ours = load_checkpoint(path), load_checkpoint(tiny_model)
    origin = {
        "repo": "ada/houses",
        "revision": "main",
        "commit": hub.commits("ada/houses")[-1],
        "file": "houses.pth",
    }
    assert path == tmp_path / "houses.pth" and pulled.about == {**ours.about, "origin": origin}
    assert all(torch.equal(pulled.weights[name], weight) for name, weight in ours.weights.items())
    assert abs(path.stat().st_size - len(houses)) < 2000, "16-bit weights stay 16-bit"
    assert told[-1] == (len(houses), len(houses))
    assert Translator.load(path)(Image.new("RGB", (40, 30))).size == (40, 30)


def test_a_revision_is_pinned(hub: FakeHub, houses: bytes, tiny_model: Path, tmp_path: Path) -> None:
    first = hub.commits("ada/houses")[-1]
    hub.commit("ada/houses", {"houses.pth": b"a later one, broken"})
    for where, revision in (
        (f"ada/houses@{first}", None),
        ("ada/houses", first),
        (f"{hub.url}/ada/houses/blob/{first}/houses.pth", None),
    ):
        assert load_checkpoint(pull(where, revision, to=tmp_path)).about["origin"]["commit"] == first
    remote = look("ada/houses", first)
    assert load_checkpoint(pull(remote, to=tmp_path)).about["origin"]["commit"] == first


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ada/houses", Wanted("ada/houses")),
        (" ada/houses@v1 ", Wanted("ada/houses", "v1")),
        ("hf://ada/houses", Wanted("ada/houses")),
        ("ada/houses/best.pth", Wanted("ada/houses", "main", "best.pth")),
        ("https://huggingface.co/ada/houses", Wanted("ada/houses")),
        ("https://huggingface.co/ada/houses/tree/v1", Wanted("ada/houses", "v1")),
        (
            "https://huggingface.co/ada/houses/resolve/main/a/b.pth?download=true",
            Wanted("ada/houses", "main", "a/b.pth"),
        ),
    ],
)
def test_what_a_person_pastes_is_understood(text: str, wanted: Wanted) -> None:
    assert parse_place(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "../x",
        "x",
        "ada/houses@",
        "ada/houses@../../x",
        "ada/houses/../x.pth",
        "ada/houses/x.exe",
        "ada/houses/tree/main/README.md",
        "https://example.com/ada/houses",
        "https://huggingface.co/datasets/ada/houses",
        "https://huggingface.co/ada",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_place_of_a_model_gets_a_sentence(text: str) -> None:
    with pytest.raises(HubError):
        parse_place(text)


def test_half_a_download_is_gone_on_with(
    hub: FakeHub, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    hub.create("ada/houses", {"houses.pth": tiny_model.read_bytes()})
    hub.cut("GET", "/_lfs/", after=100_000, times=1)
    hub.cut("GET", "/_lfs/", after=0, times=99)
    with pytest.raises(HubError, match="the connection to the Hub was cut"):
        pull("ada/houses", to=tmp_path)
    assert not list(tmp_path.glob("*.pth")) and list((tmp_path / ".hub").rglob("*.part"))
    hub.faults.clear()
    told: list[int] = []
    assert load_checkpoint(pull("ada/houses", to=tmp_path, progress=lambda done, of: told.append(done)))
    assert told[0] > 60_000, "it began where it was cut"
    assert [path.suffix for path in (tmp_path / ".hub").iterdir()] == [".lock"]


def test_a_wrong_checksum_is_thrown_away(hub: FakeHub, houses: bytes, tmp_path: Path) -> None:
    hub.corrupt.add("houses.pth")
    with pytest.raises(HubError, match="wrong checksum"):
        pull("ada/houses", to=tmp_path)
    assert not list(tmp_path.glob("*.pth")) and not list((tmp_path / ".hub").rglob("*.pth"))
    hub.corrupt.clear()
    assert pull("ada/houses", to=tmp_path).exists()


def test_what_is_no_model_is_said_without_a_trace(hub: FakeHub, tmp_path: Path) -> None:
    hub.create("ada/broken", {"x.pth": b"PK no model"})
    with pytest.raises(CheckpointError, match=r"^ada/broken: x.pth") as caught:
        pull("ada/broken", to=tmp_path)
    assert str(tmp_path) not in str(caught.value) and not list(tmp_path.glob("*.pth"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"README.md": b"x", "model.onnx": b"x"},
            r"holds no model: there is no .pth or .* file among its 3 files",
        ),
        ({"a.pth": b"x", "b.pth": b"x"}, r"several models: a.pth, b.pth. Name one: ada/other/a.pth"),
    ],
)
def test_a_repository_without_one_model_gets_a_sentence(
    hub: FakeHub, files: dict[str, bytes], words: str
) -> None:
    hub.create("ada/other", files)
    with pytest.raises(HubError, match=words):
        look("ada/other")


def test_ten_gigabytes_are_not_even_begun(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.create("ada/huge", {"huge.pth": b"x"})
    monkeypatch.setattr("fakehub_server.facts_of", lambda path, data: {"size": 10**10, "blobId": "0" * 40})
    with pytest.raises(HubError, match=r"huge.pth has 10.0 GB; models of more than 2 GB are not fetched"):
        pull("ada/huge", to=tmp_path)
    assert not [path for _, path in hub.log if "/resolve/" in path]


def test_no_such_repository_revision_or_file_gets_a_sentence(hub: FakeHub, houses: bytes) -> None:
    for where, words in (
        ("ada/none", "has no repository ada/none"),
        ("ada/houses@v9", "no such revision"),
        ("ada/houses/no.pth", "no file"),
    ):
        with pytest.raises(HubError, match=words):
            look(where)


def test_private_repositories_are_for_their_owners(hub: FakeHub, tiny_model: Path, tmp_path: Path) -> None:
    hub.create("ada/secret", {"secret.pth": tiny_model.read_bytes()}, private=True)
    for token in ("", EVE):
        with pytest.raises(HubError, match="no repository ada/secret that may be read from here"):
            pull("ada/secret", to=tmp_path, token=token)
    assert look("ada/secret").private and pull("ada/secret", to=tmp_path).exists()


@pytest.mark.parametrize("token", ["", EVE])
def test_a_gated_repository_says_how_to_get_in(
    hub: FakeHub, houses: bytes, tmp_path: Path, token: str
) -> None:
    hub.gated.add("ada/houses")
    with pytest.raises(HubError, match="ada/houses is gated: ask for access"):
        pull("ada/houses", to=tmp_path, token=token)
    assert pull("ada/houses", to=tmp_path).exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "too many requests"), (500, "failure of its own"), (503, "failure of its own")],
)
def test_a_hub_that_is_busy_or_broken_gets_a_sentence(
    hub: FakeHub, houses: bytes, status: int, words: str
) -> None:
    hub.fail("GET", "/api/models/", status, times=99)
    with pytest.raises(HubError, match=words):
        look("ada/houses")


def test_a_file_of_that_name_stays_and_an_older_state_gives_way(
    hub: FakeHub, houses: bytes, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copyfile(tiny_model, tmp_path / "houses.pth")
    assert pull("ada/houses", to=tmp_path) == tmp_path / "houses-2.pth"
    checkpoint = load_checkpoint(tiny_model)
    newer = tmp_path / "newer"
    save_checkpoint(
        newer, Checkpoint(checkpoint.config, checkpoint.weights, {**checkpoint.about, "step": 4000})
    )
    hub.commit("ada/houses", {"houses.pth": newer.read_bytes()})
    assert pull("ada/houses", to=tmp_path) == tmp_path / "houses-2.pth"
    assert load_checkpoint(tmp_path / "houses-2.pth").about["step"] == 4000
    assert "origin" not in load_checkpoint(tmp_path / "houses.pth").about


def test_two_who_pull_at_once_get_one_whole_model(hub: FakeHub, houses: bytes, tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(pull("ada/houses", to=tmp_path))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [tmp_path / "houses.pth"] * 2 and load_checkpoint(found[0])


def test_weights_of_32_bits_stay_so(hub: FakeHub, tiny_model: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(tiny_model)
    weights = {name: weight + 1e-5 for name, weight in checkpoint.weights.items()}
    save_checkpoint(tmp_path / "fine.pth", Checkpoint(checkpoint.config, weights, {}), half=False)
    hub.create("ada/fine", {"fine.pth": (tmp_path / "fine.pth").read_bytes()})
    pulled = load_checkpoint(pull("ada/fine", to=tmp_path / "to"))
    assert all(torch.equal(pulled.weights[name], weight) for name, weight in weights.items())


def test_a_checksum_is_gits_for_small_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    assert digest_of(tmp_path / "x", "0" * 40) == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert Repo(False).add({}) != ""

"""The perceptual study: its plan, its numbers, its file, and that no answer leaks before it is given."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import draw_pair
from PIL import Image

from pix2pix.errors import DataError, Pix2PixError, RightsError
from pix2pix.experiments import study_pictures as study_pictures
from pix2pix.experiments.study import (
    Answer,
    Maker,
    Protocol,
    Record,
    Share,
    difference,
    fisher,
    plan_trials,
    wilson,
)
from pix2pix.experiments.study_log import file_of, keep, read_sessions
from pix2pix.experiments.study_results import compare, summarise, to_csv
from pix2pix.ui.shared.answers import answering
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.study.handlers import StudyHandlers
from pix2pix.ui.study.results import ResultsHandlers, of_record
from pix2pix.ui.study.sessions import AHEAD
from tests.ui.shared.test_model_library import write_model

# Gradio leaves an event loop to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

SHORT = Protocol(practice=2, trials=6, shown_ms=30, pause_ms=0, feedback_ms=0, tolerance_ms=1000)
SCENES = [f"scene{number}" for number in range(60)]
A, B = Maker("aa", "houses"), Maker("bb", "palaces")
PATIENCE = 60.0


# The plan.


@pytest.mark.parametrize("seed", range(5))
def test_half_are_fakes_of_each_model_as_many_and_no_scene_comes_twice(seed: int) -> None:
    plan = plan_trials(seed, SCENES, models=2, protocol=Protocol())
    practice, counting = plan[:10], plan[10:]
    assert Counter(trial.is_fake for trial in practice) == {True: 5, False: 5}
    assert Counter(trial.model for trial in counting) == {None: 20, 0: 10, 1: 10}
    assert len({trial.scene for trial in plan}) == 50
    assert plan == plan_trials(seed, SCENES[::-1], models=2, protocol=Protocol())


def test_another_seed_is_another_plan() -> None:
    plans = {plan_trials(seed, SCENES, models=1, protocol=Protocol()) for seed in range(20)}
    assert len(plans) == 20 and len({plan[10].is_fake for plan in plans}) == 2


def test_of_few_scenes_each_comes_before_any_comes_again() -> None:
    scenes = [trial.scene for trial in plan_trials(1, SCENES[:7], models=1, protocol=Protocol())]
    assert all(len(set(scenes[start : start + 7])) >= 6 for start in range(0, 49, 7))
    assert all(one != other for one, other in zip(scenes, scenes[1:], strict=False))


# The numbers, against tables: Newcombe 1998 (two papers in Statistics in Medicine
# 17), and Fisher's cup of tea.


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_interval_is_the_published_one(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_interval_of_a_difference_is_the_published_one(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    gap = difference(Share(*first), Share(*second))
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=5e-5)


def test_fishers_test_is_that_of_the_lady_with_the_tea() -> None:
    assert fisher(Share(3, 4), Share(1, 4)) == pytest.approx(0.485714, abs=1e-6)
    assert fisher(Share(4, 4), Share(0, 4)) == pytest.approx(2 / 70)
    assert fisher(Share(5, 10), Share(5, 10)) == pytest.approx(1.0)
    assert 0 <= fisher(Share(9000, 20000), Share(9500, 20000)) < 1e-6


def test_nothing_asked_is_no_share_but_the_whole_interval() -> None:
    assert math.isnan(Share(0, 0).value) and Share(0, 0).interval == (0.0, 1.0)


# The file.


def record(
    session: str = "one", models: tuple[Maker, ...] = (A,), said: str = "0R 0F -R -F", shown: float = 30.0
) -> Record:
    """A session whose answers are given as `who made it` and `what was said`: 0R is a fake of the
    first model, taken for real."""
    answers = tuple(
        Answer("s", None if word[0] == "-" else int(word[0]), word[1] == "R", shown, 500.0)
        for word in said.split()
    )
    return Record(
        session, f"2026-11-21T10:00:0{len(session) % 10}", "houses", "test", 32, 7, SHORT, models, answers
    )


def test_an_answer_faster_than_a_person_is_none(tmp_path: Path) -> None:
    fair = record()
    quick = tuple(replace(answer, answer_ms=149.9) for answer in fair.said[:3])
    hasty = replace(fair, said=(*quick, fair.said[3]))
    assert [hasty.is_hasty(answer) for answer in hasty.said] == [True] * 3 + [False]
    assert hasty.fair() == [fair.said[3]] and len(fair.fair()) == 4
    answer = of_record(hasty)
    assert answer["notes"] == ["3 answers are not counted: faster than a person can answer."]
    assert [row["trusted"]["total"] for row in answer["rows"]] == [1]


def test_a_record_from_before_a_setting_has_its_default(tmp_path: Path) -> None:
    content = json.loads(json.dumps(record().to_dict()))
    del content["protocol"]["fastest_ms"]
    assert Record.from_dict(content) == record()


def test_all_answers_come_as_a_table_that_a_spreadsheet_reads() -> None:
    odd = replace(record("two", (replace(A, title="=1+1"),)), data='my, "houses"')
    odd = replace(odd, said=(replace(odd.said[0], shown_ms=5000.0), *odd.said[1:]))
    rows = list(csv.DictReader(io.StringIO(to_csv([record(), odd]))))
    assert len(rows) == 8
    assert [row["trial"] for row in rows[:4]] == ["1", "2", "3", "4"]
    assert [(row["model"], row["taken_for_real"]) for row in rows[:4]] == [
        (A.title, "1"),
        (A.title, "0"),
        ("", "1"),
        ("", "0"),
    ]
    assert rows[4]["data"] == 'my, "houses"' and rows[4]["model"] == "'=1+1"
    assert [row["counted"] for row in rows[4:]] == ["0", "1", "1", "1"]


def test_sessions_come_back_as_they_were_kept(tmp_path: Path) -> None:
    kept = [record("one"), record("second", (A, B), "0R 1F -R")]
    for each in kept:
        keep(tmp_path / "studies", each)
    assert read_sessions(tmp_path / "studies").records == tuple(kept)
    assert file_of(tmp_path, "../my houses/").name == "my-houses.jsonl"


@pytest.mark.parametrize(
    "change",
    [
        {"said": 5},
        {"size": "32"},
        {"models": []},
        {"protocol": None},
        {"seed": True},
        {"said": [{"scene": "s", "model": 3}]},
    ],
)
def test_a_line_that_is_no_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Record.from_dict(record().to_dict() | change)


def test_damaged_lines_are_left_out_counted_and_said(tmp_path: Path) -> None:
    keep(tmp_path, record("one"))
    path = file_of(tmp_path, "houses")
    path.write_bytes(path.read_bytes() + b'\xff\xfe\n[1]\n{"session": "hal')
    keep(tmp_path, record("three"))
    found = read_sessions(tmp_path)
    assert [each.session for each in found.records] == ["one", "three"]
    assert found.problems == ("houses.jsonl: 3 damaged lines were left out.",)
    assert ResultsHandlers(tmp_path).summary()["notes"] == list(found.problems)


# What they say together.


def test_a_row_a_model_over_all_sessions() -> None:
    renamed = replace(A, title="better houses")
    rows = summarise([record("one"), record("two", (renamed, B), "0R 0R 1F -R -F")])
    assert [(row.model.title, row.sessions, row.fooled, row.trusted) for row in rows] == [
        ("better houses", 2, Share(3, 4), Share(2, 4)),
        ("palaces", 1, Share(0, 1), Share(1, 2)),
    ]


def test_two_models_are_compared_by_the_sessions_that_had_both() -> None:
    both = record("both", (B, A), " ".join(["0R"] * 9 + ["0F"] + ["1R"] * 3 + ["1F"] * 7 + ["-R"]))
    (found,) = compare([record("alone"), both])
    assert (found.models, found.sessions, found.shares) == ((A, B), 1, (Share(3, 10), Share(9, 10)))
    assert (-found.difference.high, -found.difference.low) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    (told,) = of_record(both)["comparisons"]
    assert told["words"].startswith(
        "palaces was taken for real 60 points more often (95 % interval +17 to +81, p = 0.020"
    )
    assert not told["words"].endswith("apart.") and not compare([record()])


def test_two_answers_each_tell_nothing_apart() -> None:
    """The interval of 2 of 2 against 0 of 2 leaves out zero; Fisher's p is a third."""
    (told,) = of_record(record("few", (A, B), "0R 0R 1F 1F"))["comparisons"]
    assert told["low"] > 0 and told["words"].endswith(
        "p = 0.333) than palaces: these answers do not tell the two apart."
    )


def test_answers_to_pictures_that_were_not_shown_for_their_second_are_not_counted() -> None:
    late = record("late", said="0R -R", shown=1100.0)
    told = of_record(late)
    assert told["rows"][0]["fooled"]["total"] == 0 and told["rows"][0]["fooled"]["value"] is None
    assert told["notes"] == [
        "2 answers are not counted: the browser did not show the picture for the time that was due."
    ]
    json.dumps(told, allow_nan=False)


# The server.


def write_pairs(folder: Path, count: int = 9, split: str = "test") -> Path:
    for number in range(count):
        labels, picture = draw_pair(number)
        both = Image.new("RGB", (128, 64))
        both.paste(labels, (0, 0))
        both.paste(picture, (64, 0))
        (folder / split).mkdir(parents=True, exist_ok=True)
        both.save(folder / split / f"house{number}.png")
    return folder


@pytest.fixture
def examiner(tmp_path: Path) -> StudyHandlers:
    for name in ("houses", "palaces"):
        write_model(tmp_path / "checkpoints" / f"{name}.pth", name=name)
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    return StudyHandlers(library, open_run_actions(library), protocol=SHORT)


def prepare(
    examiner: StudyHandlers, data: Path, models: tuple[str, ...] = ("houses", "palaces")
) -> dict[str, Any]:
    """Sets a study up, and waits until it has ended."""
    told = examiner.prepare_study("", {"data": str(data), "models": list(models)})["preparing"]
    until = time.monotonic() + PATIENCE
    while told["state"] == "running" and time.monotonic() < until:
        time.sleep(0.01)
        told = next(each for each in examiner.look("")["preparing"] if each["id"] == told["id"])
    return dict(told)


def take(examiner: StudyHandlers, key: str, said: str = "real") -> tuple[list[str], dict[str, Any]]:
    """A whole session: what was told on the way, and the result."""
    begun = examiner.begin_session("", key)
    truths = []
    for number in range(SHORT.practice + SHORT.trials):
        examiner.find_picture("", {"session": begun["session"], "number": number})
        order = {"session": begun["session"], "number": number, "said": said, "shown": 30, "took": 400}
        answer = examiner.take_answer("", order)
        assert examiner.take_answer("", order) == answer  # sent again, over a bad line
        truths.append(answer.get("truth", ""))
    return truths, answer["result"]


def test_a_study_is_prepared_taken_and_kept_over_a_restart(examiner: StudyHandlers, tmp_path: Path) -> None:
    told = prepare(examiner, write_pairs(tmp_path / "pairs"))
    assert (told["state"], told["words"], told["done"], told["total"]) == (
        "done",
        "The study of 9 scenes is ready.",
        9,
        9,
    )
    (study,) = examiner.look("")["studies"]
    assert (study["models"], study["split"], study["size"], study["scenes"]) == (
        ["houses", "palaces"],
        "test",
        16,
        9,
    )
    truths, result = take(examiner, study["key"])
    assert sorted(truths[:2]) == ["fake", "real"] and truths[2:] == [""] * 6
    rows = {row["model"]: row for row in result["rows"]}
    assert set(rows) == {"houses", "palaces"} and sum(row["fooled"]["count"] for row in rows.values()) == 3
    assert rows["houses"]["trusted"] | {"low": 0, "high": 0} == {
        "count": 3,
        "total": 3,
        "value": 1.0,
        "low": 0,
        "high": 0,
    }

    again = StudyHandlers(examiner.library, examiner.actions, protocol=SHORT)
    assert again.look("")["results"]["rows"] == result["rows"]
    take(again, study["key"], "fake")
    assert [row["sessions"] for row in again.look("")["results"]["rows"]] == [2, 2]
    again.delete_study("", study["key"])
    assert again.look("")["studies"] == [] and len(again.look("")["results"]["rows"]) == 2
    assert [path.name for path in again.studies.iterdir()] == ["pairs.jsonl"]


def test_nothing_tells_what_a_picture_is_before_it_is_answered(
    examiner: StudyHandlers, tmp_path: Path
) -> None:
    key = prepare(examiner, write_pairs(tmp_path / "pairs"))["key"]
    begun = examiner.begin_session("", key)
    assert set(begun) == {"session", "size", "practice", "trials", "shown", "pause", "feedback", "fastest"}
    answers = [
        examiner.find_picture("", {"session": begun["session"], "number": number}) for number in range(AHEAD)
    ]
    assert {tuple(answer) for answer in answers} == {("image",)} and len(
        {len(answer["image"]) for answer in answers}
    ) == 1
    for answer in answers:
        image = Image.open(io.BytesIO(base64.b64decode(answer["image"].partition(",")[2])))
        image.load()
        assert (image.format, image.size, image.mode, image.info) == ("PNG", (16, 16), "RGB", {})
    files = [path.name for path in (examiner.studies / key).glob("*.png")]
    assert len(files) == 27 and all(re.fullmatch(r"[0-9a-f]{32}\.png", name) for name in files)
    said = json.dumps(examiner.look(""))
    assert (
        not any(name in said for name in files)
        and "house0" not in said
        and str(tmp_path / "studies") not in said
    )


def test_real_and_fake_are_what_they_are_called(examiner: StudyHandlers, tmp_path: Path) -> None:
    prepare(examiner, write_pairs(tmp_path / "pairs"))
    (study,) = study_pictures.find_studies(examiner.studies)
    labels, target = (
        image.resize((16, 16), resampling) for image, resampling in zip(draw_pair(3), (0, 3), strict=True)
    )
    shown = {model: Image.open(io.BytesIO(study.picture("house3", model))) for model in (None, 0, 1)}
    assert shown[None].tobytes() == target.tobytes()
    for model, name in enumerate(("houses", "palaces")):
        assert shown[model].tobytes() == examiner.library.translator(name)(labels).tobytes()


@pytest.mark.parametrize(
    "order",
    [
        None,
        5,
        {},
        {"number": 0},
        {"number": 1, "said": "real"},
        {"number": True, "said": "real"},
        {"number": 0, "said": "both"},
        {"number": -1},
    ],
)
def test_an_order_that_makes_no_sense_is_a_sentence(
    examiner: StudyHandlers, tmp_path: Path, order: Any
) -> None:
    key = prepare(examiner, write_pairs(tmp_path / "pairs", 4), ("houses",))["key"]
    session = examiner.begin_session("", key)["session"]
    sent = order | {"session": session} if isinstance(order, dict) else order
    refused = answering(lambda asked: examiner.take_answer("", asked))(sent)
    assert refused["error"].endswith(".")
    for number in (AHEAD, -1, None, "0"):
        assert "error" in answering(lambda asked: examiner.find_picture("", asked))(
            {"session": session, "number": number}
        )
    assert not list(examiner.studies.glob("*.jsonl"))


def test_what_cannot_be_a_study_is_a_sentence(examiner: StudyHandlers, tmp_path: Path) -> None:
    few = write_pairs(tmp_path / "few", 3)
    assert (
        "There are 3 pairs in few that the model was not trained on; a study needs at least 4"
        in prepare(examiner, few, ("houses",))["words"]
    )
    assert not list(examiner.studies.glob("*/*.png"))
    assert "are the same model" in prepare(examiner, few, ("houses", "houses"))["words"]
    for models in ([], ["houses"] * 3, "houses", None):
        with pytest.raises(Pix2PixError, match="one model, or of two"):
            examiner.prepare_study("", {"data": str(few), "models": models})
    with pytest.raises(DataError, match="is no folder"):
        examiner.prepare_study("", {"data": str(tmp_path / "none"), "models": ["houses"]})


def test_what_a_server_that_died_left_behind_is_no_study_and_swept(examiner: StudyHandlers) -> None:
    half, other = examiner.studies / "0123456789abcdef", examiner.studies / "mine"
    for folder in (half, other):
        folder.mkdir(parents=True)
    assert study_pictures.find_studies(examiner.studies) == ()
    study_pictures.sweep(examiner.studies)
    assert not half.exists() and other.exists()


def test_a_description_cannot_name_files_elsewhere(examiner: StudyHandlers, tmp_path: Path) -> None:
    key = prepare(examiner, write_pairs(tmp_path / "pairs", 4), ("houses",))["key"]
    path = examiner.studies / key / study_pictures.DESCRIPTION
    told = json.loads(path.read_text())
    told["pictures"]["house0"][0] = "../../secret.png"
    path.write_text(json.dumps(told))
    assert study_pictures.find_studies(examiner.studies) == ()


# Rights.


def test_on_a_space_the_owner_sets_up_and_everybody_takes(examiner: StudyHandlers, tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "pairs", 4)
    key = prepare(examiner, data, ("houses",))["key"]
    actions = replace(examiner.actions, rights=Rights("nobody", owner="ada", is_space=True), allowed=(data,))
    space = StudyHandlers(examiner.library, actions, protocol=SHORT)
    for act in (
        lambda: space.prepare_study("eve", {"data": str(data), "models": ["houses"]}),
        lambda: space.delete_study("", key),
    ):
        with pytest.raises(RightsError, match="only the owner of this Space may prepare studies"):
            act()
    seen = space.look("")
    assert (
        "models" not in seen
        and "folders" not in seen
        and seen["refusal"]
        and str(tmp_path) not in json.dumps(seen)
    )
    assert "models" in space.look("ada")
    assert space.begin_session("", key)["session"]


def test_pictures_of_a_folder_that_may_no_longer_be_shown_are_not(
    examiner: StudyHandlers, tmp_path: Path
) -> None:
    key = prepare(examiner, write_pairs(tmp_path / "pairs", 4), ("houses",))["key"]
    session = examiner.begin_session("", key)["session"]
    closed = StudyHandlers(examiner.library, replace(examiner.actions, allowed=()), protocol=SHORT)
    closed.sessions = examiner.sessions
    assert closed.look("")["studies"] == []
    with pytest.raises(Pix2PixError, match="not there"):
        closed.begin_session("", key)
    with pytest.raises(Pix2PixError, match="not there"):
        closed.find_picture("", {"session": session, "number": 0})
    with pytest.raises(Pix2PixError, match="may be used here"):
        closed.prepare_study("", {"data": str(tmp_path / "pairs"), "models": ["houses"]})

"""A log that nobody can fill with tracebacks, and that still tells our own faults."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pix2pix.ui.shared import refusals

SERVER = """
import sys
from pix2pix.ui.app import build_app, launch_options
demo = build_app(sys.argv[1], sys.argv[2])
_, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
print(url, flush=True)
sys.stdin.read()
"""
LINK_LOCAL = "http://169.254.169.254/latest/meta-data"
FILES: list[Any] = [
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"path": "../../../etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"url": LINK_LOCAL, "path": LINK_LOCAL, "meta": {"_type": "gradio.FileData"}},
    {"path": "\0", "meta": {"_type": "gradio.FileData"}},
    "data:image/png;base64,AAAA",
    12,
    {"meta": {"_type": "gradio.FileData"}},
]
ADDRESSES = [
    "file=/etc/passwd",
    "file=../app.py",
    "proxy=http://127.0.0.1:1/x",
    "queue/data",
    "stream/x/y/z",
    "nowhere",
    "call/none/x",
]


def post(address: str, data: bytes) -> bytes:
    """The answer, whatever its status."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, data, {"Content-Type": "application/json"}), timeout=20
        ) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return error.read()


def probe(url: str, index: int) -> list[bytes]:
    """What comes back for requests that should never have been made."""
    answers = []
    for number, file in enumerate(FILES):
        body = {"data": [file, "houses", "fit", None], "fn_index": index, "session_hash": f"probe{number}"}
        answers.append(post(f"{url}gradio_api/queue/join", json.dumps(body).encode()))
        with urllib.request.urlopen(
            f"{url}gradio_api/queue/data?session_hash=probe{number}", timeout=30
        ) as events:
            answers.append(events.read())
    for body in (
        {"data": [], "fn_index": 9999},
        {"data": [1], "fn_index": index},
        {"data": {}, "fn_index": -1},
        {"fn_index": "x"},
        [],
        None,
    ):
        for route in (
            "queue/join",
            "run/predict",
            "run/translate",
            "api/translate",
            "call/translate",
            "component_server",
            "reset",
            "cancel",
        ):
            answers.append(post(f"{url}gradio_api/{route}", json.dumps(body).encode()))
    for address in ADDRESSES:
        answers.append(post(f"{url}gradio_api/{address}", b"{"))
        try:
            urllib.request.urlopen(f"{url}gradio_api/{address}?session_hash=", timeout=3).close()
        except (urllib.error.HTTPError, TimeoutError):
            continue
    return answers


@pytest.mark.timeout(200)
def test_refusals_are_a_line_each_and_tell_no_folder(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "houses.pth").write_bytes(tiny_model.read_bytes())
    command = [sys.executable, "-c", SERVER, str(tmp_path / "checkpoints"), str(tmp_path / "runs")]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        assert server.stdin and server.stdout
        url = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}config", timeout=60) as answer:
            index = next(
                fn["id"] for fn in json.loads(answer.read())["dependencies"] if fn["api_name"] == "translate"
            )
        answers = probe(url, index)
        server.stdin.close()
    told = (tmp_path / "log").read_text()
    assert "Traceback" not in told, told[-3000:]
    assert "refused: InvalidPathError" in told
    assert len(told.splitlines()) <= len(answers)
    assert str(tmp_path).encode() not in b"".join(answers)


def raised(code: str, name: str) -> BaseException:
    """The exception of a program in a file of that name."""
    try:
        exec(compile(code, name, "exec"), {})
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def test_a_fault_of_ours_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = (
        raised("1 / 0", f"{refusals.PACKAGE}/ui/draw.py"),
        raised("1 / 0", "/somewhere/gradio/routes.py"),
    )
    for error, lines in ((ours, "Traceback"), (theirs, "refused: ZeroDivisionError: division by zero\n")):
        try:
            raise error
        except ZeroDivisionError:
            refusals.TracebackPrinter().print_exc()
        assert capsys.readouterr().err.startswith(lines)
    for error, is_kept in ((ours, True), (theirs, False)):
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            "x",
            1,
            "Exception in ASGI application",
            (),
            (type(error), error, error.__traceback__),
        )
        assert refusals.ServerFilter().filter(record) and bool(record.exc_info) == is_kept


def test_a_line_is_short_and_printable() -> None:
    line = refusals.to_line(ValueError("one\ntwo\x1b[31m" + "x" * 1000))
    assert "\n" not in line and "\x1b" not in line and len(line) <= refusals.LONGEST

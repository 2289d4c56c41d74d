"""What a visitor costs the server, and that a page whose session was forgotten goes on."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tracemalloc
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio import route_utils, state_holder

from pix2pix.ui.app import build_app, launch_options
from pix2pix.ui.shared import session_memory

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def demo() -> Iterator[gr.Blocks]:
    yield build_app("none", "none")
    asyncio.set_event_loop(None)
    gc.collect()


def test_a_session_takes_a_few_kilobytes(demo: gr.Blocks) -> None:
    """It took 0.4 MB: 2,000 sessions nearly a gigabyte."""
    state_holder.SessionState(demo)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sessions = [state_holder.SessionState(demo) for _ in range(50)]
    gc.collect()
    each = (tracemalloc.get_traced_memory()[0] - before) / len(sessions)
    tracemalloc.stop()
    assert each < session_memory.BYTES_PER_SESSION
    assert session_memory.MOST * session_memory.BYTES_PER_SESSION <= 100_000_000


def test_a_session_of_ours_is_one_of_gradios(demo: gr.Blocks) -> None:
    """What Gradio's own constructor sets, ours sets too: a newer Gradio that needs more fails here."""
    own = state_holder.SessionState(demo)
    assert type(own) is session_memory.SharingSession is route_utils.SessionState
    theirs = session_memory.SharingSession.__base__(demo)  # type: ignore[misc]
    assert vars(own).keys() == vars(theirs).keys()
    assert dict(own.config_values.items()) == dict(theirs.config_values.items())
    assert own.STATE_TTL_WHEN_CLOSED == theirs.STATE_TTL_WHEN_CLOSED


def test_what_one_session_changes_no_other_sees(demo: gr.Blocks) -> None:
    one, other = state_holder.SessionState(demo), state_holder.SessionState(demo)
    key = next(key for key, block in demo.blocks.items() if isinstance(block, gr.Textbox))
    one._update_value_in_config(key, "mine")
    assert one.config_values[key]["props"]["value"] == "mine"
    assert other.config_values[key]["props"].get("value") != "mine"
    assert dict(other.config_values.items())[key]["props"].get("value") != "mine"
    assert dict(one.config_values.items())[key]["props"]["value"] == "mine"


def test_no_more_sessions_are_kept_than_the_machine_can_bear(demo: gr.Blocks) -> None:
    capacity = launch_options()["state_session_capacity"]
    assert session_memory.FEWEST <= capacity <= session_memory.MOST
    demo.state_session_capacity = 20
    holder = state_holder.StateHolder()
    holder.set_blocks(demo)
    for number in range(500):
        assert holder[f"visitor {number}"] is not None
    assert len(holder.session_data) == 20 and len(holder.time_last_used) == 20


SERVER = """
import json, resource, sys
from pix2pix.ui.app import build_app, launch_options
demo = build_app(sys.argv[1], sys.argv[2])
_, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
print(url, flush=True)
for _ in sys.stdin:
    pages = int(open("/proc/self/statm").read().split()[1])
    held = {"bytes": pages * resource.getpagesize(), "sessions": len(demo.state_holder.session_data)}
    print(json.dumps(held), flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the memory of a process as Linux tells it"
)
def test_hundreds_of_visitors_leave_no_slope(tiny_model: Path, tmp_path: Path) -> None:
    """Each call of the API is a session of its own. A hundred warm the server
    up, then 400 more are counted."""
    (tmp_path / "checkpoints").mkdir()
    os.link(tiny_model, tmp_path / "checkpoints" / "houses.pth")
    command = [sys.executable, "-c", SERVER, str(tmp_path / "checkpoints"), str(tmp_path / "runs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        url = server.stdout.readline().strip()

        def measured() -> dict[str, int]:
            assert server.stdin and server.stdout
            server.stdin.write("\n")
            server.stdin.flush()
            answer: dict[str, int] = json.loads(server.stdout.readline())
            return answer

        def visit(number: int) -> None:
            with urllib.request.urlopen(f"{url}config", timeout=60) as answer:
                fns = {fn["api_name"]: fn["id"] for fn in json.loads(answer.read())["dependencies"]}
            body = {
                "data": [None, "houses", "fit", None],
                "fn_index": fns["translate"],
                "session_hash": f"visitor{number}",
            }
            head = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{url}gradio_api/queue/join", json.dumps(body).encode(), head)
            urllib.request.urlopen(request, timeout=60).close()
            with urllib.request.urlopen(
                f"{url}gradio_api/queue/data?session_hash=visitor{number}", timeout=60
            ) as events:
                assert b"process_completed" in events.read()

        for number in range(100):
            visit(number)
        before = measured()
        for number in range(100, 500):
            visit(number)
        after = measured()
        server.kill()
    assert after["sessions"] == 500
    assert (after["bytes"] - before["bytes"]) / 400 < 50_000

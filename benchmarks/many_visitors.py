"""Many calls of /translate at once: `python -m benchmarks.many_visitors [calls]`.

A server of the page in a process of its own, with checkpoints/facades.pth; every call is a visitor of its
own, all begin together. Prints seconds until half and until all are answered, and checks that each
picture is that of a single call.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
SERVER = """
import sys
from pix2pix.ui.app import build_app, launch_options
page = build_app("checkpoints", sys.argv[1])
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
print(url, flush=True)
sys.stdin.read()
"""


def ask(url: str, index: int, path: str, number: int) -> tuple[float, str]:
    """Seconds until the picture came, and its digest."""
    begin = time.perf_counter()
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = {"data": [picture, "facades", "fit", None], "fn_index": index, "session_hash": f"visitor{number}"}
    head = {"Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{url}gradio_api/queue/join", json.dumps(body).encode(), head), timeout=600
    ).close()
    with urllib.request.urlopen(
        f"{url}gradio_api/queue/data?session_hash=visitor{number}", timeout=600
    ) as events:
        for line in events:
            told = json.loads(line[5:]) if line.startswith(b"data:") else {}
            if told.get("msg") == "process_completed":
                assert told["success"], told
                with urllib.request.urlopen(told["output"]["data"][0]["url"], timeout=60) as answer:
                    picture = Image.open(io.BytesIO(answer.read())).convert("RGB")
                    return time.perf_counter() - begin, hashlib.sha256(picture.tobytes()).hexdigest()
    raise RuntimeError("no picture came")


def upload(url: str, path: Path) -> str:
    """The picture's place on the server."""
    edge = "----pix2pix"
    body = (
        f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\nContent-Type:'
        " image/png\r\n\r\n"
    )
    data = body.encode() + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
    head = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}gradio_api/upload", data, head), timeout=60
    ) as answer:
        return str(json.loads(answer.read())[0])


def main(calls: int) -> None:
    """Serves, asks, prints."""
    command = [sys.executable, "-c", SERVER, "runs"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        assert server.stdin and server.stdout
        url = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}config", timeout=60) as answer:
            index = next(
                fn["id"] for fn in json.loads(answer.read())["dependencies"] if fn["api_name"] == "translate"
            )
        place = upload(url, ROOT / "examples" / "facade" / "hotel.png")
        _, single = ask(url, index, place, -1)
        singles = [ask(url, index, place, -2 - number)[0] for number in range(5)]
        begin = time.perf_counter()
        with ThreadPoolExecutor(calls) as pool:
            answers = list(pool.map(lambda number: ask(url, index, place, number), range(calls)))
        took = time.perf_counter() - begin
        server.stdin.close()
    assert {digest for _, digest in answers} == {single}, "a picture differs from that of a single call"
    times = sorted(seconds for seconds, _ in answers)
    print(
        f"one call alone {statistics.median(singles):.3f} s; {calls} at once: half after "
        f"{times[calls // 2]:.1f} s, all after {took:.1f} s"
    )
    print(f"{took / calls / statistics.median(singles):.2f} of a single call's time each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_visitors", description=__doc__)
    parser.add_argument("calls", nargs="?", type=int, default=150, help="calls at once (default 150)")
    main(parser.parse_args().calls)

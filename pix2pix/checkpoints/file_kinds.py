"""Describes files that hold no weights, recognised by their content, with advice on how to
get the weights."""

from __future__ import annotations

import json
import pickletools
import re
import zipfile
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, BinaryIO

SAVE = 'torch.save(model.state_dict(), "weights.pth")'
"""The line of code that saves a module's weights and nothing else."""
STARTS = {
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself: fetch it with git lfs pull, "
    "or download it anew",
    b"\x89HDF": "is a file of Keras; weights of PyTorch and .pict files are read here",
    b"\x93NUMPY": f"is an array of NumPy; weights are a state_dict that PyTorch saved: {SAVE}",
    b"GGUF": "is a GGUF file of a language model; weights of pix2pix networks are read here",
    b"\x89PNG": "is a picture (PNG), not weights",
    b"\xff\xd8\xff": "is a picture (JPEG), not weights",
    b"%PDF": "is a PDF document, not weights",
    b"\x1f\x8b": "is a gzip archive: unpack it, and name the file of weights in it",
    b"BZh": "is a bzip2 archive: unpack it, and name the file of weights in it",
    b"\xfd7zXZ": "is an xz archive: unpack it, and name the file of weights in it",
    b"7z\xbc\xaf": "is a 7z archive: unpack it, and name the file of weights in it",
    b"Rar!": "is a RAR archive: unpack it, and name the file of weights in it",
    b"\x80": "is a bare pickle, which can run programs: it is not opened. Have its authors save a "
    f"state_dict: {SAVE}",
}
WEB_PAGE = re.compile(
    rb"(?:<!--.{0,400}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
LARGEST_TEXT = 5_000_000
FIRST = 1024
"""Number of bytes from which the kind of a file is recognised."""

COMPOSED = "STACK_GLOBAL "
"""Prefix for a name that a pickle composes at run time, as protocols 4 and later do."""
PROGRAMS = {
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "runpy",
    "shutil",
    "socket",
    "importlib",
    "ctypes",
    "pickle",
    "webbrowser",
    "pty",
}
BUILTINS = {"builtins", "__builtin__", "__builtins__"}
PLAIN_BUILTINS = {
    "set",
    "frozenset",
    "slice",
    "complex",
    "bytearray",
    "object",
    "list",
    "dict",
    "tuple",
    "int",
    "float",
    "str",
    "bytes",
}


def what_instead(path: Path) -> str:
    """Returns what the file is instead of a `torch.save` archive, as in `is empty ...`; "" for an
    archive or unknown."""
    size = path.stat().st_size
    if not size:
        return "is empty (0 bytes): the download or the copy of it failed. Get it again"
    with path.open("rb") as file:
        start = file.read(FIRST)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if WEB_PAGE.match(text) or text[:5].lower() == b"<?xml":
        return (
            "is a web page: the address that it came from was that of a page about the file. Download the"
            " file itself"
        )
    known = next((what for begin, what in STARTS.items() if start.startswith(begin)), "")
    if not known and text[:1] in (b"{", b"[") and size < LARGEST_TEXT and _is_json(path):
        return (
            "is JSON text, such as a description or an answer of a server, not weights. Name the file of"
            " weights beside it"
        )
    return known


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError, OSError):
        return False
    return True


def what_archive(archive: zipfile.ZipFile) -> str:
    """Returns what a zip archive is instead of a `torch.save` archive; "" where its names do not show it."""
    names = archive.namelist()
    if any("/code/" in f"/{name}" and name.endswith(".py") for name in names):
        line = f"model = torch.jit.load(FILE); {SAVE}"
        return (
            "is a TorchScript program, which would be run: it is not opened. Whoever trusts it saves its"
            f" weights: {line}"
        )
    if any(name.endswith(("serialized_exported_program.json", "models/model.json")) for name in names):
        return f"is a program of torch.export, not weights. Save the weights alone: {SAVE}"
    if names and all(name.endswith(".npy") for name in names):
        return f"is an archive of NumPy arrays; weights are a state_dict that PyTorch saved: {SAVE}"
    inside = [
        name
        for name in names
        if name.lower().endswith((".pth", ".pt", ".ckpt", ".bin", ".safetensors", ".pict"))
    ]
    if inside:
        return f"is a zip file with {inside[0][-60:]!r} in it: unpack it, and name that file"
    return ""


def names_in_pickle(file: BinaryIO) -> Iterator[str]:
    """Yields `module name` of all that a pickle would import; `STACK_GLOBAL` precedes a name composed
    at run time."""
    words: list[Any] = ["", ""]
    memo: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in ("GLOBAL", "INST"):
            yield str(argument)
        elif opcode.name == "STACK_GLOBAL":
            # What stood last on the stack, most often; it only serves the sentence,
            # and is refused whatever it is.
            yield f"{COMPOSED}{words[0]} {words[1]}"
        elif opcode.name in ("EXT1", "EXT2", "EXT4"):
            yield opcode.name
        if opcode.name == "MEMOIZE":
            memo[len(memo)] = words[1]
        elif "PUT" in opcode.name and argument is not None:
            memo[int(argument)] = words[1]
        elif "GET" in opcode.name and argument is not None:
            words = [words[1], memo.get(int(argument), "")]
        elif "UNICODE" in opcode.name:
            words = [words[1], argument]
        else:
            words = [words[1], ""] if opcode.stack_after and opcode.name != "FRAME" else words


def why_refused(strange: Set[str], first: str) -> str:
    """Returns what a pickle holds beside numbers, as in `is a whole ...`, given the names that
    it would import."""
    names = {name.removeprefix(COMPOSED) for name in strange}
    harmful = sorted(name for name in names if _is_harmful(name))
    if harmful:
        return f"asks to run {harmful[0][:100]!r}; a checkpoint holds numbers only. The file is not opened."
    first = first.removeprefix(COMPOSED)
    if any(name.startswith("torch.nn.modules") for name in names):
        kind = (
            ""
            if first.startswith(("torch ", "torch._", "collections ")) or not first
            else f" of class {first.split(' ')[-1][:60]}"
        )
        return (
            f"is a whole module that was pickled{kind}, with its program: it is not opened. Where it was"
            f" made, save its weights: {SAVE}"
        )
    if any(name.startswith("numpy") for name in names):
        return (
            "holds NumPy values beside its weights, which are objects and not opened. Save plain numbers "
            "and tensors in their place"
            f" (float(value), torch.as_tensor(value)), or the weights alone: {SAVE}"
        )
    if any(name.endswith(" Namespace") for name in names):
        return (
            "holds its settings as a Namespace of argparse, which is an object and not opened. Save"
            f" vars(settings), or: {SAVE}"
        )
    if not names or any(name.startswith("EXT") for name in names):
        return (
            "asks to run what no checkpoint needs; a checkpoint holds numbers only. The file is not opened."
        )
    other = sorted(names)[0].replace(" ", ".")[:100]
    return (
        f"holds an object of {other} beside its numbers; only plain values and tensors are opened. Save the"
        f" weights alone: {SAVE}"
    )


def _is_harmful(name: str) -> bool:
    """Whether a name runs programs, opens files or reaches into objects, which no saved model needs."""
    module, _, member = name.partition(" ")
    if module in BUILTINS:
        return member not in PLAIN_BUILTINS
    return module.split(".")[0] in PROGRAMS

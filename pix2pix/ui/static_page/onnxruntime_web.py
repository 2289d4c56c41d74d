"""Downloads ONNX Runtime for browsers from the npm registry: one pinned version, checked by its
SHA-512 and cached."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from pathlib import Path

from pix2pix.errors import DataError
from pix2pix.runtime.files import write_bytes
from pix2pix.runtime.paths import cache_folder

PACKAGE = "onnxruntime-web"
VERSION = "1.27.0"
# Not the newest: since 1.28 a file of it has more than the 25 MiB that some static hosts take.
INTEGRITY = "ogDLsqIozHZwifPuN37OproAo0byX6t43/bP8GzeZWBWD6MOGExswFAx3up4NS/vvWBOg2u2PXomDt3rMmdQSg=="
"""SHA-512 of the package in base64, as the registry states it."""

FILES = {
    # As .js: there are hosts that do not serve .mjs as a script.
    "ort-webgpu.js": "ort.webgpu.bundle.min.mjs",
    "ort-webgpu.wasm": "ort-wasm-simd-threaded.asyncify.wasm",
    "ort-wasm.js": "ort.wasm.bundle.min.mjs",
    "ort-wasm.wasm": "ort-wasm-simd-threaded.wasm",
}
"""Files that a page needs, by their names there: for browsers with WebGPU, and for all others."""

REGISTRY_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")
SECONDS = 60
LARGEST = 200_000_000
BY_HAND = f"Get it where there is a network (npm pack {PACKAGE}@{VERSION}) and name the file with --runtime."


def browser_runtime(package: str | Path | None = None) -> dict[str, bytes]:
    """Returns the contents of `FILES` by name, from `package`, else the cache, else the registry.

    Raises `DataError` where the package cannot be read or fetched, or is not the pinned version.
    """
    data = _read(Path(package)) if package else _cached()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {name: _extract(archive, f"package/dist/{inside}") for name, inside in FILES.items()}


def _extract(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, f"{name} is no file in {PACKAGE} {VERSION}"
    return file.read()


def _cached() -> bytes:
    path = cache_file()
    if path.is_file() and _is_right(path.read_bytes()):
        return path.read_bytes()
    data = _download()
    write_bytes(path, data)
    return data


def cache_file() -> Path:
    """Returns the path of the cached package."""
    return cache_folder() / f"{PACKAGE}-{VERSION}.tgz"


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(
            f"{path} does not exist; --runtime is the package of {PACKAGE} {VERSION}, a .tgz file."
        )
    data = path.read_bytes()
    if not _is_right(data):
        raise DataError(
            f"{path} is not {PACKAGE} {VERSION} as it was published: its SHA-512 is another. {BY_HAND}"
        )
    return data


def _download() -> bytes:
    # npm's own setting: its name is in small letters, as it is in the environment of npm's scripts.
    registry = next(filter(None, map(os.environ.get, REGISTRY_VARIABLES)), "https://registry.npmjs.org")
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            data = answer.read(LARGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{PACKAGE} {VERSION} could not be fetched from {url}: {reason}. {BY_HAND}"
        ) from error
    if not _is_right(data):
        raise DataError(
            f"{url} is not {PACKAGE} {VERSION} as it was published: its SHA-512 is another. {BY_HAND}"
        )
    return data


def _is_right(data: bytes) -> bool:
    return hashlib.sha512(data).digest() == base64.b64decode(INTEGRITY)

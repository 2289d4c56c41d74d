"""The model card: the README.md of a repository, with front matter for the Hub and text for people.

Our text stands between two marks and is replaced by each push; text around it stays.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import HubError
from pix2pix.runtime.paths import slug
from pix2pix.settings import range_words

BEGIN = "<!-- pix2pix: begin (written anew by each push) -->"
END = "<!-- pix2pix: end -->"
SHEET = "sample.png"
LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "openrail",
        "bigscience-openrail-m",
        "creativeml-openrail-m",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "wtfpl",
        "isc",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "agpl-3.0",
        "lgpl-3.0",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "pddl",
        "unlicense",
        "zlib",
        "unknown",
        "other",
    ]
)
"""The Hub's names of the licences that it knows."""
METRICS = {
    "l1": "L1",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "edges": "edges against the targets'",
    "class_accuracy": "accuracy by class",
    "class_iou": "IoU by class",
    "cycle_l1": "L1 there and back",
    "identity_l1": "L1 of what stays",
}
METHODS = {
    "pix2pix": "A pix2pix generator (Isola, Zhu, Zhou, Efros 2017)",
    "cyclegan": "One of two generators of a CycleGAN (Zhu, Park, Isola, Efros 2017), learned without pairs",
}
OURS = ("library_name", "pipeline_tag", "model-index")
"""Keys of the front matter that each push replaces; others stay as somebody set them."""
LONGEST_TOLD = 2000


def model_card(checkpoint: Checkpoint, repo: str, *, file: str, old: str = "") -> str:
    """Returns the README.md of a repository whose present one is `old`.

    Raises `HubError` where the front matter of `old` cannot be read.
    """
    kept, body = split_card(old, repo)
    front = front_matter(checkpoint, file)
    tags = [*dict.fromkeys([*_words(kept.get("tags")), *front["tags"]])]
    values = {**front, **{key: value for key, value in kept.items() if key not in OURS}, "tags": tags}
    part = f"{BEGIN}\n{describe(checkpoint, repo, file=file)}\n{END}"
    before, mark, rest = body.partition(BEGIN)
    if mark:
        body = before + part + rest.partition(END)[2]
    else:
        body = f"{body.strip()}\n\n{part}".strip()
    return f"{dump(values)}\n{body.strip()}\n"


def dump(values: Mapping[str, Any]) -> str:
    """Returns front matter as YAML between its lines of dashes."""
    return f"---\n{yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=1000)}---\n"


def split_card(text: str, repo: str) -> tuple[dict[str, Any], str]:
    """Splits a README.md into front matter ({} where there is none) and body. Raises `HubError` where
    it is broken."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return {}, text
    found = re.match(r"---\n(.*?)^---[ \t]*(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
    try:
        values = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise HubError(
            f"{repo} has a README.md whose front matter is broken (line {line}). Mend it on the Hub, "
            "then try again."
        ) from None
    if not isinstance(values, dict) and values is not None or not found:
        raise HubError(
            f"{repo} has a README.md whose front matter is broken: it is no list of keys and values. Mend "
            "it, then try again."
        )
    return values or {}, text[found.end() :]


def front_matter(checkpoint: Checkpoint, file: str) -> dict[str, Any]:
    """Returns what the Hub reads: task, tags, licence and metrics."""
    config = checkpoint.config
    about = checkpoint.about
    origin = about.get("origin")
    base = origin.get("repo") if isinstance(origin, dict) else None
    results = _results(about, config)
    return {
        **_licence(str(about.get("licence", "")).strip()),
        "library_name": "pix2pix",
        "pipeline_tag": "image-to-image",
        "tags": [
            "pix2pix",
            "image-to-image",
            "gan",
            "conditional-gan",
            "pytorch",
            f"{config.source}-to-{config.target}",
        ],
        **({"base_model": str(base)} if base else {}),
        **({"model-index": [{"name": file.rpartition(".")[0], "results": results}]} if results else {}),
    }


def _licence(text: str) -> dict[str, str]:
    """Returns the licence by the Hub's name; `other` for one that it does not know, whose text stands
    in the card."""
    if not text:
        return {"license": "unknown"}
    return (
        {"license": text.lower()}
        if text.lower() in LICENCES
        else {"license": "other", "license_name": "see-below"}
    )


def _results(about: Mapping[str, Any], config: ModelConfig) -> list[dict[str, Any]]:
    recorded = about.get("metrics")
    metrics = [
        {"type": name, "name": title, "value": round(float(recorded[name]), 5)}
        for name, title in METRICS.items()
        if isinstance(recorded, dict)
        and isinstance(recorded.get(name), (int, float))
        and math.isfinite(recorded[name])
    ]
    if not metrics:
        return []
    data = plain(about.get("data") or "unnamed pairs", 80)
    dataset = {
        "name": data,
        "type": slug(data, "pairs", dots=True),
        "split": "validation",
    }
    return [
        {
            "task": {"type": "image-to-image", "name": f"{config.source} to {config.target}"},
            "dataset": dataset,
            "metrics": metrics,
        }
    ]


def describe(checkpoint: Checkpoint, repo: str, *, file: str) -> str:
    """Returns the card's text: task, data, sample, usage, training and limits."""
    config = checkpoint.config
    about = checkpoint.about
    task = f"{config.source} to {config.target}"
    name = repo.partition("/")[2]
    pieces = [
        f"# {name}",
        f"{METHODS.get(str(about.get('method')), METHODS['pix2pix'])}: {task}, pictures of {config.size} x "
        f"{config.size}.",
        f"![On the left a drawing, on the right what the model makes of it]({SHEET})",
        "\n".join(
            ["| | |", "| --- | --- |", *(f"| {key} | {value} |" for key, value in _facts(checkpoint).items())]
        ),
        "## Use",
        f"```sh\npix2pix pull {repo}\npix2pix translate checkpoints/{name}.pth drawing.png -o "
        "picture.png\n```",
        f"`{file}` is the checkpoint, with all that it knows of itself. `model.safetensors` has the same "
        "weights, `config.json` the rest.",
        *_training(about),
        "## Limits",
        _limits(config, about),
    ]
    return "\n\n".join(pieces)


def _facts(checkpoint: Checkpoint) -> dict[str, str]:
    """Returns the rows of the card's table."""
    config = checkpoint.config
    about = checkpoint.about
    count = sum(weight.numel() for weight in checkpoint.weights.values())
    network = (
        f"{config.generator}, width {config.width}, depth {config.depth}, {config.norm} norm:"
        f" {count / 1e6:,.1f} million weights"
    )
    recorded = about.get("metrics")
    scores = [
        f"{title} {recorded[name]:.4g}"
        for name, title in METRICS.items()
        if isinstance(recorded, dict) and isinstance(recorded.get(name), float)
    ]
    palette = ", ".join(
        f"{plain(name, 40)} `#{r:02x}{g:02x}{b:02x}`" for name, (r, g, b) in config.palette[:40]
    )
    rows = {
        "data": plain(about.get("data", ""))
        + (f", {about['pairs']:,} pairs" if isinstance(about.get("pairs"), int) else "")
        + (f", {about['pictures']:,} pictures" if isinstance(about.get("pictures"), int) else ""),
        "direction": _direction(about),
        "best by": plain(about.get("best", "")),
        "steps": f"{about['step']:,}" if isinstance(about.get("step"), int) else "",
        "validation": ", ".join(scores),
        "network": network,
        "classes": palette,
        "values": f"sources of more than 8 bits: {range_words(config.source_levels)}"
        if config.source_levels
        else "",
        "licence": plain(about.get("licence", "")),
        "from": _origin(about.get("origin")),
        "made on": plain(str(about.get("date", ""))[:10]),
    }
    return {key: value for key, value in rows.items() if value}


def _direction(about: Mapping[str, Any]) -> str:
    """Returns which direction of two the model is, and which is the other; "" for a model without another."""
    other = plain(about.get("other_direction", ""), 40)
    return (
        f"{plain(about.get('direction', ''), 40)}; the other model of the training is {other}"
        if other
        else ""
    )


def _origin(origin: Any) -> str:
    """Returns the origin of a model that was pulled or imported; "" for others."""
    if not isinstance(origin, dict):
        return ""
    if origin.get("repo"):
        return plain(f"{origin['repo']} at {str(origin.get('commit'))[:7]}")
    return plain(f"weights of {origin['project']}") if origin.get("project") else ""


def _training(about: Mapping[str, Any]) -> list[str]:
    command = plain(about.get("command", ""))
    return ["## Training", f"```sh\n{command}\n```"] if command else []


def _limits(config: ModelConfig, about: Mapping[str, Any]) -> str:
    own = plain(about.get("limits", ""))
    data = plain(about.get("data") or "its pairs", 80)
    return (f"{own}\n\n" if own else "") + (
        f"The model has learned from {data} and knows nothing else: of pictures unlike these it makes "
        "something that looks like these."
        f" What it shows is made up, and no evidence of anything. It was trained at {config.size} x "
        f"{config.size}; larger pictures are"
        " resized and resized back, or translated pixel by pixel, where their parts may differ in tone."
    )


def plain(value: object, longest: int = LONGEST_TOLD) -> str:
    """Returns a value of a checkpoint as one line without markup or links, since its author
    may be anybody."""
    line = " ".join(str(value).split())[:longest]
    return re.sub(r"[<>|\[\]\\`]", " ", "".join(letter for letter in line if letter.isprintable()))


def _words(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []

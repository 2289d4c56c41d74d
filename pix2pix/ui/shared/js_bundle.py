"""Bundles JavaScript modules into one classic script, which needs no build step and no request of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)

SCRIPT = """var {name} = globalThis.{name} || (globalThis.{name} = (() => {{
"use strict";
{body}
const style = document.createElement("style");
style.textContent = {style};
document.head.append(style);
return {{ {exports} }};
}})());"""


def bundle(name: str, entry: Path, *, exports: Sequence[str], styles: Sequence[Path]) -> str:
    """Returns a script that defines the global `name` with the exports of `entry` and its imports.

    The style sheets are part of the script, which adds them to the page when it runs.
    """
    body = "\n".join(_to_classic(path.read_text(encoding="utf-8")) for path in in_order(entry))
    style = "\n".join(path.read_text(encoding="utf-8") for path in styles)
    return SCRIPT.format(name=name, body=body, exports=", ".join(exports), style=json.dumps(style))


def _to_classic(source: str) -> str:
    """Removes imports and exports from a module's source. All modules then share one scope, so their
    top-level names must differ (a test checks that)."""
    return re.sub(r"^export ", "", IMPORT.sub("", source), flags=re.MULTILINE)


def in_order(entry: Path, done: list[Path] | None = None) -> list[Path]:
    """Returns the paths of `entry` and all modules that it imports, each after those that it depends on."""
    done = [] if done is None else done
    for needed in IMPORT.findall(entry.read_text(encoding="utf-8")):
        path = (entry.parent / needed).resolve()
        if path not in done:
            in_order(path, done)
    done.append(entry.resolve())
    return done

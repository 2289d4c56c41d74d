"""JavaScript modules as one classic script: no build step, and no request of their own for the page."""

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
    """A script that defines `name` with what `entry` and the modules that it imports export. It
    brings its style sheets with it."""
    body = "\n".join(_to_classic(path.read_text(encoding="utf-8")) for path in in_order(entry))
    style = "\n".join(path.read_text(encoding="utf-8") for path in styles)
    return SCRIPT.format(name=name, body=body, exports=", ".join(exports), style=json.dumps(style))


def _to_classic(source: str) -> str:
    """A module without its imports and exports: all share one function, where names must
    differ (a test holds that)."""
    return re.sub(r"^export ", "", IMPORT.sub("", source), flags=re.MULTILINE)


def in_order(entry: Path, done: list[Path] | None = None) -> list[Path]:
    """Each module after all that it imports."""
    done = [] if done is None else done
    for needed in IMPORT.findall(entry.read_text(encoding="utf-8")):
        path = (entry.parent / needed).resolve()
        if path not in done:
            in_order(path, done)
    done.append(entry.resolve())
    return done

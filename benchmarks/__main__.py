"""`python -m benchmarks [training] [recipe] [translation] [engines] [memory] [data] [gpu]`: our times beside
those of plain eager torch, in one process.

Times are taken in turns and compared as ratios of medians, so that whatever else
the machine does hits both sides.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys

import torch

PARTS = ("training", "recipe", "translation", "engines", "data", "memory", "gpu")
"""Modules beside this one, imported when they are asked for: each needs other libraries."""


def main(part: str = "") -> None:
    """Runs the parts asked for and prints a table of each; as `python -m benchmarks.PART` that `part`."""
    name = f"benchmarks.{part}" if part else "benchmarks"
    about = importlib.import_module(name).__doc__ if part else __doc__
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    if part:
        parser.set_defaults(parts=[part])
    else:
        parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--rounds", type=int, default=15, help="times that each side is measured (default 15)"
    )
    args = parser.parse_args()
    unknown = sorted(set(args.parts) - set(PARTS))
    if unknown:
        parser.error(f"no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(
        f"torch {torch.__version__}, {os.cpu_count()} cores ({platform.machine()}), {device}, "
        f"{torch.get_num_threads()} threads\n"
    )
    for part in args.parts or PARTS:
        print(f"## {part}\n")
        for line in importlib.import_module(f"benchmarks.{part}").measure(args.rounds):
            print(line)
            sys.stdout.flush()
        print()


if __name__ == "__main__":
    main()

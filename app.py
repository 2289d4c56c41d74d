"""What a Hugging Face Space runs, and `make app`: the page, as `pix2pix app` opens it."""

from __future__ import annotations

import sys

from pix2pix.cli import main

if __name__ == "__main__":
    sys.exit(main(["app"]))

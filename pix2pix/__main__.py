"""`python -m pix2pix` is `pix2pix`."""

from __future__ import annotations

import sys

from pix2pix.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""What a Hugging Face Space runs, and `make app`: the page. `pix2pix app` does the same."""

from __future__ import annotations

from pix2pix.cli.app_command import serve

if __name__ == "__main__":
    serve()

"""What a visitor may have translated at once: anything at home, a little on a public Space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pix2pix.errors import RightsError
from pix2pix.inference.video_file import Clip
from pix2pix.ui.shared.permissions import Rights

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of one order."""

    files: int
    megabytes: int
    """Of a video's file."""
    seconds: int
    frames: int
    """Of a video."""
    side: int
    """The longer side of a video, in pixels."""

    def to_words(self) -> str:
        """Returns the limits as a sentence, shown before the start."""
        return (
            f"Limits of this public page: {self.files} files at once; a video of {self.seconds} seconds, "
            f"{self.frames} frames, {self.side} pixels and {self.megabytes} MB. A copy of your own has none."
        )

    def check_files(self, count: int) -> None:
        """Raises `RightsError` where there are too many."""
        if count > self.files:
            raise RightsError(
                f"these are {count} files, and {self.files} at once are translated on this public page. "
                "Bring fewer, or run a copy of your own."
            )

    def check_video(self, path: Path, clip: Clip) -> None:
        """Raises `RightsError` with the measure that is too large, and its limit."""
        measures = (
            (path.stat().st_size / MB, self.megabytes, "MB"),
            (clip.seconds, self.seconds, "seconds"),
            (clip.frames, self.frames, "frames"),
            (max(clip.size), self.side, "pixels on its longer side"),
        )
        for measure, limit, unit in measures:
            if measure > limit:
                raise RightsError(
                    f"{path.name} has {measure:,.0f} {unit}; this public page takes {limit:,}. Cut it, make "
                    "it smaller, or run a copy of your own."
                )


SPACE = Limits(files=50, megabytes=100, seconds=20, frames=600, side=1920)


def limits_for(rights: Rights, visitor: str) -> Limits | None:
    """Returns the limits for `visitor`, the name of whoever signed in, else ""; None for no limits."""
    return SPACE if rights.is_space and not rights.is_owner(visitor) else None

"""Interprets file and folder names: the split, the side of a pair, and leftovers of systems
and other programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

OTHER_SPLITS = "|".join(
    sorted((word for word, split in SPLITS.items() if split != "train"), key=len, reverse=True)
)

Words = Mapping[str, int]


def _words(first: str, second: str) -> dict[str, int]:
    """Returns words of side A (0) and of side B (1)."""
    return dict.fromkeys(first.split(), 0) | dict.fromkeys(second.split(), 1)


FAMILIES: tuple[Words, ...] = (
    _words(
        "a input inputs in source sources src",
        "b output outputs out target targets tgt gt groundtruth ground_truth",
    ),
    _words("x", "y"),
    _words(
        "photo photos image images img imgs picture pictures",
        "label labels mask masks segmentation segmentations annotation annotations",
    ),
    _words(
        "edge edges sketch sketches line lines drawing drawings",
        "photo photos image images img imgs picture pictures real",
    ),
    _words("before day original originals raw", "after night edited retouched"),
    _words("satellite sat aerial", "map maps roadmap"),
    _words("low lr lq lowres noisy blurred", "high hr hq highres clean sharp"),
    _words("gray grey grayscale bw", "color colour rgb"),
)
"""Groups of words for the two sides. A word may be in several groups, and on different sides in them."""
SIDES = FAMILIES[0]

SYSTEM_FOLDERS = {
    "__macosx",
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "@tmp",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "lost+found",
    "found.000",
    "network trash folder",
    "temporary items",
    "__pycache__",
}
"""Trash, thumbnails and other folders that systems create."""


def normalized(name: str) -> str:
    """Returns the name in composed Unicode (NFC): macOS writes é as two characters, other systems as one."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_system_folder(name: str) -> bool:
    """Whether a folder of that name is hidden, or made by a system."""
    return name.startswith(".") or name.casefold() in SYSTEM_FOLDERS


@lru_cache
def _split_and_side(family: int) -> re.Pattern[str]:
    splits = "|".join(SPLITS)
    sides = "|".join(FAMILIES[family])
    return re.compile(
        rf"(?P<split>{splits})[ _-]?(?P<side>{sides})|(?P<side2>{sides})[ _-](?P<split2>{splits})"
    )


@lru_cache
def suffix_pattern(family: int) -> re.Pattern[str]:
    """Returns a pattern for names that end with the side, such as x_A; its groups are x and A."""
    return re.compile(rf"(.+)[_-]({'|'.join(FAMILIES[family])})", re.IGNORECASE | re.DOTALL)


def ends_with_side(name: str) -> bool:
    """Whether the name may be that of one half of a pair."""
    return any(suffix_pattern(family).fullmatch(name) for family in range(len(FAMILIES)))


@dataclass(frozen=True)
class Place:
    """What the names of a picture's folders state.

    `rest` are the folders that state neither split nor side, `named` those that state no split; `hits` is the
    number of side words.
    """

    split: str | None
    side: int | None
    rest: tuple[str, ...]
    named: tuple[str, ...]
    hits: int = 0


def place_folder(folders: Sequence[str], wrapping: int = 0, family: int = 0, nth: int = 0) -> Place:
    """Interprets the names of the folders above a picture, outermost first.

    The first `wrapping` of them contain all pictures: they distinguish no sides, and their split counts only
    where no other is named. The side is the word number `nth` that is in `family`.
    """
    outer = [word for word in map(str.casefold, folders[:wrapping]) if word in SPLITS]
    inner = [_read_word(folder.casefold(), family) for folder in folders[wrapping:]]
    has_split = any(split for split, _ in inner)
    split = None if has_split or not outer else SPLITS[outer[-1]]
    rest = [folder for folder in folders[:wrapping] if has_split or folder.casefold() not in SPLITS]
    named = list(rest)
    side = None
    hits = 0
    for folder, (word_split, word_side) in zip(folders[wrapping:], inner, strict=True):
        takes_split = word_split is not None and split is None
        takes_side = word_side is not None and hits == nth
        hits += word_side is not None
        split = word_split if takes_split else split
        side = word_side if takes_side else side
        rest += [] if takes_split or takes_side else [folder]
        named += [] if takes_split and word_side is None else [folder]
    return Place(split, side, tuple(rest), tuple(named), hits)


def _read_word(word: str, family: int) -> tuple[str | None, int | None]:
    """Returns split and side that a folder's name states, such as train, A or trainA."""
    sides = FAMILIES[family]
    both = _split_and_side(family).fullmatch(word)
    if both:
        return SPLITS[both["split"] or both["split2"]], sides[both["side"] or both["side2"]]
    return SPLITS.get(word), sides.get(word)


def side_word(folder: str, family: int) -> int | None:
    """Returns the side that a folder's name states: 0, 1, or None."""
    return _read_word(folder.casefold(), family)[1]


def split_and_rest(folder: str) -> tuple[str | None, str]:
    """Returns the split in a folder's name, and the rest: train_horse gives train and horse."""
    words = "|".join(SPLITS)
    match = re.fullmatch(rf"(?:({words})[ _-](.+)|(.+)[ _-]({words}))", folder, re.IGNORECASE | re.DOTALL)
    if match is None:
        return None, folder
    return SPLITS[(match[1] or match[4]).casefold()], match[2] or match[3]


def as_training(path: PurePath) -> PurePath:
    """Returns the path of a test or validation picture with `train` for its split: testA becomes trainA."""
    split_word = re.compile(rf"^({OTHER_SPLITS})|({OTHER_SPLITS})$", re.IGNORECASE)
    parts = [
        split_word.sub("train", part, count=1) if _read_word(part.casefold(), 0)[0] else part
        for part in path.parts[:-1]
    ]
    return PurePath(*parts, path.name)


def families_in(folders: set[str]) -> list[int]:
    """Returns the groups that have folders of both sides among these names; always the first group too."""
    words = {folder.casefold() for folder in folders}
    both = [
        number for number in range(len(FAMILIES)) if {0, 1} <= {_read_word(word, number)[1] for word in words}
    ]
    return both if 0 in both else [0, *both]

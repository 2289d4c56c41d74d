"""Finds which files of a folder belong together: the layout that explains most pictures, and the
files left over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pix2pix.data.names import FAMILIES, families_in
from pix2pix.data.scan import Found
from pix2pix.errors import DataError
from pix2pix.runtime.files import read_size

Layout = Literal["side by side", "two folders", "two suffixes", "photos"]
STATED: dict[str, Layout] = {
    "side-by-side": "side by side",
    "folders": "two folders",
    "suffixes": "two suffixes",
}
"""Names of the layouts in settings; `auto` finds the best one."""
MOST_TWINS = 1_000
"""Pairs of files of one name that are compared with each other; more are copies and no pairs of pictures."""


@dataclass(frozen=True)
class Match:
    """Two files that belong together by their names, or one that holds a pair or a photo."""

    a: Found
    b: Found | None = None
    name: str = ""
    """Name of the pair."""


@dataclass(frozen=True)
class Stray:
    """A file that is in no pair, with the cause and the kind of problem."""

    file: Found
    cause: str
    kind: str


@dataclass(frozen=True)
class Matches:
    """A layout, the matches that it gives, and the files left over."""

    layout: Layout
    matches: list[Match]
    strays: list[Stray]


def match_files(found: list[Found], layout: str = "auto", *, single: bool = False) -> Matches:
    """Returns the matches of the stated layout, or of the one that explains most pictures;
    `single` for photos.

    Folders and suffixes take precedence over the shape: pictures may be twice as wide as high and no pairs.
    Raises `DataError` for an unknown layout.
    """
    if layout not in ("auto", *STATED):
        raise DataError(f"layout is {layout!r}; choose one of auto, {', '.join(STATED)}.")
    if single:
        return Matches("photos", name_wholes(found), [])
    if layout == "side-by-side":
        return Matches("side by side", name_wholes(found), [])
    candidates: list[Matches] = []
    if layout in ("auto", "folders"):
        candidates += _by_folders(found)
    if layout == "suffixes" or (layout == "auto" and not _explains(candidates[0], found)):
        candidates += _by_suffixes(found)
    best = max(candidates, key=lambda candidate: len(candidate.matches))  # the first one of equals
    few = layout == "auto" and 4 * len(best.matches) < len(found)
    # The headers are read only where they decide something.
    if few and (not best.matches or sum(map(is_double, found)) > 2 * len(best.matches)):
        return Matches("side by side", name_wholes(found), [])
    return best


def _explains(matches: Matches, found: list[Found]) -> bool:
    return 2 * len(matches.matches) == len(found)


def is_double(file: Found) -> bool:
    """Whether the picture is twice as wide as high, like a side-by-side pair."""
    try:
        width, height = read_size(file.path)
    except DataError:  # is named when its match is looked at
        return False
    return width == 2 * height


def name_wholes(found: list[Found]) -> list[Match]:
    """Returns a match for each picture; the suffix is part of the name where two differ in it alone."""
    wholes = [file.whole() for file in found]
    count = Counter((file.split, file.key) for file in wholes)
    return [
        Match(file, name=file.key if count[file.split, file.key] == 1 else file.key + file.path.suffix)
        for file in wholes
    ]


def _by_folders(found: list[Found]) -> list[Matches]:
    """Returns the matches for each family of side words in folder names and each of their places, the
    usual one first."""
    parts = {part for folders in {file.folders for file in found} for part in folders}
    candidates = []
    for family in families_in(parts):
        most = max((file.hits(family) for file in found), default=0)
        for nth in range(max(1, most)):
            placed = found if (family, nth) == (0, 0) else [file.placed(family, nth) for file in found]
            candidates.append(Matches("two folders", *_by_side(placed, family)))
            if _explains(candidates[-1], found):
                return candidates
    return candidates


def _by_suffixes(found: list[Found]) -> list[Matches]:
    candidates = []
    wholes = [file.whole() for file in found]
    ends = {file.key[max(file.key.rfind("_"), file.key.rfind("-")) + 1 :].casefold() for file in wholes}
    for family, words in enumerate(FAMILIES):
        if family and {words[end] for end in ends if end in words} != {0, 1}:
            continue
        suffixed = [(file, file.by_suffix(family)) for file in wholes]
        candidates.append(
            Matches("two suffixes", *_by_side([half or file for file, half in suffixed], family))
        )
        if _explains(candidates[-1], found):
            break
    return candidates


Key = Callable[[Found], str | None]


def _by_side(found: Iterable[Found], family: int) -> tuple[list[Match], list[Stray]]:
    """Matches files of side A with those of side B of the same split and name; returns the matches
    and the strays.

    Equal names go first, then those equal but for case, then those whose suffix states the side as
    their folder does.
    """
    files = list(found)

    def without_suffix(file: Found) -> str | None:
        half = file.by_suffix(family)
        return half.key if half and half.side == file.side else None

    def any_case(file: Found) -> str | None:
        return (without_suffix(file) or file.key).casefold()

    strays = [Stray(file, _no_side(file), "stray") for file in files if file.side is None]
    rest = [file for file in files if file.side is not None]
    matches: list[Match] = []
    keys: tuple[Key, ...] = (
        lambda file: file.key,
        lambda file: file.key.casefold(),
        without_suffix,
        any_case,
    )
    for key in keys:
        if not rest:
            break
        more, rest, unclear = _match_by(rest, key)
        matches += more
        strays += unclear
    strays += [
        Stray(
            file,
            f"{file.path.name} has no partner in the other half. Add it, or take this one away.",
            "unpaired",
        )
        for file in rest
    ]
    order = {id(file): place for place, file in enumerate(files)}
    return sorted(matches, key=lambda match: order[id(match.a)]), sorted(
        strays, key=lambda stray: order[id(stray.file)]
    )


def _no_side(file: Found) -> str:
    return (
        f"{file.path.name} belongs to neither half; put it into one of the two folders, or give it a suffix."
    )


def _match_by(files: Sequence[Found], key: Key) -> tuple[list[Match], list[Found], list[Stray]]:
    """Returns the pairs by one kind of name, the files without a partner, and those with an
    ambiguous name."""
    groups: defaultdict[tuple[str | None, str], tuple[list[Found], list[Found]]] = defaultdict(
        lambda: ([], [])
    )
    for file in files:
        word = key(file)
        if word is not None and file.side is not None:
            groups[file.split, word][file.side].append(file)
    pairs = {place: sides for place, sides in groups.items() if sides[0] and sides[1]}
    alone = {place: sides for place, sides in pairs.items() if len(sides[0]) == len(sides[1]) == 1}
    matches = [Match(a, b, a.key) for (a,), (b,) in alone.values()]
    usual = Counter(
        (match.a.path.suffix.lower(), match.b.path.suffix.lower()) for match in matches if match.b
    )
    strays: list[Stray] = []
    for place, sides in pairs.items():
        if place not in alone:
            clear, unclear = _match_twins(*sides, usual=usual)
            matches += clear
            strays += unclear
    used = {id(file) for match in matches for file in (match.a, match.b)} | {
        id(stray.file) for stray in strays
    }
    return matches, [file for file in files if id(file) not in used], strays


def _match_twins(
    a_side: list[Found], b_side: list[Found], *, usual: Counter[tuple[str, str]]
) -> tuple[list[Match], list[Stray]]:
    """Matches files of one name, such as 1.jpg and 1.png: by suffixes that others pair with, else
    by equal ones."""
    chosen: list[Match] = []
    left = list(a_side)
    right = list(b_side)
    while left and right and len(left) * len(right) <= MOST_TWINS:
        ranks = [(usual[_suffix(a), _suffix(b)], _suffix(a) == _suffix(b), a, b) for a in left for b in right]
        best = max(rank[:2] for rank in ranks)
        first = [(a, b) for count, equal, a, b in ranks if (count, equal) == best]
        clear = [pair for pair in first if sum(pair[0] is a or pair[1] is b for a, b in first) == 1]
        if not any(best) or not clear:
            break
        chosen += [Match(a, b, a.key) for a, b in clear]
        used = {id(file) for pair in clear for file in pair}
        left = [a for a in left if id(a) not in used]
        right = [b for b in right if id(b) not in used]
    if len(chosen) > 1:
        chosen = [Match(match.a, match.b, match.a.key + match.a.path.suffix) for match in chosen]
    taken = chosen[0] if chosen else None
    strays = [Stray(file, _twin(file, taken, other_side=b_side), "twin") for file in left]
    return chosen, strays + [Stray(file, _twin(file, taken, other_side=a_side), "twin") for file in right]


def _suffix(file: Found) -> str:
    return file.path.suffix.lower()


def _twin(file: Found, taken: Match | None, *, other_side: list[Found]) -> str:
    name = file.path.name
    if taken and taken.b:
        kept = (taken.a if file.side == 0 else taken.b).path.name
        return f"{name} has the same name as {kept}, which is used. Rename one of them."
    others = " and ".join(each.path.name for each in other_side)
    return f"{name} may belong to {others}: the names do not tell which files are a pair. Rename one of them."

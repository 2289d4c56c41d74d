"""Seeds of all random numbers, derived from numbers and words."""

from __future__ import annotations

import hashlib


def seed_of(*numbers: int | str) -> int:
    """Returns a seed of 63 bits from integers and words, the same on every machine and in every
    version of Python.

    All randomness in training comes from here, so that it depends on (seed, rank, step) and not on
    what ran before.
    """
    text = "\x1f".join(f"{type(number).__name__}:{number}" for number in numbers)
    # Names of files need not be UTF-8: what is not comes as surrogates.
    return (
        int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        >> 1
    )

"""Mistakes that a person can mend: each message is one sentence with the numbers and the way out."""


class Pix2PixError(Exception):
    """Something that the user can put right; faces show the message alone, without a traceback."""


class ConfigError(Pix2PixError):
    """A setting is out of its bounds, or two settings do not go together."""


class DataError(Pix2PixError):
    """A folder of pictures, or one picture, is not what was asked for."""


class CheckpointError(Pix2PixError):
    """A file of weights is damaged, hostile, or of another kind."""


class RunError(Pix2PixError):
    """A run directory is in use, missing, or cannot do what was asked of it."""


class NoSpaceError(RunError):
    """The disk is full; what stood under a final name is still whole."""

"""Errors that a user can correct: each message is one sentence with the numbers and the way out."""


def is_utf8(text: str) -> bool:
    """Whether the text can be encoded as UTF-8; a file name of other bytes cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def showable(text: str) -> str:
    r"""Returns the text with what cannot be encoded as UTF-8 as \udcff, for display."""
    return text if is_utf8(text) else text.encode("utf-8", "backslashreplace").decode("utf-8")


def naming(file: str, cause: str) -> str:
    """Returns the cause as a sentence that names its file once, with its folder."""
    file = showable(file)
    cause = showable(cause)
    name = file.replace("\\", "/").rsplit("/", 1)[-1]
    if cause.startswith(f"{file} "):
        return cause
    return file + cause[len(name) :] if cause.startswith(f"{name} ") else f"{file}: {cause}"


class Pix2PixError(Exception):
    """An error that the user can correct; the message is shown alone, without a traceback."""

    def __str__(self) -> str:
        return showable(super().__str__())


class ConfigError(Pix2PixError):
    """A setting is out of its bounds, or two settings do not go together."""


class DataError(Pix2PixError):
    """A folder of pictures, or one picture, is not what was asked for."""


class CheckpointError(Pix2PixError):
    """A file of weights is damaged, hostile, or of another kind."""


class RunError(Pix2PixError):
    """A run directory is in use, missing, or cannot do what was asked of it."""


class RightsError(Pix2PixError):
    """A visitor of a public page may not do that."""


class NoSpaceError(RunError):
    """The disk is full; what stood under a final name is still whole."""


class HubError(Pix2PixError):
    """The Hugging Face Hub does not do what was asked of it: no such repository, no right to it, or
    something in between broke."""


class OfflineError(HubError):
    """The Hub cannot be reached from here; what lies on this machine works as before."""

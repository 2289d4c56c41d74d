"""Settings that never or seldom work: said before the first step, and beside the curves that they give."""

from __future__ import annotations

from collections.abc import Iterator

from pix2pix.config import TrainConfig

USUAL_RATE = 2e-4
LOWEST_RATE = 1e-5
HIGHEST_RATE = 2e-3
"""Learning rates beyond which Adam hardly moves these networks, or throws them about."""


def unusual_rates(config: TrainConfig) -> dict[str, float]:
    """Returns the learning rates of these settings that are far from the usual, by the setting's name."""
    rates = {"rate": config.rate}
    if config.has_gan() and config.discriminator_rate:
        rates["discriminator_rate"] = config.discriminator_rate
    return {name: rate for name, rate in rates.items() if not LOWEST_RATE <= rate <= HIGHEST_RATE}


def is_batch_too_large(config: TrainConfig, train_size: int) -> bool:
    """Whether a batch is larger than the whole set."""
    return 0 < train_size < config.batch


def warn_of_settings(config: TrainConfig, train_size: int) -> Iterator[str]:
    """Yields sentences about what never or seldom works on that many training examples; 0 for a number that
    is not known."""
    for name, rate in unusual_rates(config).items():
        yield describe_rate(name, rate)
    if is_batch_too_large(config, train_size):
        yield describe_batch(config, train_size)


def describe_batch(config: TrainConfig, train_size: int) -> str:
    """Returns what a batch larger than the set does, in a sentence."""
    noun = "pair" if config.method == "pix2pix" else "picture"
    return (
        f"batch is {config.batch}, and there {'is' if train_size == 1 else 'are'} {train_size} training "
        f"{noun}{'s' * (train_size != 1)}: a step takes the time of {config.batch} and shows the same ones "
        f"several times. Take at most {train_size}; 1 is usual."
    )


def describe_rate(name: str, rate: float) -> str:
    """Returns what a rate beyond the bounds does, in a sentence."""
    title = name.replace("_", " ")
    is_high = rate > HIGHEST_RATE
    effects = {
        ("rate", True): "the weights are thrown about, and the pictures often end in one flat colour",
        ("rate", False): "next to nothing is learned at it",
        ("discriminator_rate", True): "D is thrown about, or wins at once and teaches G nothing",
        ("discriminator_rate", False): "D learns next to nothing, and so teaches G nothing",
    }
    times = f"{rate / USUAL_RATE:,.0f} times" if is_high else f"1/{USUAL_RATE / rate:,.0f} of"
    return f"{title} is {rate:g}, which is {times} the usual {USUAL_RATE:g}: {effects[name, is_high]}."

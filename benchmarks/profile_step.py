"""Where the time of a training step goes: python -m benchmarks.profile_step

At the defaults (256 x 256, width 64, batch 1) on the processor, by torch's profiler: shares of the operators'
time; and the step compiled by torch.compile beside the eager one, in turns.
"""

from __future__ import annotations

import argparse
from collections import Counter

from torch.profiler import ProfilerActivity, profile

from benchmarks.timing import in_turns, table
from benchmarks.training import make_batch
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import choose_machine
from pix2pix.training.learner import Learner

GROUPS = {
    "convolutions, forward and backward": ("conv", "mkldnn"),
    "norms": ("norm",),
    "Adam, two networks": ("adam",),
    "running mean of the generator": ("lerp",),
    "copies and casts": ("copy", "clone", "contiguous", "cat"),
    "activations and dropout": ("relu", "tanh", "dropout", "bernoulli", "sigmoid"),
}


def build(compile: str) -> Learner:
    config = TrainConfig(data="-", compile=compile)
    return Learner(Pix2Pix(config, ModelConfig()), config, choose_machine(config))


def shares(learner: Learner, steps: int = 10) -> list[tuple[str, float]]:
    """Parts of the operators' own time, largest first; what is below a hundredth is left out."""
    batch = make_batch(1, learner.machine.device)
    for number in range(3):
        learner.step(number, [batch], 1.0)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for number in range(steps):
            learner.step(number, [batch], 1.0)
    spent: Counter[str] = Counter()
    for event in seen.key_averages():
        name = event.key.casefold()
        spent[
            next(
                (group for group, words in GROUPS.items() if any(word in name for word in words)), "the rest"
            )
        ] += event.self_cpu_time_total
    total = sum(spent.values())
    return [(name, time / total) for name, time in spent.most_common() if time / total >= 0.01]


def main() -> None:
    eager, compiled = build("off"), build("on")
    print("| part of a step | share |\n| --- | ---: |")
    for name, share in shares(eager):
        print(f"| {name} | {share:.0%} |")
    batch = make_batch(1, eager.machine.device)
    steps = iter(range(10**9))
    works = {
        name: lambda learner=learner: [
            float(value) for value in learner.step(next(steps), [batch], 1.0).values()
        ]
        for name, learner in (("eager", eager), ("torch.compile", compiled))
    }
    print("\n".join(("", *table(in_turns(works, 10), "eager"))))


if __name__ == "__main__":
    argparse.ArgumentParser("python -m benchmarks.profile_step", description=__doc__).parse_args()
    main()

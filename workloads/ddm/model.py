"""The network of experts and router: patches of pixels, residual convolutions, time and class by FiLM, no normalisation.

Convolutions, because on a CPU they are far faster than attention at this size (oneDNN), and small enough for two cores.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional

TIME_FEATURES = 64


@dataclass(frozen=True)
class Shape:
    """What a network is made from. `outputs` 0: an image like the input (expert); else that many logits (router)."""

    imageSize: int
    channels: int
    classes: int
    patch: int
    width: int
    blocks: int
    outputs: int = 0

    def as_dict(self):
        """As JSON for config.json."""
        return asdict(self)


class Block(nn.Module):
    """Two 3x3 convolutions around a FiLM of the condition; starts as the identity."""

    def __init__(self, width, condition):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, hidden, condition):
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        inner = self.first(functional.silu(hidden))
        return hidden + self.second(functional.silu(torch.addcmul(inner + shift, inner, scale)))


class Network(nn.Module):
    """forward(x [B, C, S, S], t [B] in [0, 1], label [B]) -> velocity [B, C, S, S], or logits [B, outputs]."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        width, pixels = shape.width, shape.channels * shape.patch**2
        condition = 4 * width
        side = shape.imageSize // shape.patch
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.label = nn.Embedding(shape.classes, condition)
        self.enter = nn.Conv2d(pixels, width, 3, padding=1)
        self.position = nn.Parameter(torch.zeros(1, width, side, side))
        self.blocks = nn.ModuleList(Block(width, condition) for _ in range(shape.blocks))
        if shape.outputs:
            self.leave = nn.Linear(width, shape.outputs)
        else:
            self.leave = nn.Conv2d(width, pixels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x, t, label):
        condition = functional.silu(self.time(time_features(t)) + self.label(label))
        hidden = self.enter(functional.pixel_unshuffle(x, self.shape.patch)) + self.position
        for block in self.blocks:
            hidden = block(hidden, condition)
        hidden = functional.silu(hidden)
        if self.shape.outputs:
            return self.leave(hidden.mean(dim=(2, 3)))
        return functional.pixel_shuffle(self.leave(hidden), self.shape.patch)


def time_features(t):
    """Sines and cosines of t in [0, 1] at geometric frequencies, [B, TIME_FEATURES]."""
    half = TIME_FEATURES // 2
    frequencies = torch.exp(torch.arange(half, device=t.device, dtype=torch.float32) * (math.log(1000.0) / half)) * math.pi / 2
    angles = t[:, None] * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def build(shape, seed):
    """A network with initial weights that depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(shape)


def count(network):
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())

"""Flow matching (arXiv 2210.02747): x_t = (1 - t) noise + t data, t from 0 (noise) to 1 (data), velocity = data - noise."""

import math

import torch

CONVENTION = {"prediction": "velocity", "schedule": "linear", "time": "0=noise,1=data"}
"""What an ensemble must agree on to add velocities; it goes into the manifest of every expert and router."""


def noised(data, noise, t):
    """x_t for times t [B]."""
    weight = t.view(-1, 1, 1, 1)
    return (1 - weight) * noise + weight * data


def draw(generator, batch, like, times="Uniform"):
    """Times [B] in [0, 1] and normal noise for a batch, from this generator alone.

    Times are stratified: one from each of B equal parts of the distribution, which lowers the variance of the gradient.
    LogitNormal puts most of them where the flow bends (arXiv 2403.03206, section 3.1).
    """
    part = torch.arange(batch, device=like.device)
    t = (part + torch.rand(batch, generator=generator, device=like.device)) / batch
    if times == "LogitNormal":
        t = torch.sigmoid(torch.erfinv(2 * t - 1) * math.sqrt(2))
    noise = torch.randn((batch, *like.shape[1:]), generator=generator, device=like.device)
    return t, noise


def loss(network, data, label, generator, times="Uniform"):
    """Mean squared error of the velocity, averaged over samples and pixels."""
    t, noise = draw(generator, len(data), data, times)
    return (network(noised(data, noise, t), t, label) - (data - noise)).square().mean()


FARTHEST = 3.0
"""Largest absolute value that a velocity may point at, for data in [-1, 1]: ordinary predictions stay below 2.5."""


@torch.no_grad()
def euler(velocity, noise, label, steps):
    """Samples from noise [B, C, S, S]: Euler steps of equal length. velocity(x, t [B], label) -> [B, C, S, S].

    A network without normalisation answers an input outside of what it has seen with one that lies farther out, and a rare
    sample would grow a hundredfold with each step. So where x + (1 - t) v, the data it points at, lies beyond FARTHEST, it
    points at FARTHEST instead; every other velocity is taken as it is.
    """
    x = noise
    for step in range(steps):
        left = 1 - step / steps
        t = torch.full((len(x),), step / steps, device=x.device)
        v = velocity(x, t, label)
        aim = x + left * v
        v = torch.where(aim.abs() > FARTHEST, (aim.clamp(-FARTHEST, FARTHEST) - x) / left, v)
        x = x + v / steps
    return x

"""Flow matching on straight lines: x_t = (1 - t) noise + t data, t from 0 (noise) to 1 (data), velocity = data - noise (arXiv 2210.02747)."""

import torch

CONVENTION = {"prediction": "velocity", "schedule": "linear", "time": "0=noise,1=data"}
"""What an ensemble must agree on to add velocities; it goes into the manifest of every expert and router."""


def noised(data, noise, t):
    """x_t for times t [B]."""
    weight = t.view(-1, 1, 1, 1)
    return (1 - weight) * noise + weight * data


def draw(generator, batch, like):
    """Time uniform in [0, 1] and normal noise for a batch, from this generator alone."""
    t = torch.rand(batch, generator=generator, device=like.device)
    noise = torch.randn((batch, *like.shape[1:]), generator=generator, device=like.device)
    return t, noise


def loss(network, data, label, generator):
    """Mean squared error of the velocity, averaged over samples and pixels."""
    t, noise = draw(generator, len(data), data)
    return (network(noised(data, noise, t), t, label) - (data - noise)).square().mean()


@torch.no_grad()
def euler(velocity, noise, label, steps):
    """Samples from noise [B, C, S, S]: Euler steps of equal length. velocity(x, t [B], label) -> [B, C, S, S]."""
    x = noise
    for step in range(steps):
        t = torch.full((len(x),), step / steps, device=x.device)
        x = x + velocity(x, t, label) / steps
    return x

"""A small classifier trained on the training data: its 64 features are where the Fréchet distance is taken."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

FEATURES = 64
BATCH = 128


class Classifier(nn.Module):
    """Three convolutions, 64 features, one logit per class."""

    def __init__(self, channels, size, classes):
        super().__init__()
        quarter = (size + 3) // 4
        self.body = nn.Sequential(
            nn.Conv2d(channels, 24, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(48 * quarter * quarter, FEATURES),
        )
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x):
        return self.head(functional.relu(self.body(x)))


def fit(images, labels, classes, steps, seed):
    """Trains on images [N, C, S, S]; the same data, seed and threads give the same classifier, whatever was trained before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(images.shape[1], images.shape[2], classes)
    network.to(images.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5 * (1 + np.cos(np.pi * step / steps)))
    generator = np.random.default_rng([seed, 7])
    for _ in range(steps):
        rows = torch.from_numpy(generator.integers(0, len(images), BATCH)).to(images.device)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(network(images[rows]), labels[rows]).backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


@torch.no_grad()
def look(network, images):
    """Features float64 [N, 64] and the class seen [N]."""
    features, seen = [], []
    for chunk in images.split(1000):
        hidden = network.body(chunk)
        features.append(hidden)
        seen.append(network.head(functional.relu(hidden)).argmax(dim=1))
    return torch.cat(features).double().cpu().numpy(), torch.cat(seen)

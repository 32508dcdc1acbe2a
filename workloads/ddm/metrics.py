"""What is measured of an ensemble: held-out loss and Fréchet distance, both by strategy."""

import numpy as np
import torch

from ddm import ensemble, flow

CHUNK = 500


def gaussian(features):
    """Mean and covariance of features [N, D]."""
    return features.mean(axis=0), np.cov(features, rowvar=False)


def frechet(first, second):
    """Fréchet distance of two Gaussians (mean, covariance): |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))."""
    (mean1, cov1), (mean2, cov2) = first, second
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov2 @ root), 0, None)).sum()
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross)


@torch.no_grad()
def heldout_loss(parts, strategies, images, labels, clusters, repeats, seed):
    """Flow-matching loss on held-out images by strategy, and for each cluster: {strategy: (loss, [loss of cluster k])}.

    Times are spread evenly over [0, 1] and noise is fixed, so that two ensembles see the same questions. The experts are
    asked once; the strategies differ only in the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    total = {strategy: torch.zeros(len(images), dtype=torch.float64) for strategy in strategies}
    for _ in range(repeats):
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        times = (
            (torch.randperm(len(images), generator=generator) + torch.rand(len(images), generator=generator)) / len(images)
        ).to(images.device)
        for start in range(0, len(images), CHUNK):
            rows = slice(start, start + CHUNK)
            x, t, label = flow.noised(images[rows], noise[rows], times[rows]), times[rows], labels[rows]
            velocities = {k: network(x, t, label) for k, network in parts.experts.items()}
            posterior = parts.posterior(x, t, label)
            for strategy in strategies:
                weight = ensemble.weights(strategy, posterior, parts.present, clusters[rows])
                mixed = ensemble.combine(weight, lambda k, chosen, known=velocities: known[k][chosen], x)
                error = (mixed - (images[rows] - noise[rows])).square().mean(dim=(1, 2, 3))
                total[strategy][rows] += error.double().cpu() / repeats
    places = clusters.cpu()
    return {
        strategy: (
            float(loss.mean()),
            [float(loss[places == k].mean()) if bool((places == k).any()) else None for k in range(parts.size)],
        )
        for strategy, loss in total.items()
    }


@torch.no_grad()
def draw(parts, strategy, labels, clusters, shape, steps, seed):
    """Samples [N, C, S, S] for labels [N]; the noise depends on the seed alone, so strategies start from the same noise."""
    noise = torch.randn((len(labels), *shape), generator=torch.Generator().manual_seed(seed)).to(labels.device)
    out = []
    for start in range(0, len(labels), CHUNK):
        rows = slice(start, start + CHUNK)
        out.append(flow.euler(parts.velocity(strategy, clusters[rows]), noise[rows], labels[rows], steps))
    return torch.cat(out)

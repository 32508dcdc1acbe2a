"""The mixing rule: posterior-weighted velocities, and the strategies that make the weights sparse.

With w_k(x, t) = p(cluster k | x_t), the sum of w_k v_k is the velocity of the whole data exactly (arXiv 2501.05450, eq. 6);
Top-k keeps the k largest weights. A missing expert gets weight zero and the rest is renormalised.
"""

import re

import torch
from atoll import ConfigurationError

ALLOWED = "Full, Top1, Top2, ... , Oracle (the true cluster), Uniform"


def parse(name, experts):
    """'Full', 'TopN', 'Oracle' or 'Uniform' as (kind, n). Top-1 is accepted for Top1."""
    match = re.fullmatch(r"Top-?(\d+)", name)
    if match:
        number = int(match.group(1))
        if 1 <= number <= experts:
            return "Top", number
        raise ConfigurationError(
            "cannot use the strategy %s: there are %d experts; allowed: Top1 to Top%d" % (name, experts, experts)
        )
    if name in ("Full", "Oracle", "Uniform"):
        return name, 0
    raise ConfigurationError("cannot use the strategy %r; allowed: %s" % (name, ALLOWED))


def weights(strategy, posterior, present, cluster=None):
    """Weights [B, K] that sum to one in each row and are zero for experts that are not present.

    posterior [B, K]: the router's probabilities; present [K] bool; cluster [B]: the true cluster, for Oracle.
    """
    kind, number = parse(strategy, posterior.shape[1])
    if kind == "Uniform":
        posterior = torch.ones_like(posterior)
    masked = posterior * present
    if kind == "Oracle":
        own = torch.nn.functional.one_hot(cluster, posterior.shape[1]).to(posterior.dtype) * present
        masked = torch.where(own.sum(dim=1, keepdim=True) > 0, own, masked)  # a missing expert's samples go by the router
    if kind == "Top":
        top = masked.topk(number, dim=1).indices
        masked = torch.zeros_like(masked).scatter(1, top, masked.gather(1, top))
    total = masked.sum(dim=1, keepdim=True)
    fallback = present.to(posterior.dtype).expand_as(masked) / present.sum()
    return torch.where(total > 0, masked / total.clamp(min=1e-300 if masked.dtype == torch.float64 else 1e-38), fallback)


def combine(weight, expert, like):
    """Sum over k of weight[:, k] * expert(k, rows), shaped like `like` [B, ...]; an expert sees only rows it has weight in.

    expert(k, rows): velocities of these rows, rows being an index tensor, or slice(None) for all.
    """
    total = torch.zeros_like(like)
    for k in range(weight.shape[1]):
        rows = weight[:, k].nonzero()[:, 0]
        if len(rows) == 0:
            continue
        everything = len(rows) == len(like)
        part = expert(k, slice(None) if everything else rows)
        factor = weight[:, k] if everything else weight[rows, k]
        part = part * factor.view(-1, *([1] * (like.dim() - 1)))
        total = total + part if everything else total.index_add(0, rows, part)
    return total

"""Two-stage k-means: fine centroids on the samples, K coarse ones on the fine (arXiv 2501.05450); balanced assignment."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

FIT_LIMIT = 20_000  # samples that features and centroids are fitted on; all samples are assigned
PCA_COMPONENTS = 50
POOLED_SIDE = 16
SLACK = 1.05  # a balanced shard holds at most this much more than an equal part


def pixel_features(images):
    """Pixels in [0, 1] as [N, D], pooled so that no side is over 16: what PCA looks at."""
    images = images if images.ndim == 4 else images[..., None]
    count, height, width, channels = images.shape
    factor = -(-max(height, width) // POOLED_SIDE)
    tall, wide = min(factor, height), min(factor, width)
    rows, columns = height // tall, width // wide
    cut = images[:, : rows * tall, : columns * wide]
    pooled = cut.reshape(count, rows, tall, columns, wide, channels).mean(axis=(2, 4), dtype=np.float64)
    return pooled.reshape(count, -1) / 255.0


def fit_pca(features, seed):
    """PCA fitted on at most FIT_LIMIT samples."""
    chosen = _subset(len(features), seed)
    components = min(PCA_COMPONENTS, features.shape[1], len(chosen))
    with threadpool_limits(1), np.errstate(invalid="ignore"):  # one thread sums in one order: the same shards in every run
        return PCA(components, svd_solver="full").fit(features[chosen])


def fit_centroids(features, fine, experts, seed):
    """K coarse centroids [K, D]: k-means on `fine` centroids weighted by their samples."""
    chosen = features[_subset(len(features), seed)]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than centroids: the caller sees empty shards
        first = KMeans(min(fine, len(chosen)), n_init=1, max_iter=50, random_state=seed).fit(chosen)
        sizes = np.bincount(first.labels_, minlength=first.n_clusters).astype(np.float64)
        return KMeans(experts, n_init=10, random_state=seed).fit(first.cluster_centers_, sample_weight=sizes).cluster_centers_


def distances(features, centroids):
    """Squared distances [N, K], column by column: no large temporary and no BLAS."""
    return np.stack([((features - centroid) ** 2).sum(axis=1) for centroid in centroids], axis=1)


def nearest(cost):
    """The nearest centroid of each sample."""
    return cost.argmin(axis=1)


def balanced(cost):
    """Nearest centroid with room, where no centroid takes more than SLACK * N / K; those with most to lose choose first."""
    count, experts = cost.shape
    room = np.full(experts, int(np.ceil(SLACK * count / experts)))
    preference = np.argsort(cost, axis=1, kind="stable")
    ordered = np.take_along_axis(cost, preference, axis=1)
    regret = ordered[:, min(1, experts - 1)] - ordered[:, 0]
    shard = np.empty(count, np.int64)
    for row in np.argsort(-regret, kind="stable"):
        for choice in preference[row]:
            if room[choice] > 0:
                room[choice] -= 1
                shard[row] = choice
                break
    return shard


def by_labels(labels, experts):
    """Shard of every distinct label {label: shard}: labels by size, each to the smallest shard so far."""
    values, counts = np.unique(labels, return_counts=True)
    sizes = np.zeros(experts, np.int64)
    table = {}
    for position in np.argsort(-counts, kind="stable"):
        shard = int(sizes.argmin())
        table[int(values[position])] = shard
        sizes[shard] += counts[position]
    return table


def _subset(count, seed):
    if count <= FIT_LIMIT:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 2]).choice(count, FIT_LIMIT, replace=False))

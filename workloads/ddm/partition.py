"""The role Partition: raw source in; K shards, a held-out set that does not depend on K, and partition.json out."""

import json

import atoll
import numpy as np

from ddm import clusters, data, grid, params
from ddm.params import Field

FIELDS = {
    "experts": Field(1, 1, 256),
    "method": Field("Clusters", choices=("Clusters", "Labels", "Random")),
    "clusters": Field({}),
    "heldOut": Field(0.1, 0.0, 0.5),
    "format": Field("Npz", choices=("Npz",)),
    "maxSkew": Field(4.0, 1.0),  # the hub's gate; here only accepted
}
CLUSTER_FIELDS = {
    "features": Field("Pca", choices=("Pca", "Column")),
    "column": Field(""),
    "fine": Field(64, 2, 65_536),
    "balance": Field(True),
    "seed": Field(0, 0, 2**31 - 1),
}


def main(spec):
    """Reads the source, cuts it and publishes the data set."""
    given = dict(spec.params)
    cluster_params = given.pop("clusters", None) or {}
    settings = params.read(given, {key: field for key, field in FIELDS.items() if key != "clusters"})
    settings.clusters = params.read(cluster_params, CLUSTER_FIELDS, "params.clusters")
    if "experts" not in given:
        settings.experts = spec.experts
    column = settings.clusters.column if settings.method == "Clusters" and settings.clusters.features == "Column" else None
    if column == "":
        raise atoll.ConfigurationError(
            "cannot use params.clusters.features = Column without params.clusters.column; name a numeric array of the Npz files"
        )
    _phase(0, "reading")
    source = data.read_source(spec.inputs("source"), column)
    _phase(1, "clustering", samples=len(source))
    training, heldout, shard, heldout_shard, extra = cut(source, settings)
    description = describe(training, heldout, shard, settings, extra)
    _phase(2, "writing")

    def save(directory):
        write(directory, training, heldout, shard, heldout_shard, description, extra)

    summary = {key: description[key] for key in ("method", "experts", "samples", "heldOut", "skew")}
    summary["shards"] = [{"index": entry["index"], "samples": entry["samples"]} for entry in description["shards"]]
    _phase(3, "publishing")
    atoll.finish(1, save, samples=len(source), metrics={"skew": description["skew"]}, partition=summary)


def _phase(step, phase, **more):
    print(phase, *("%s %s" % (count, name) for name, count in more.items()), flush=True)
    atoll.report(step=step, steps=3, phase=phase, **more)


def split(count, fraction, seed):
    """Rows of the training and of the held-out set: a function of count, fraction and seed alone, so equal for every K."""
    order = np.random.default_rng([seed, 0]).permutation(count)
    held = round(count * fraction)
    return np.sort(order[held:]), np.sort(order[:held])


def cut(source, settings):
    """Returns training and held-out samples, the shard of each, and what a reader needs to assign new samples."""
    seed, experts = settings.clusters.seed, settings.experts
    training_rows, heldout_rows = split(len(source), settings.heldOut, seed)
    training, heldout = source.take(training_rows), source.take(heldout_rows)
    if len(training) < experts:
        raise atoll.ConfigurationError(
            "cannot cut %d training samples into params.experts = %d shards; allowed: at most %d; lower experts or add data"
            % (len(training), experts, len(training))
        )
    shard, heldout_shard, extra = {"Clusters": _by_clusters, "Labels": _by_labels, "Random": _at_random}[settings.method](
        training, heldout, settings
    )
    sizes = np.bincount(shard, minlength=experts)
    if sizes.min() == 0:
        raise atoll.ConfigurationError(
            "cannot fill all %d shards: shard %d is empty, because too few samples differ; "
            "lower params.experts or set clusters.balance: true" % (experts, int(sizes.argmin()))
        )
    return training, heldout, shard, heldout_shard, extra


def _by_clusters(training, heldout, settings):
    options, experts = settings.clusters, settings.experts
    if experts == 1:
        return np.zeros(len(training), np.int64), np.zeros(len(heldout), np.int64), {}
    if not experts <= options.fine <= len(training):
        raise atoll.ConfigurationError(
            "cannot use params.clusters.fine = %d; allowed: from the number of experts, %d, to the number of training samples, %d"
            % (options.fine, experts, len(training))
        )
    if options.features == "Pca":
        pixels = clusters.pixel_features(training.images)
        pca = clusters.fit_pca(pixels, options.seed)
        features = pca.transform(pixels)
        heldout_features = (
            pca.transform(clusters.pixel_features(heldout.images)) if len(heldout) else np.zeros((0, features.shape[1]))
        )
        extra = {"components": pca.components_.astype(np.float32), "mean": pca.mean_.astype(np.float32)}
    else:
        features, heldout_features, extra = training.column, heldout.column, {}
    centroids = clusters.fit_centroids(features, options.fine, experts, options.seed)
    cost = clusters.distances(features, centroids)
    shard = clusters.balanced(cost) if options.balance else clusters.nearest(cost)
    return (
        shard,
        clusters.nearest(clusters.distances(heldout_features, centroids)),
        {**extra, "centroids": centroids.astype(np.float32)},
    )


def _by_labels(training, heldout, settings):
    distinct = len(np.unique(training.labels))
    if settings.experts > distinct:
        raise atoll.ConfigurationError(
            "cannot use params.experts = %d with method Labels: the data has %d labels; allowed: at most %d, or another method"
            % (settings.experts, distinct, distinct)
        )
    table = clusters.by_labels(training.labels, settings.experts)
    assign = np.vectorize(lambda label: table.get(int(label), 0), otypes=[np.int64])
    held = assign(heldout.labels) if len(heldout) else np.zeros(0, np.int64)
    return assign(training.labels), held, {"label_shard": np.array(sorted(table.items()), np.int64)}


def _at_random(training, heldout, settings):
    generator = np.random.default_rng([settings.clusters.seed, 1])
    shard = generator.permutation(np.arange(len(training)) % settings.experts)
    return shard, generator.integers(0, settings.experts, len(heldout)), {}


def describe(training, heldout, shard, settings, extra):
    """The content of partition.json."""
    sizes = np.bincount(shard, minlength=settings.experts)
    classes = int(max(training.labels.max(), heldout.labels.max() if len(heldout) else 0)) + 1
    return {
        "method": settings.method,
        "experts": settings.experts,
        "seed": settings.clusters.seed,
        "clusters": vars(settings.clusters) if settings.method == "Clusters" else None,
        "samples": len(training),
        "heldOut": len(heldout),
        "skew": round(float(sizes.max() / sizes.min()), 4),
        "imageShape": list(training.images.shape[1:]),
        "classes": classes,
        "captions": training.captions is not None,
        "arrays": sorted(extra),
        "shards": [
            {
                "index": index,
                "samples": int(sizes[index]),
                "labels": np.bincount(training.labels[shard == index], minlength=classes)[:256].tolist(),
            }
            for index in range(settings.experts)
        ],
    }


def write(directory, training, heldout, shard, heldout_shard, description, extra):
    """Writes the layout of a data set; the same input gives the same bytes."""
    for index in range(description["experts"]):
        target = directory / "shards" / ("%03d" % index)
        target.mkdir(parents=True)
        samples = training.take(np.flatnonzero(shard == index))
        np.savez_compressed(target / "data.npz", **samples.arrays())
        if samples.images.ndim == 3 or samples.images.shape[3] in (1, 3):
            spread = np.linspace(0, len(samples) - 1, min(64, len(samples))).astype(int)  # from all over the source
            (directory / "thumbnails").mkdir(exist_ok=True)
            grid.contact_sheet(samples.images[spread], columns=8).save(directory / "thumbnails" / ("%03d.png" % index))
    (directory / "heldout").mkdir()
    heldout.shard = heldout_shard
    np.savez_compressed(directory / "heldout" / "data.npz", **heldout.arrays())
    if extra:
        np.savez_compressed(directory / "assignment.npz", **extra)
    (directory / "partition.json").write_text(json.dumps(description, indent=1, sort_keys=True) + "\n", "utf-8")

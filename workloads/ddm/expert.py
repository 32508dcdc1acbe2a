"""The role Expert: one network trained by flow matching on one shard, alone."""

import json

import atoll
import numpy as np
import torch

from ddm import data, flow, model, params, train
from ddm.params import Field

FIELDS = {
    **train.FIELDS,
    "globalBatch": Field(256, 1, 1_000_000),
    "timeSampling": Field("LogitNormal", choices=("LogitNormal", "Uniform")),
}


def main(spec):
    """Trains expert `spec.index`; its batch is globalBatch / K, which gives all experts together the compute of one model."""
    settings = params.read(spec.params, FIELDS)
    if settings.globalBatch < spec.experts or settings.globalBatch % spec.experts:
        raise atoll.ConfigurationError(
            "cannot use params.globalBatch = %d with %d experts; allowed: a multiple of %d"
            % (settings.globalBatch, spec.experts, spec.experts)
        )
    device = train.prepare(spec)
    index = spec.index or 0
    directory = spec.inputs("dataset")
    partition = json.loads((directory / "partition.json").read_text("utf-8"))
    check_partition(partition, spec)
    shard = data.read_shard(directory / "shards" / ("%03d" % index) / "data.npz")
    images = torch.from_numpy(data.to_unit(shard.images, settings.imageSize)).to(device)
    task = train.Task(
        shape=shape_of(settings, images, partition["classes"]),
        seed=work_seed(spec.seed, index),
        batch=settings.globalBatch // spec.experts,
        images=images,
        labels=torch.from_numpy(shard.labels).to(device),
        targets=torch.zeros(len(shard), dtype=torch.int64, device=device),
        loss=lambda network, batch, labels, _targets, generator: flow.loss(
            network, batch, labels, generator, settings.timeSampling
        ),
        evaluate=lambda _network: {},
    )
    train.train(spec, task, settings, device, describe)


def check_partition(partition, spec):
    """The data set must have as many shards as the training has experts."""
    if partition["experts"] != spec.experts:
        raise atoll.ConfigurationError(
            "cannot train %d experts on a data set cut into %d shards; use a data set with partition.experts: %d"
            % (spec.experts, partition["experts"], spec.experts)
        )


def shape_of(settings, images, classes, outputs=0):
    """The network's shape from params and data; refuses a patch that does not fit."""
    if settings.imageSize % settings.patch:
        raise atoll.ConfigurationError(
            "cannot use params.patch = %d; allowed: a divisor of params.imageSize = %d" % (settings.patch, settings.imageSize)
        )
    return model.Shape(settings.imageSize, images.shape[1], classes, settings.patch, settings.width, settings.blocks, outputs)


def work_seed(seed, stream):
    """A 32-bit seed of its own for each expert (stream = index) and the router."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])


def describe(network):
    """The `model` field of the manifest: what is needed to mix this network with others."""
    return {
        **flow.CONVENTION,
        "parameters": model.count(network),
        "dtype": "float32",
        "conditioning": "class",
        **network.shape.as_dict(),
    }

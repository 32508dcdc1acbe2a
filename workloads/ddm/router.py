"""The role Router: from a noised sample, its time and class to the probability of each expert; needs shards, not experts."""

import json

import torch
from torch.nn import functional

from ddm import data, expert, flow, params, train
from ddm.params import Field

FIELDS = {
    **train.FIELDS,
    "batch": Field(128, 1, 1_000_000),
    "steps": Field(600, 1, 100_000_000),
    "learningRate": Field(0.006, 0.0, 10.0, above=True),
    "blocks": Field(1, 1, 256),
}
STREAM = 1_000_003  # the router's random stream, beside those of the experts 0 to 255
TIMES = [0.05 + 0.1 * step for step in range(10)]


def main(spec):
    """Trains the router by cross-entropy on the shard of each sample."""
    settings = params.read(spec.params, FIELDS)
    device = train.prepare(spec)
    directory = spec.inputs("dataset")
    partition = json.loads((directory / "partition.json").read_text("utf-8"))
    expert.check_partition(partition, spec)
    if spec.experts == 1:
        settings.steps = 1  # nothing to choose between: a router that is certain, for runs that ask for one
    samples = data.read_shards(directory)
    heldout = data.read_shard(directory / "heldout" / "data.npz")
    images = torch.from_numpy(data.to_unit(samples.images, settings.imageSize)).to(device)
    task = train.Task(
        shape=expert.shape_of(settings, images, partition["classes"], spec.experts),
        seed=expert.work_seed(spec.seed, STREAM),
        batch=settings.batch,
        images=images,
        labels=torch.from_numpy(samples.labels).to(device),
        targets=torch.from_numpy(samples.shard).to(device),
        loss=loss,
        evaluate=lambda network: {"accuracy": accuracy(network, heldout, settings.imageSize, device)} if len(heldout) else {},
    )
    train.train(spec, task, settings, device, expert.describe)


def loss(network, images, labels, targets, generator):
    """Cross-entropy at times uniform in [0, 1], with the same noise as the experts see."""
    t, noise = flow.draw(generator, len(images), images)
    return functional.cross_entropy(network(flow.noised(images, noise, t), t, labels), targets)


@torch.no_grad()
def accuracy(network, heldout, size, device):
    """Share of held-out samples whose shard is the most probable one, averaged over times from .05 to .95 with fixed noise."""
    images = torch.from_numpy(data.to_unit(heldout.images, size)).to(device)
    labels, shard = torch.from_numpy(heldout.labels).to(device), torch.from_numpy(heldout.shard).to(device)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(device)
    hits = 0.0
    for time in TIMES:
        t = torch.full((len(images),), time, device=device)
        hits += float((network(flow.noised(images, noise, t), t, labels).argmax(dim=1) == shard).double().mean())
    return round(hits / len(TIMES), 4)

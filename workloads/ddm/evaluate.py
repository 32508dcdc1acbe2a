"""The role Evaluate: mixes experts and router, measures by strategy, publishes ensemble.json, metrics.json and a grid."""

import json
import time

import atoll
import numpy as np
import torch

from ddm import classifier, data, ensemble, grid, metrics, params, parts, train
from ddm.params import Field

FIELDS = {
    "strategies": Field(["Full", "Top1", "Top2", "Oracle"]),
    "samples": Field(1000, 100, 1_000_000),
    "samplingSeeds": Field([11, 12, 13], 0, 2**31 - 1),
    "samplingSteps": Field(12, 1, 10_000),
    "repeats": Field(5, 1, 1000),
    "classifierSteps": Field(400, 1, 1_000_000),
    "classifierSeed": Field(0, 0, 2**31 - 1),
    "gridColumns": Field(12, 1, 64),
    "gridClasses": Field(10, 1, 100),
}
SCHEMA = "atoll.dev/ensemble/v1"


def main(spec):
    """Measures the ensemble of the experts among the inputs; a missing one is left out and the rest renormalised."""
    settings = params.read(spec.params, FIELDS)
    size = spec.experts
    strategies = usable(settings.strategies, size)
    device = train.prepare(spec)
    names = [entry["name"] for entry in spec.input_list if entry["name"].startswith("expert-") or entry["name"] == "router"]
    mixture = parts.load(size, {name: spec.inputs(name) for name in names}, device)
    directory = spec.inputs("dataset")
    partition = json.loads((directory / "partition.json").read_text("utf-8"))
    if partition["experts"] != size or partition["classes"] != mixture.config["classes"]:
        raise atoll.ConfigurationError(
            "cannot evaluate: the data set has %d shards and %d classes, the ensemble %d and %d"
            % (partition["experts"], partition["classes"], size, mixture.config["classes"])
        )
    bench = Bench(directory, mixture, settings, device)
    steps = 2 + len(strategies) * len(settings.samplingSeeds)
    progress = Progress(steps)
    bench.prepare()
    progress.advance("held-out loss")
    report = {"strategies": {}, "floor": bench.floor, "classifierAccuracy": bench.accuracy}
    losses = bench.heldout_loss(strategies)
    for strategy in strategies:
        distances, agreement = [], []
        for seed in settings.samplingSeeds:
            progress.advance("%s, seed %d" % (strategy, seed))
            distance, agree = bench.frechet(strategy, seed)
            distances.append(distance)
            agreement.append(agree)
        report["strategies"][strategy] = {
            "heldOutLoss": losses[strategy][0], "heldOutLossByShard": losses[strategy][1], "frechet": float(np.mean(distances)),
            "frechetBySeed": distances, "frechetSpread": float(np.ptp(distances)), "agreement": float(np.mean(agreement)),
        }  # fmt: skip
    report["recommended"] = recommend(report["strategies"])
    report["parameters"], report["routerParameters"] = mixture.parameters()
    report["present"] = sorted(mixture.experts)
    report["sampling"] = {
        "sampler": "Euler",
        "steps": settings.samplingSteps,
        "samples": settings.samples,
        "seeds": settings.samplingSeeds,
    }
    picture = bench.grid(report, partition)
    progress.advance("publishing")
    manifest = describe(spec, mixture, report, partition)

    def save(target):
        _write_json(target / "ensemble.json", manifest)
        _write_json(target / "metrics.json", report)
        picture.save(target / "grid.png", optimize=True)

    atoll.finish(1, save, metrics=flat(report))


def usable(strategies, size):
    """The strategies that make sense for K experts, each once; one expert has only Full."""
    if size == 1:
        return ["Full"]
    kept = []
    for name in strategies:
        kind, number = ensemble.parse(name, max(size, 2))
        canonical = "Top%d" % number if kind == "Top" else kind
        if canonical not in kept:
            kept.append(canonical)
    return kept


def recommend(strategies):
    """The strategy with the least measured distance; Oracle needs the truth and Uniform is a control, so neither is for use."""
    candidates = {name: values for name, values in strategies.items() if name not in ("Oracle", "Uniform")} or strategies
    return min(candidates, key=lambda name: candidates[name]["frechet"])


def flat(report):
    """metrics.json as the few flat numbers that go into the status: fd.top1, fd.top1.spread, val.full, ..."""
    numbers = {
        "parameters": report["parameters"],
        "parameters.router": report["routerParameters"],
        "fd.floor": round(report["floor"], 2),
    }
    for name, values in report["strategies"].items():
        key = name.lower()
        numbers["fd." + key] = round(values["frechet"], 2)
        numbers["fd.%s.spread" % key] = round(values["frechetSpread"], 2)
        numbers["val." + key] = round(values["heldOutLoss"], 5)
        numbers["agree." + key] = round(values["agreement"], 4)
    best = report["strategies"][report["recommended"]]
    numbers["fd.best"], numbers["experts"] = round(best["frechet"], 2), len(report["present"])
    return numbers


def describe(spec, mixture, report, partition):
    """ensemble.json: every part by digest, how to mix them, and the strategy measured best."""
    listed = []
    for entry in spec.input_list:
        role = "Dataset" if entry["name"] == "dataset" else "Router" if entry["name"] == "router" else "Expert"
        part = {"name": entry["name"], "role": role, "manifest": entry["manifest"], "digest": entry["digest"]}
        if role == "Expert":
            part["index"] = int(entry["name"][len("expert-") :])
        listed.append(part)
    return {
        "schema": SCHEMA,
        "experts": spec.experts,
        "missing": [k for k in range(spec.experts) if k not in mixture.experts],
        "parts": sorted(listed, key=lambda part: part["name"]),
        "mixing": {
            "rule": "posterior-weighted velocity",
            "strategy": report["recommended"],
            "missing": "weight zero, renormalised",
        },
        "model": {key: mixture.config[key] for key in parts.AGREE},
        "sampling": {"sampler": "Euler", "steps": report["sampling"]["steps"]},
        "partition": {"method": partition["method"], "classes": partition["classes"], "imageShape": partition["imageShape"]},
    }


class Bench:
    """Data, classifier and ensemble of one evaluation."""

    def __init__(self, directory, mixture, settings, device):
        self.mixture, self.settings, self.device = mixture, settings, device
        self.training = data.read_shards(directory)
        self.heldout = data.read_shard(directory / "heldout" / "data.npz")
        if len(self.heldout) < 2:
            raise atoll.ConfigurationError(
                "cannot evaluate: the data set has no held-out samples; cut it with partition.heldOut above 0"
            )
        self.size = mixture.config["imageSize"]

    def prepare(self):
        """Trains the classifier and takes the statistics of the real images."""
        training, labels = self._tensor(self.training.images), self._whole(self.training.labels)
        heldout = self._tensor(self.heldout.images)
        self.network = classifier.fit(
            training, labels, self.mixture.config["classes"], self.settings.classifierSteps, self.settings.classifierSeed
        )
        self.real = metrics.gaussian(classifier.look(self.network, training)[0])
        features, seen = classifier.look(self.network, heldout)
        self.accuracy = float((seen.cpu().numpy() == self.heldout.labels).mean())
        self.floor = metrics.frechet(metrics.gaussian(features), self.real)

    def heldout_loss(self, strategies):
        """Held-out loss by strategy."""
        images, labels, clusters = (
            self._tensor(self.heldout.images),
            self._whole(self.heldout.labels),
            self._whole(self.heldout.shard),
        )
        return metrics.heldout_loss(self.mixture, strategies, images, labels, clusters, self.settings.repeats, 0)

    def frechet(self, strategy, seed):
        """Fréchet distance of fresh samples to the training images, and how often the classifier sees the class asked for."""
        rows = np.random.default_rng([seed, 3]).integers(0, len(self.training), self.settings.samples)
        labels, clusters = self._whole(self.training.labels[rows]), self._whole(self.training.shard[rows])
        samples = metrics.draw(self.mixture, strategy, labels, clusters, self._shape(), self.settings.samplingSteps, seed)
        features, seen = classifier.look(self.network, samples)
        return metrics.frechet(metrics.gaussian(features), self.real), float((seen == labels).double().mean())

    def grid(self, report, partition):
        """Rows of classes, columns of samples, drawn with the recommended strategy."""
        strategy = report["recommended"]
        classes, columns = min(self.settings.gridClasses, partition["classes"]), self.settings.gridColumns
        labels = self._whole(np.repeat(np.arange(classes), columns))
        images = (
            metrics.draw(self.mixture, strategy, labels, torch.zeros_like(labels), self._shape(), self.settings.samplingSteps, 0)
            .cpu()
            .numpy()
        )
        rows = [(label, images[label * columns : (label + 1) * columns]) for label in range(classes)]
        measured = report["strategies"][strategy]
        count = len(report["present"])
        title = "%d experts, %s" % (count, strategy) if self.mixture.size > 1 else "one model"
        subtitle = "Fréchet distance %.1f, held-out loss %.3f, drawn in %d steps" % (
            measured["frechet"],
            measured["heldOutLoss"],
            self.settings.samplingSteps,
        )
        return grid.sample_grid(rows, title, subtitle)

    def _shape(self):
        return self.mixture.config["channels"], self.size, self.size

    def _tensor(self, images):
        return torch.from_numpy(data.to_unit(images, self.size)).to(self.device)

    def _whole(self, numbers):
        return torch.from_numpy(np.ascontiguousarray(numbers)).to(self.device)


class Progress:
    """Reports one step per thing measured."""

    def __init__(self, steps):
        self.step, self.steps, self.started = 0, steps, time.monotonic()

    def advance(self, phase):
        """One step done; `phase` is what comes next."""
        self.step += 1
        print("%5.1f s  %s" % (time.monotonic() - self.started, phase), flush=True)
        atoll.report(min(self.step, self.steps), self.steps, phase=phase)
        if atoll.should_stop():  # nothing to save: an evaluation starts again from the beginning
            raise SystemExit(143)


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n", "utf-8")

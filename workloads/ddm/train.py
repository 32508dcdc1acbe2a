"""The training loop of experts and router: deterministic, resumable to the bit, stoppable at every step."""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import atoll
import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from ddm import flow, model
from ddm.params import Field

FIELDS = {
    "steps": Field(1500, 1, 100_000_000),
    "learningRate": Field(0.01, 0.0, 10.0, above=True),
    "warmup": Field(50, 0, 1_000_000),
    "width": Field(32, 4, 4096),
    "blocks": Field(3, 1, 256),
    "patch": Field(2, 1, 64),
    "imageSize": Field(14, 2, 4096),
    "emaDecay": Field(0.995, 0.0, 0.99999999),
    "clip": Field(1.0, 0.0, above=True),
    "checkpointEvery": Field(300, 1, 100_000_000),
    "reportEvery": Field(20, 1, 1_000_000),
}


@dataclass
class Task:
    """What differs between an expert and the router."""

    shape: model.Shape
    seed: int  # of this work alone: its weights, data order and noise
    batch: int
    images: torch.Tensor
    labels: torch.Tensor
    targets: torch.Tensor  # the shard of each sample; used by the router
    loss: Callable  # (network, images, labels, targets, generator) -> scalar
    evaluate: Callable  # (network with EMA weights) -> metrics of the final


class Run:
    """Network, optimizer state and position: everything that must survive a restart."""

    def __init__(self, task, settings, device):
        self.task, self.settings, self.device = task, settings, device
        self.network = model.build(task.shape, task.seed).to(device)
        self.weights, self.gradient = _flatten(self.network)
        self.mean = torch.zeros_like(self.weights)
        self.square = torch.zeros_like(self.weights)
        self.ema = self.weights.clone()
        self.generator = torch.Generator(device=device)
        self.generator.manual_seed(task.seed)
        self.step = 0
        self._epoch = None

    def introduction(self):
        """What is about to be trained, for the first line of the log."""
        start = "resuming at" if self.step else "starting at"
        return "%s step %d of %d on %s: %d parameters, %d samples, batch %d" % (
            start,
            self.step,
            self.settings.steps,
            torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU, threads %d" % torch.get_num_threads(),
            len(self.weights),
            len(self.task.images),
            self.task.batch,
        )

    def advance(self):
        """One step; returns the loss as a tensor on the device."""
        rows = self._rows()
        images, labels, targets = self.task.images[rows], self.task.labels[rows], self.task.targets[rows]
        self.gradient.zero_()
        loss = self.task.loss(self.network, images, labels, targets, self.generator)
        loss.backward()
        with torch.no_grad():
            self._update()
        self.step += 1
        return loss.detach()

    def _update(self):
        """Clip by the norm, then Adam (.9, .99) with warm-up and cosine to zero, then the moving average."""
        settings, number = self.settings, self.step + 1
        norm = self.gradient.norm()
        self.gradient.mul_(torch.clamp(settings.clip / (norm + 1e-6), max=1.0))
        self.mean.lerp_(self.gradient, 0.1)
        self.square.mul_(0.99).addcmul_(self.gradient, self.gradient, value=0.01)
        rate = learning_rate(settings, self.step) / (1 - 0.9**number)
        self.weights.addcdiv_(self.mean, (self.square / (1 - 0.99**number)).sqrt_().add_(1e-8), value=-rate)
        self.ema.lerp_(self.weights, 1 - min(settings.emaDecay, (1 + number) / (10 + number)))

    def _rows(self):
        """The batch of this step: a function of the seed and the step alone; each epoch has an order of its own."""
        count, batch = len(self.task.images), self.task.batch
        first = self.step * batch
        rows = []
        while len(rows) < batch:
            epoch, position = divmod(first + len(rows), count)
            if self._epoch is None or self._epoch[0] != epoch:
                self._epoch = (epoch, np.random.default_rng([self.task.seed, epoch]).permutation(count))
            rows.extend(self._epoch[1][position : position + batch - len(rows)].tolist())
        return torch.tensor(rows, device=self.device)

    def save(self, directory):
        """Writes the resumable state; `config.json` guards against going on with other settings."""
        vectors = {
            "weights": self.weights,
            "mean": self.mean,
            "square": self.square,
            "ema": self.ema,
            "generator": self.generator.get_state(),
        }
        save_file({key: value.cpu().numpy() for key, value in vectors.items()}, str(directory / "state.safetensors"))
        _write_json(directory / "state.json", {"step": self.step, "device": self.device.type, "torch": torch.__version__})
        _write_json(directory / "config.json", self._config())

    def restore(self, directory):
        """Goes on from a checkpoint written by `save`."""
        config = json.loads((directory / "config.json").read_text("utf-8"))
        for key, value in self._config().items():
            if config.get(key) != value:
                raise atoll.ConfigurationError(
                    "cannot resume: %s is %s in the checkpoint and %s now; set it back, or start a new training"
                    % (key, config.get(key), value)
                )
        vectors = {key: torch.from_numpy(value) for key, value in load_file(str(directory / "state.safetensors")).items()}
        for key in ("weights", "mean", "square", "ema"):
            getattr(self, key).copy_(vectors[key])
        self.step = int(json.loads((directory / "state.json").read_text("utf-8"))["step"])
        if vectors["generator"].numel() == self.generator.get_state().numel():
            self.generator.set_state(vectors["generator"].contiguous())
        else:  # saved on another kind of device: go on with a stream of its own
            self.generator.manual_seed(self.task.seed + self.step)

    def _config(self):
        names = ("steps", "learningRate", "warmup", "emaDecay", "clip")
        settings = {name: getattr(self.settings, name) for name in names}
        return {
            **self.task.shape.as_dict(),
            **settings,
            "batch": self.task.batch,
            "seed": self.task.seed,
            "samples": len(self.task.images),
        }

    def use_average(self):
        """Puts the EMA weights into the network, for the export at the end."""
        self.weights.copy_(self.ema)
        return self.network.eval()


def learning_rate(settings, step):
    """Linear warm-up, then half a cosine down to zero."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    return settings.learningRate * warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def prepare(spec):
    """Threads, determinism and the device of this process."""
    if os.path.exists("/proc/self"):  # PyTorch aborts here without /proc
        torch.set_num_threads(spec.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(spec, task, settings, device, describe):
    """Trains to the end and publishes the EMA weights. describe(network) -> the `model` field of the manifest."""
    run = Run(task, settings, device)
    resume = spec.resume()
    if resume is not None:
        run.restore(resume)
    print(run.introduction(), flush=True)
    atoll.report(run.step, settings.steps)
    losses, since, started = [], run.step, time.monotonic()
    while run.step < settings.steps:
        losses.append(run.advance())
        if run.step % settings.reportEvery == 0 or run.step == settings.steps:
            loss = float(torch.stack(losses).mean())
            seconds = time.monotonic() - started
            atoll.report(run.step, settings.steps, loss, (run.step - since) * task.batch / max(seconds, 1e-9))
            _refuse_non_finite(loss, run)
            losses, since, started = [], run.step, time.monotonic()
            if run.step % settings.checkpointEvery == 0 or run.step == settings.steps:
                print("step %d of %d, loss %.4g" % (run.step, settings.steps, loss), flush=True)
        if atoll.should_stop() and run.step < settings.steps:
            atoll.checkpoint(run.step, run.save, run.step * task.batch)
            atoll.stop_saved()
        if run.step % settings.checkpointEvery == 0 and run.step < settings.steps:
            atoll.checkpoint(run.step, run.save, run.step * task.batch)
    network = run.use_average()
    metrics = task.evaluate(network)
    atoll.finish(
        run.step, lambda directory: export(network, directory), run.step * task.batch, metrics=metrics, model=describe(network)
    )


def export(network, directory):
    """Writes model.safetensors and config.json, what `parts.load` reads."""
    save_file(
        {key: value.detach().cpu().contiguous().numpy() for key, value in network.state_dict().items()},
        str(directory / "model.safetensors"),
    )
    _write_json(directory / "config.json", {**network.shape.as_dict(), **flow.CONVENTION})


def _refuse_non_finite(loss, run):
    if not (math.isfinite(loss) and bool(torch.isfinite(run.weights).all())):
        raise FloatingPointError(
            "cannot go on: the loss is %s at step %d; lower params.learningRate (%g) or look at the data"
            % (loss, run.step, run.settings.learningRate)
        )


def _flatten(network):
    """Moves all parameters and gradients into one vector each, so that the optimizer is a handful of operations."""
    parameters = list(network.parameters())
    weights = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
    gradient = torch.zeros_like(weights)
    place = 0
    for parameter in parameters:
        size = parameter.numel()
        parameter.data = weights[place : place + size].view_as(parameter)
        parameter.grad = gradient[place : place + size].view_as(parameter)
        place += size
    return weights, gradient


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", "utf-8")

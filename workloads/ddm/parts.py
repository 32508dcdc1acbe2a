"""Loads the parts of an ensemble, checks that they can be mixed, and gives velocities by strategy."""

import json
from dataclasses import dataclass

import torch
from atoll import ConfigurationError
from safetensors.numpy import load_file

from ddm import ensemble, flow, model

AGREE = ("prediction", "schedule", "time", "imageSize", "channels", "classes")
NEGLIGIBLE = 1e-4
SHAPE = ("imageSize", "channels", "classes", "patch", "width", "blocks", "outputs")


@dataclass
class Ensemble:
    """K places for experts, some of them perhaps empty, and the router (None when K is 1)."""

    size: int
    experts: dict[int, model.Network]
    router: model.Network | None
    config: dict

    @property
    def present(self):
        """Which experts are there, bool [K]."""
        device = next(next(iter(self.experts.values())).parameters()).device
        return torch.tensor([k in self.experts for k in range(self.size)], device=device)

    def posterior(self, x, t, label):
        """p(expert | x_t, t, class) [B, K]; certain when there is no router."""
        if self.router is None:
            return torch.ones((len(x), self.size), device=x.device)
        return self.router(x, t, label).softmax(dim=1)

    def velocity(self, strategy, cluster=None):
        """velocity(x, t, label) of the ensemble under a strategy; cluster [B] for Oracle.

        Weights below NEGLIGIBLE are dropped: for most of the way one or two experts have all the weight.
        """
        present = self.present
        blind = strategy in ("Oracle", "Uniform") and bool(present.all())  # the router has no say

        def evaluate(x, t, label):
            posterior = torch.ones((len(x), self.size), device=x.device) if blind else self.posterior(x, t, label)
            weight = ensemble.weights(strategy, posterior, present, cluster)
            weight = weight * (weight >= NEGLIGIBLE)
            weight = weight / weight.sum(dim=1, keepdim=True)
            return ensemble.combine(weight, lambda k, rows: self.experts[k](x[rows], t[rows], label[rows]), x)

        return evaluate

    def parameters(self):
        """Number of parameters of all experts, and of the router."""
        return sum(map(model.count, self.experts.values())), model.count(self.router) if self.router is not None else 0


def load(size, directories, device):
    """directories: {'expert-000': path, ..., 'router': path}; refuses parts that cannot be mixed, naming the field."""
    configs = {name: _config(path, name) for name, path in directories.items()}
    experts = {name: config for name, config in configs.items() if name.startswith("expert-")}
    if not experts:
        raise ConfigurationError("cannot build an ensemble of %d experts: no expert is among the inputs" % size)
    if size > 1 and "router" not in configs:
        raise ConfigurationError("cannot build an ensemble of %d experts without a router; add one, or use experts: 1" % size)
    check_mixable(configs)
    networks = {name: _network(path, configs[name], device) for name, path in directories.items()}
    if size > 1 and networks["router"].shape.outputs != size:
        raise ConfigurationError(
            "cannot mix: the router knows %d experts, the ensemble has %d" % (networks["router"].shape.outputs, size)
        )
    found = {int(name[len("expert-") :]): networks[name] for name in sorted(experts)}
    return Ensemble(size, found, networks.get("router") if size > 1 else None, configs[sorted(experts)[0]])


def check_mixable(configs):
    """Velocities can be added only when all parts agree on what they predict, when, and for which images and classes."""
    first_name = sorted(configs)[0]
    first = configs[first_name]
    for key, value in flow.CONVENTION.items():
        for name, config in configs.items():
            if config.get(key) != value:
                raise ConfigurationError("cannot mix %s: its %s is %r; allowed: %r" % (name, key, config.get(key), value))
    for name, config in sorted(configs.items()):
        for key in AGREE:
            if config.get(key) != first.get(key):
                raise ConfigurationError(
                    "cannot mix %s with %s: %s is %r and %r" % (name, first_name, key, config.get(key), first.get(key))
                )


def _config(directory, name):
    """config.json, overruled by the `model` field of a verified manifest."""
    try:
        config = json.loads((directory / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "cannot read config.json of %s: %s; its image did not export a model of this package" % (name, error)
        ) from error
    manifest = directory / "manifest.json"
    if manifest.is_file():
        declared = json.loads(manifest.read_text("utf-8")).get("model") or {}
        config.update({key: value for key, value in declared.items() if key in AGREE})
    return config


def _network(directory, config, device):
    network = model.Network(model.Shape(**{key: config[key] for key in SHAPE}))
    tensors = load_file(str(directory / "model.safetensors"))
    network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
    return network.to(device).eval().requires_grad_(False)

"""Draws samples from an ensemble that a person downloaded: ensemble.json and one folder per part beside it."""

import argparse
import json
import pathlib
import sys

from atoll import ConfigurationError

HELP = """The folder holds ensemble.json, as Atoll published it, and beside it the parts it names, each in a folder of that name:
expert-000/ ... and router/, with model.safetensors and config.json. ensemble.json says where in the bucket each part is."""


def main(arguments):
    """`sample FOLDER --out grid.png`."""
    parser = argparse.ArgumentParser("ddm sample", description=__doc__, epilog=HELP)
    parser.add_argument("folder", type=pathlib.Path, help="the folder with ensemble.json")
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("samples.png"), help="the PNG to write (default: samples.png)"
    )
    parser.add_argument("--strategy", help="Full, Top1, Top2, ... or Uniform (default: the one measured best)")
    parser.add_argument("--classes", default="", help="labels to draw, like 3 or 0-9 or 1,4,7 (default: the first ten)")
    parser.add_argument("--count", type=int, default=12, help="samples of each class (default: 12)")
    parser.add_argument("--steps", type=int, help="sampling steps (default: as it was measured)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise (default: 0)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    options = parser.parse_args(arguments)
    try:
        draw(options)
    except ConfigurationError as error:
        sys.exit(str(error))
    print("wrote %s" % options.out)


def draw(options):
    """Loads the parts and writes the grid."""
    import torch

    from ddm import grid, metrics, parts

    description = read_description(options.folder)
    classes = read_classes(options.classes, description["model"]["classes"])
    strategy = options.strategy or description["mixing"]["strategy"]
    if strategy == "Oracle":
        raise ConfigurationError(
            "cannot draw with Oracle: it needs the true cluster of each sample; allowed: Full, Top1, Top2, ..., Uniform"
        )
    for name in ("count", "threads"):
        if getattr(options, name) < 1:
            raise ConfigurationError("cannot use --%s %d; allowed: at least 1" % (name, getattr(options, name)))
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    mixture = parts.load(description["experts"], find_parts(options.folder, description), device)
    labels = torch.tensor([label for label in classes for _ in range(options.count)], device=device)
    model = mixture.config
    shape = (model["channels"], model["imageSize"], model["imageSize"])
    steps = options.steps or description["sampling"]["steps"]
    images = metrics.draw(mixture, strategy, labels, torch.zeros_like(labels), shape, steps, options.seed).cpu().numpy()
    rows = [(label, images[place * options.count : (place + 1) * options.count]) for place, label in enumerate(classes)]
    title = "%d experts, %s" % (len(mixture.experts), strategy) if mixture.size > 1 else "one model"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    grid.sample_grid(rows, title, "seed %d, drawn in %d steps" % (options.seed, steps)).save(options.out, optimize=True)


def read_description(folder):
    """ensemble.json of the folder."""
    try:
        return json.loads((folder / "ensemble.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "cannot read ensemble.json in %s: %s; give the folder it was downloaded to" % (folder, error)
        ) from error


def find_parts(folder, description):
    """{name: folder} of experts and router; says where in the bucket an absent one lies."""
    wanted = [part for part in description["parts"] if part["role"] in ("Expert", "Router")]
    absent = [part for part in wanted if not (folder / part["name"] / "model.safetensors").is_file()]
    if absent:
        lines = ["  %s/  <-  %s" % (part["name"], part["manifest"].rsplit("/", 1)[0] + "/") for part in absent]
        raise ConfigurationError(
            "cannot find parts of the ensemble; download these folders of the bucket into %s:\n%s" % (folder, "\n".join(lines))
        )
    return {part["name"]: folder / part["name"] for part in wanted}


def read_classes(text, count):
    """'0-3,7' as [0, 1, 2, 3, 7]; empty: the first ten."""
    if not text:
        return list(range(min(10, count)))
    chosen = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        if not first.isdigit() or (last and not last.isdigit()) or int(last or first) >= count:
            raise ConfigurationError(
                "cannot use --classes %s; allowed: labels from 0 to %d, like 3 or 0-9 or 1,4,7" % (text, count - 1)
            )
        chosen.extend(range(int(first), int(last or first) + 1))
    return chosen

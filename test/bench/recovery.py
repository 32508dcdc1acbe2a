"""A trainer that makes one step, sees its checkpoint published, and crashes."""

import json
import os
import pathlib
import time

import atoll


def main(spec):
    resumed = spec.resume()
    step = json.loads((resumed / "state.json").read_text("utf-8"))["step"] if resumed else 0
    step += 1

    def save(directory):
        (pathlib.Path(directory) / "state.json").write_text(json.dumps({"step": step}), "utf-8")

    atoll.report(step=step)
    saved = atoll.checkpoint(step, save)
    while not (saved / "published.json").is_file():
        time.sleep(0.05)
    os._exit(1)


atoll.run(main)

"""A trainer that learns nothing and costs nothing: it counts steps at a given pace, and saves and resumes as the contract says."""

import json
import pathlib
import time

import atoll


def main(spec):
    steps, pace, every = (spec.params[name] for name in ("steps", "pace", "checkpointEvery"))
    if spec.params.get("refusesPlacement") == spec.placement:
        atoll.fail_configuration(f"params.refusesPlacement is {spec.placement}, which is this placement: retry the work, and it is another")
    if spec.attempt >= spec.params.get("hurriesFromAttempt", spec.attempt + 1):
        pace, every = pace / 20, steps
    resumed = spec.resume()
    step = json.loads((resumed / "state.json").read_text("utf-8"))["step"] if resumed else 0
    print("starts at step", step, flush=True)

    def save(directory):
        (pathlib.Path(directory) / "state.json").write_text(json.dumps({"index": spec.index, "step": step}), "utf-8")

    while step < steps:
        time.sleep(pace)
        step += 1
        atoll.report(step=step, steps=steps, loss=1 / step)
        if atoll.should_stop():
            atoll.checkpoint(step, save)
            atoll.stop_saved()
        if step % every == 0 and step < steps:
            atoll.checkpoint(step, save)
    atoll.finish(step, save)


atoll.run(main)

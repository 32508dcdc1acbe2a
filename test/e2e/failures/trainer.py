"""A trainer that counts steps, saves and resumes as the contract says, and fails at the step and in the way that its params ask for."""

import json
import pathlib
import sys
import time

import atoll

_MEBIBYTE = 1 << 20


def _configuration(_step):
    atoll.fail_configuration("cannot use params.width 7: it must be a multiple of 8; set it to 8 or 16")


def _crash(step):
    raise ValueError("cannot take step %d: sample 4711 has no label" % step)


def _licence(_step):
    print("cannot start: the licence server has no seat left", file=sys.stderr, flush=True)
    sys.exit(9)


def _memory(_step):
    held = []
    while True:
        held.append(b"\1" * (8 * _MEBIBYTE))


def _disk(_step):
    with open("/dev/shm/scratch", "wb") as file:
        while True:
            file.write(b"\1" * _MEBIBYTE)


def _hang(_step):
    time.sleep(3600)


def _scratch(_step):
    with open("/tmp/scratch", "wb") as file:
        file.write(b"\1" * (64 * _MEBIBYTE))
    time.sleep(3600)


def _xid(_step):
    print("NVRM: Xid (PCI:0000:cb:00): 79, pid=77, name=python3, GPU has fallen off the bus.", flush=True)
    raise RuntimeError("CUDA error: unknown error")


_FAULTS = {
    "configuration": _configuration,
    "crash": _crash,
    "disk": _disk,
    "hang": _hang,
    "licence": _licence,
    "memory": _memory,
    "scratch": _scratch,
    "xid": _xid,
}


def main(spec):
    steps, pace, every = (spec.params[name] for name in ("steps", "pace", "checkpointEvery"))
    fault = spec.params.get("fault", {"attempts": []})
    faulty = spec.attempt in fault.get("attempts", [spec.attempt])
    resumed = spec.resume()
    step = json.loads((resumed / "state.json").read_text("utf-8"))["step"] if resumed else 0
    print("attempt", spec.attempt, "starts at step", step, flush=True)

    def save(directory):
        (pathlib.Path(directory) / "state.json").write_text(json.dumps({"step": step}), "utf-8")

    while step < steps:
        time.sleep(pace)
        step += 1
        bad = faulty and step >= fault["at"]
        if bad and fault["how"] in _FAULTS:
            _FAULTS[fault["how"]](step)
        atoll.report(step=step, steps=steps, loss=float("nan") if bad else 1 / step)
        if atoll.should_stop():
            atoll.checkpoint(step, save)
            atoll.stop_saved()
        if step % every == 0 and step < steps:
            atoll.checkpoint(step, save)
    atoll.finish(step, save, wait=spec.params.get("waits", True))


atoll.run(main)

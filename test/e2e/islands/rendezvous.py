"""A gang whose members really meet: rank 0 listens under the name that all are told, every other rank calls it and is answered."""

import os
import socket
import time

import atoll

PORT = int(os.environ["MASTER_PORT"])


def call():
    for _ in range(600):
        try:
            with socket.create_connection((os.environ["MASTER_ADDR"], PORT), timeout=5) as connection:
                return connection.recv(64)
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("rank 0 did not answer at " + os.environ["MASTER_ADDR"])


def main(spec):
    rank, nodes = int(os.environ["PET_NODE_RANK"]), int(os.environ["PET_NNODES"])
    if rank != 0:
        print("answered by rank 0:", call().decode(), flush=True)
        return
    with socket.create_server(("", PORT)) as server:
        for _ in range(nodes - 1):
            with server.accept()[0] as connection:
                connection.sendall(b"hello from %d" % rank)
    atoll.report(step=1, steps=1, loss=0.5)
    atoll.finish(1, lambda directory: (directory / "met.txt").write_text(str(nodes), "utf-8"))


atoll.run(main)

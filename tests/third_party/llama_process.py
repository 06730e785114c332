"""llama.cpp's own server with one GGUF file, until it is killed; it prints its URL."""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Serve the file that the command line names."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = sys.argv[1]
    parameters.n_parallel = 1
    parameters.n_ctx = 2048
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1  # more wait for each other
    parameters.swa_full = True  # without it a prefix is not found again by Gemma
    parameters.warmup = False
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()

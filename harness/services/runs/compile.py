"""Compiling a signed protocol into what the sandbox enforces: plain frozen data."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from evals import wire
from evals.manifest import Manifest
from harness.documents import canonical, protocol_run, suite_rows
from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.records import parties
from sandbox.spec import (
    Budget,
    Exact,
    Limits,
    ModelEndpoint,
    ModelGrant,
    Price,
    Range,
    ScoreField,
    ScoreSchema,
    Stage,
)

MIB: Final = 1024 * 1024
_OF_THE_START: Final = ("not_before", "not_after", "checkpoint_digest")


def score_schema(manifest: Manifest, epochs: int) -> ScoreSchema:
    """The only rows that may leave the container."""
    return ScoreSchema(
        sample_ids=tuple(sample.id for sample in manifest.samples),
        epochs=epochs,
        fields=tuple(ScoreField(metric.id, metric.lo, metric.hi) for metric in manifest.metrics),
    )


def grant(
    protocol: Protocol,
    digest: str,
    manifest: Manifest,
    model: parties.Model,
    *,
    run: str,
    run_start_index: int,
    checkpoint: str,
    not_before: float,
    not_after: float,
) -> ModelGrant:
    """What the gateway enforces. `checkpoint` is the note that covers the logged run-start."""
    budget = protocol.budget
    end = instant(budget.window.end).timestamp()
    return ModelGrant(
        protocol_digest=digest,
        run=run,
        run_start_index=run_start_index,
        checkpoint_digest=canonical.digest(checkpoint.encode()),
        endpoints=tuple(
            ModelEndpoint(role, model.base_url, model.upstream, protocol.system.api)
            for role in protocol.harness.roles
        ),
        parameters={name: _parameter(value) for name, value in protocol.harness.parameters.items()},
        budget=Budget(
            requests=budget.requests,
            tokens_in=budget.tokens_in,
            tokens_out=budget.tokens_out,
            cost_microusd=budget.cost_microusd,
            concurrency=budget.concurrency,
        ),
        price=Price(budget.price.in_microusd_per_mtok, budget.price.out_microusd_per_mtok),
        request_timeout_s=protocol.harness.request_timeout_s,
        retries=protocol.harness.retries,
        not_before=max(not_before, instant(budget.window.start).timestamp()),
        not_after=min(not_after, end),
        score_schema=score_schema(manifest, protocol.harness.epochs),
    )


def grant_digest(value: ModelGrant) -> str:
    """Digest of everything in a grant, with times as whole seconds: for the withheld receipt."""
    fields = asdict(value)
    for name in _OF_THE_START:
        if isinstance(fields[name], float):
            fields[name] = int(fields[name])
    return canonical.digest(canonical.dumps(_listed(fields)))


def agreed_digest(value: ModelGrant) -> str:
    """Digest that binds a report to what the grant enforced.

    It leaves out what depends on when the run was started. Whoever knows the rest could try all
    seconds, and learn how long runs before it on this host had taken.
    """
    fields = {name: item for name, item in asdict(value).items() if name not in _OF_THE_START}
    return canonical.digest(canonical.dumps(_listed(fields)))


def limits(protocol: Protocol) -> Limits:
    """What the kernel enforces on each container of a run."""
    agreed = protocol.harness.limits
    usual = Limits()
    return Limits(
        memory_bytes=agreed.memory_mib * MIB,
        cpus=float(agreed.cpus),
        pids=agreed.processes,
        tmpfs_bytes=agreed.scratch_mib * MIB,
        shm_bytes=agreed.shm_mib * MIB,
        # More room is for larger files too.
        fsize_bytes=max(usual.fsize_bytes, agreed.scratch_mib * MIB),
        cpu_seconds=agreed.cpu_seconds,
    )


def stages(
    protocol: Protocol, manifest: Manifest, run: str, files: Mapping[str, bytes]
) -> tuple[Stage, ...]:
    """What each container of a run is given.

    The answer keys lie only where nothing leads to the model, unless the protocol says joined.
    """
    if protocol.harness.phases == wire.JOINED:
        return (Stage(wire.JOINED, _run_file(protocol, manifest, run, wire.JOINED), files),)
    asked = suite_rows.without_answers(manifest, files)
    return (
        Stage(wire.GENERATE, _run_file(protocol, manifest, run, wire.GENERATE), asked),
        Stage(wire.SCORE, _run_file(protocol, manifest, run, wire.SCORE), files),
    )


def _run_file(protocol: Protocol, manifest: Manifest, run: str, phase: str) -> bytes:
    """What the guest reads first. The order of samples is a fresh secret of each container."""
    return wire.encode_run_file(
        wire.RunFile(
            run=run,
            phase=phase,
            concurrency=protocol.budget.concurrency,
            epochs=protocol.harness.epochs,
            order_seed=secrets.token_hex(16),
            roles=tuple(protocol.harness.roles),
            parameters=dict(manifest.generation),
            time_limit_s=protocol.budget.run_wall_clock_s,
        )
    )


def _parameter(value: protocol_run.Exact | protocol_run.Range) -> Exact | Range:
    if isinstance(value, protocol_run.Range):
        return Range(value.min, value.max, value.default)
    return Exact(value.exact)


def _listed(value: object) -> object:
    """The same value with tuples as lists, as canonical JSON knows them."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_listed(item) for item in value]
    return value

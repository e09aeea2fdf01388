"""Names of the labels on our containers and images."""

from dataclasses import dataclass

from sandbox.spec import ContainerSpec

RUN = "org.assay.run"
ATTEMPT = "org.assay.attempt"
DEADLINE = "org.assay.deadline"
OWNER = "org.assay.owner"
SPEC = "org.assay.spec"
OF_CONTAINERS = (RUN, ATTEMPT, DEADLINE, OWNER, SPEC)

SOURCE = "org.assay.source"
WIRE = "org.assay.wire"
BASE = "org.assay.base"
PACKAGES = "org.assay.packages"
FLAVOUR = "org.assay.flavour"
LOCK = "org.assay.lock"
DEPENDENCIES = "org.assay.dependencies"
WHEELS = "org.assay.wheels"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose container it is. `deadline` in whole seconds since the Unix epoch."""

    run: str
    attempt: int
    owner: str
    deadline: int


def of_spec(spec: ContainerSpec) -> dict[str, str]:
    """Labels by which a container is found again, without the spec's digest."""
    return {
        RUN: spec.run,
        ATTEMPT: str(spec.attempt),
        DEADLINE: str(int(spec.deadline)),
        OWNER: spec.owner,
    }


def identity(labels: dict[str, str]) -> Identity | None:
    """Read the labels back; None when one is missing or malformed (then it is not ours)."""
    try:
        return Identity(
            run=labels[RUN],
            attempt=int(labels[ATTEMPT]),
            owner=labels[OWNER],
            deadline=int(labels[DEADLINE]),
        )
    except (KeyError, ValueError):
        return None

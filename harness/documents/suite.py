"""What an auditor signs about a suite: facts of its manifest that anyone may know."""

from evals.manifest import Manifest


def submission(manifest: Manifest, *, organisation: str, contact: str) -> dict[str, object]:
    """Fields of a `suite-submission` statement; its subject is the archive's digest.

    No prompt, target or sample id is among them.
    """
    return {
        "organisation": organisation,
        "id": manifest.id,
        "version": manifest.version,
        "samples": len(manifest.samples),
        "metrics": [
            {"id": metric.id, "lo": metric.lo, "hi": metric.hi, "labels": list(metric.labels)}
            for metric in manifest.metrics
        ],
        "contact": contact,
    }


def group_sizes(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Count samples by dimension and label, as a protocol's `suite.groups` says it."""
    sizes: dict[str, dict[str, int]] = {}
    for sample in manifest.samples:
        for dimension, label in sample.groups.items():
            labels = sizes.setdefault(dimension, {})
            labels[label] = labels.get(label, 0) + 1
    return sizes

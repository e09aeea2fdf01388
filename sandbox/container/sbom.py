"""What is in an image as a software bill of materials: CycloneDX 1.6, JSON. Pure.

Equal images give equal bytes: nothing in it depends on when or where it was written. Names in
the form of package URLs (purl), "purl-types": deb and pypi.
"""

import uuid
from typing import Any
from urllib.parse import quote

from sandbox.container import base
from sandbox.container.images import ImageRecord

MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.6"


def document(image: ImageRecord) -> dict[str, Any]:
    """List the image, Debian's packages in it, and its locked wheels with their hashes."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image.id)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": image.id,
                "name": f"assay-{image.flavour}",
                "version": image.id,
                "properties": [
                    {"name": "org.assay.source", "value": image.built_from},
                    {"name": "org.assay.base-layer", "value": image.base_digest},
                ],
            }
        },
        "components": [
            *(_package(name, image.packages[name]) for name in sorted(image.packages)),
            *(_wheel(name, image.wheels[name]) for name in sorted(image.wheels)),
        ],
    }


def _package(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:deb/debian/{_escaped(name)}@{_escaped(version)}?distro={base.RELEASE}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _wheel(name: str, locked: str) -> dict[str, Any]:
    version, _, sha256 = locked.partition(" ")
    purl = f"pkg:pypi/{_escaped(name)}@{_escaped(version)}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "purl": purl,
    }


def _escaped(text: str) -> str:
    return quote(text, safe=":")

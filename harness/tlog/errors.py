"""Why something of the log does not hold; every message is constant, or names a field.

TlogError
├── ReadError         bytes are not in the form they must have
├── ProofError        a Merkle proof does not show what it should
├── CheckpointError   a checkpoint is malformed or not signed by the log
├── PublicKeyError    bytes are not a key that Assay uses
├── SignatureError    a signature does not verify
└── CheckError        well-formed pieces of a bundle contradict each other

Text from a bundle never enters one: a bundle may come from anybody.
"""


class TlogError(ValueError):
    """Base of all."""


class ReadError(TlogError):
    """Bytes are not in the form they must have."""


class ProofError(TlogError):
    """A Merkle proof does not show what it should."""


class CheckpointError(TlogError):
    """A checkpoint is malformed or not signed by the log."""


class PublicKeyError(TlogError):
    """Bytes are not a key that Assay uses."""


class SignatureError(TlogError):
    """A signature does not verify."""


class CheckError(TlogError):
    """Well-formed pieces of a bundle contradict each other."""

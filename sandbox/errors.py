"""Faults of a sandboxed run, told apart by who caused them.

    SandboxError
    ├── GuestFault      the suite's code broke a rule of the wall
    ├── VendorFault     the model's endpoint failed beyond its retries
    └── PlatformFault   Assay or the engine failed
        ├── EngineUnavailable   the container engine does not answer
        ├── ControlMissing      a control of the run spec is not in force
        └── ImageRefused        an image breaks admission

Each carries a constant code. Text that a guest or a vendor chose never enters one.
"""


class SandboxError(Exception):
    """A run could not go on. `code` is one of a closed vocabulary."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class GuestFault(SandboxError):
    """The suite's code broke a rule of the wall."""


class VendorFault(SandboxError):
    """The model's endpoint failed beyond the agreed retries."""


class PlatformFault(SandboxError):
    """Assay itself or the container engine failed."""


class EngineUnavailable(PlatformFault):
    """The container engine does not answer."""


class ControlMissing(PlatformFault):
    """A control that the run spec asks for is not in force."""


class ImageRefused(PlatformFault):
    """An image breaks admission. `problems` lists every reason."""

    def __init__(self, problems: tuple[str, ...], code: str = "image_refused") -> None:
        super().__init__(code, "image refused: " + "; ".join(problems))
        self.problems = problems

"""Vendor credentials at rest: encrypted with a key that the database does not hold."""

from cryptography.fernet import Fernet, InvalidToken

from harness.errors import IntegrityError


class Vault:
    """Fernet (AES-128-CBC with HMAC-SHA256). Write-only for people; opened for a gateway."""

    __slots__ = ("_box",)

    def __init__(self, key: bytes) -> None:
        self._box = Fernet(key)

    def close(self, secret: str) -> bytes:
        """Encrypt a credential."""
        return self._box.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt a credential. Raises IntegrityError when it was not made with this key."""
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken:
            raise IntegrityError("a stored credential does not open with this vault key") from None


def new_key() -> bytes:
    """A fresh vault key."""
    return Fernet.generate_key()

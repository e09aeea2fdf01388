"""Secrets that people and programs carry: 256 random bits, of which only a digest is kept."""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """A fresh secret, safe in a URL, a header and a cookie."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret: SHA-256, 64 hexadecimal digits.

    The secret has 256 random bits, so nothing slower is needed, and finding a row by its digest
    tells a timer nothing about the secret.
    """
    return hashlib.sha256(secret.encode()).hexdigest()

"""Reproducible random numbers, for IDs, obfuscation and jitter."""

from __future__ import annotations

HEX = "0123456789abcdef"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class SeededRandom:
    """A seeded generator of random numbers. Not for secrets.

    It gives the same numbers in every Python version; the standard library promises that for
    `random.random()` alone, and its import costs 4 ms.
    """

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """Return the next integer from 0 up to, but not including, `limit` (at most 32768)."""
        # The linear congruential generator of C's rand(); only its high bits are random enough.
        self._state = (self._state * 1103515245 + 12345) % 2**31
        return (self._state >> 16) * limit >> 15

    def between(self, low: float, high: float) -> float:
        """Return the next number from `low` to `high`."""
        return low + (high - low) * self.below(1000) / 999

    def identifier(self, length: int, alphabet: str = ALPHABET) -> str:
        """Return the next `length` characters of an ID as servers generate them."""
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(length))

"""A source of variety that is the same everywhere: ids, obfuscation, jitter."""

from __future__ import annotations

HEX = "0123456789abcdef"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class SeededRandom:
    """A seeded source of variety, the same in every Python version (`random` promises that
    for `random()` alone, and costs 4 ms to import). Not for secrets."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """The next number from 0 up to, not including, `limit` (at most 32768)."""
        # The linear congruential generator of C's rand(): its high bits are the good ones.
        self._state = (self._state * 1103515245 + 12345) % 2**31
        return (self._state >> 16) * limit >> 15

    def between(self, low: float, high: float) -> float:
        """The next number from `low` to `high`."""
        return low + (high - low) * self.below(1000) / 999

    def identifier(self, length: int, alphabet: str = ALPHABET) -> str:
        """The next `length` characters, as servers make up ids."""
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(length))

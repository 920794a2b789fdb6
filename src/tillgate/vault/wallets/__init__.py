"""Wallets: the formats in which devices send cards, verified and decrypted."""

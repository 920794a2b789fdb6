"""The core decides: from records, a command and the time it makes decisions, without I/O, clock, randomness or floats."""

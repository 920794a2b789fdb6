"""The core decides: it makes decisions of records, a command and the time, without I/O, clock, randomness or floats."""

"""The store remembers: the only SQL, on SQLite or PostgreSQL."""

"""The mechanics of HTTP that every surface shares."""

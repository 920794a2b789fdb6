"""The pages speak to people, rendered on the server."""

"""The v1 surface speaks Tillgate's own API."""

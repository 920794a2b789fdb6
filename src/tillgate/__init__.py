"""Tillgate is a self-hosted payment gateway: one money core, many wires, two databases, any processor."""

__version__ = "0.1.0"

"""The surface of checkouts: applications, client tokens, checkouts that a page takes payment for, instructions."""

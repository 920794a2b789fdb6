"""OAuth 2 for programs: tokens got, taken back and looked at, and what the server says of itself (checkout.md)."""

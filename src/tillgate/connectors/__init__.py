"""The connectors speak to banks: they write a request and read a reply, and never open a socket."""

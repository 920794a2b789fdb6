"""The sandbox bank: a party of its own inside the process, with its own books and faults on demand."""

"""Transport: the one way out, to banks that were configured and to addresses that merchants gave."""

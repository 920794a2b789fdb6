"""The history of the schema: what each release changes, in expand, backfill, contract order."""

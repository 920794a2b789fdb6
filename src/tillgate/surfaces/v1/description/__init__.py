"""The description of the API, made from its operations: as OpenAPI for programs, as pages for people."""

"""The vault hides card data and secrets, each sealed in one kind of envelope."""

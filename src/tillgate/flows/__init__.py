"""The flows carry out what a merchant asks: load, ask the core, commit; nothing above them commits."""

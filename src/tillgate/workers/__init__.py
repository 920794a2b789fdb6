"""Workers keep time: what happens by itself, and how often it is looked for."""

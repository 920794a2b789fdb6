"""The surfaces speak to programs: thin translators of one core, none of which knows another."""

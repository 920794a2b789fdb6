"""The API of `atarapay.txt`: money that is held for a seller until its buyer accepts what was bought."""

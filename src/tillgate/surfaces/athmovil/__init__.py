"""The API of `ath_movil.txt`: payments that a customer confirms on the phone."""

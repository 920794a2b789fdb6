"""What the fields mean that tell of money that arrives by itself."""

from typing import Final

OF_TRANSFERS: Final = {
    "BankTransfer.amount": "What arrived, in the smallest unit of the currency.",
    "BankTransfer.amount_held": "What is held of it until the payment is paid in full.",
    "BankTransfer.amount_kept": "What is yours of it.",
    "BankTransfer.amount_returning": "What is on its way back to whoever sent it.",
    "BankTransfer.amount_unmatched": "What waits for a person, who says what it is for or sends it back.",
    "BankTransfer.bank_reference": "The bank's own reference: under it, money arrives once.",
    "BankTransfer.id": "Its id; null while it is pending, for then nothing has arrived.",
    "BankTransfer.payment": "The payment that it is for, by id, where that is known.",
    "BankTransfer.result": "`booked` for a payment, `unmatched`, `reversed`, `known` (nothing changed) or `pending`.",
    "BankTransfer.unmatched_reason": "Why a person has to look at it.",
    "BankTransferParameters.bank_reference": "The bank's own reference; a new one without. Told twice it arrives once.",
    "BankTransferParameters.booked_at": "When the bank booked it, in seconds since 1970 (UTC); now without.",
    "BankTransferParameters.debtor_iban": "The account of whoever sends it. Without, nothing can go back by itself.",
    "BankTransferParameters.debtor_name": "Who sends it.",
    "BankTransferParameters.payment": "The payment that it is for, by id: its reference is quoted. Any words do as "
    "well, in `remittance_information`.",
    "BankTransferParameters.remittance_information": "What whoever sends it wrote.",
    "BankTransferParameters.reverses": "The bank reference of what the bank takes back with this.",
    "BankTransferParameters.status": "`booked`, or `pending`: it is on its way, and has not arrived.",
}

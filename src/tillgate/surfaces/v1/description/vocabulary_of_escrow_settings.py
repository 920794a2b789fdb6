"""What the fields mean that tell of money that is held for sellers."""

from typing import Final

_DAYS: Final = {
    "decision": "From when a dispute began until its buyer is refunded, where the manager decides nothing.",
    "delivery": "From the promised day until an order that nobody has delivered is given back to its buyer.",
    "dispute": "From when a dispute began until it is before the manager.",
    "inspection": "From a rejection until it is confirmed, where the seller says nothing.",
    "response": "From delivery until an order is accepted, where the buyer says nothing.",
    "second_delivery": "From when a second delivery was agreed on until the buyer is given the money back.",
}

OF_ESCROW_SETTINGS: Final = {
    **{f"EscrowDays.{name}": text for name, text in _DAYS.items()},
    **{f"EscrowDaysParameters.{name}": text for name, text in _DAYS.items()},
    "EscrowFee.basis_points": "A part of what is the seller's, in hundredths of a percent.",
    "EscrowFee.maximum_amounts": "By currency, the most that it comes to, in the smallest unit.",
    "EscrowFee.minimum_amounts": "By currency, the least that it comes to, in the smallest unit.",
    "EscrowSettings.callback_url": "Where you are notified of orders, in the escrow API's form.",
    "EscrowSettings.commission_means": "Whose share a commission is: the service provider's, or the seller's.",
    "EscrowSettings.days": "After how many days what happens by itself does.",
    "EscrowSettings.escrow_fee": "What holding the money of an order costs.",
    "EscrowSettings.exchange_rates": 'What one of the first currency costs of the second: `{"USDNGN": "1550.25"}`.',
    "EscrowSettings.notification_format": "Whether notifications are `multipart`, in parts of a form, or `json`.",
    "EscrowSettings.notification_secret": "What signs for a new address (Standard Webhooks). It is shown this once.",
    "EscrowSettings.provider_fees": "By currency, what a payout to a service provider costs, in the smallest unit.",
    "EscrowSettingsParameters.callback_url": "Where you are to be notified of orders; null or nothing for nowhere.",
    "EscrowSettingsParameters.commission_means": "Whose share a commission is: a service provider's, or the seller's.",
    "EscrowSettingsParameters.days": "After how many days what happens by itself does; what is left out stays.",
    "EscrowSettingsParameters.exchange_rates": 'All of your rates: `{"USDNGN": "1550.25"}`; test mode has others.',
    "EscrowSettingsParameters.notification_format": "`multipart`, in parts of a form, or `json`.",
}

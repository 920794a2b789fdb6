"""What the fields mean that tell of checkout sessions and payment links."""

from typing import Final

_LINES: Final = "What is sold, line by line, all in one currency. It takes the place of `amount`."
_NAME: Final = "What it is called, as payers read it."

OF_CHECKOUTS: Final = {
    "CheckoutSession.amount_subtotal": "What the lines cost together.",
    "CheckoutSession.amount_total": "What is to be paid, in the smallest unit of the currency.",
    "CheckoutSession.cancel_url": "Where who gives up goes.",
    "CheckoutSession.client_reference_id": "Your own name for what is paid, such as an order's.",
    "CheckoutSession.customer_details": "What is known of who pays.",
    "CheckoutSession.customer_email": "The e-mail address that you gave.",
    "CheckoutSession.expires_at": "Until when it can be paid, in seconds since 1970.",
    "CheckoutSession.line_items": "What is sold, line by line; always here, whether you expand it or not.",
    "CheckoutSession.locale": "The language of the page; that of the payer's browser where it is null.",
    "CheckoutSession.metadata": "Your own names and values for the session; the payment has its own.",
    "CheckoutSession.mode": "Always `payment`.",
    "CheckoutSession.payment_link": "The payment link that it came by, by id.",
    "CheckoutSession.payment_method_types": "What may pay: `card`, `phone_wallet`, `bank_transfer`.",
    "CheckoutSession.payment_status": "`paid` once all of it has come, whatever is given back later; `unpaid` before.",
    "CheckoutSession.status": "`open` while it can be paid, `complete` once it is, `expired` where it never will be.",
    "CheckoutSession.success_url": "Where who has paid goes.",
    "CheckoutSession.ui_mode": "Always `hosted`: it is paid on a page of ours.",
    "CheckoutSession.url": "The page on which it is paid: send the payer's browser there. Null once that is over.",
    "CheckoutSessionParameters.amount": "What is to be paid, in the smallest unit; not with `line_items`.",
    "CheckoutSessionParameters.cancel_url": "Where who gives up goes: https, or http on localhost.",
    "CheckoutSessionParameters.client_reference_id": "Your own name for what is paid, such as an order's.",
    "CheckoutSessionParameters.currency": "Three-letter ISO 4217 code, in either case; needed without `line_items`.",
    "CheckoutSessionParameters.customer_email": "The payer's e-mail address, where there is no `customer`.",
    "CheckoutSessionParameters.description": "What payers read of what they pay for; the names of the lines without.",
    "CheckoutSessionParameters.expires_at": "Until when it can be paid, in seconds since 1970; a day without.",
    "CheckoutSessionParameters.line_items": _LINES,
    "CheckoutSessionParameters.locale": "The language of the page, such as `es`; `auto` is the browser's.",
    "CheckoutSessionParameters.metadata": "Your own names and values for the session: up to 50, names to 40 "
    "characters, values to 500.",
    "CheckoutSessionParameters.mode": "`payment`.",
    "CheckoutSessionParameters.payment_intent_data": "What the payment is to have of its own.",
    "CheckoutSessionParameters.payment_method_types": "What may pay; whatever can be offered without. Cards of Apple "
    "Pay and Google Pay are cards.",
    "CheckoutSessionParameters.success_url": "Where who has paid goes: https, or http on localhost. "
    "`{CHECKOUT_SESSION_ID}` in it becomes the session's id.",
    "CheckoutSessionParameters.ui_mode": "`hosted`: it is paid on a page of ours.",
    "CheckoutSessionsParameters.payment_intent": "Only that of this payment intent.",
    "CheckoutSessionsParameters.payment_link": "Only those that came by this payment link.",
    "LineItem.amount_subtotal": "What the line costs.",
    "LineItem.amount_total": "What the line costs.",
    "LineItem.description": _NAME,
    "LineItem.product_description": "More about it.",
    "LineItem.quantity": "How many.",
    "LineItem.unit_amount": "What one costs, in the smallest unit of the currency.",
    "LineItemParameters.price_data": "What one costs.",
    "LineItemParameters.quantity": "How many; one without.",
    "PaymentIntentDataParameters.capture_method": "`automatic`: the money is taken at once.",
    "PaymentIntentDataParameters.description": "What you want to remember about the payment.",
    "PriceDataParameters.product_data": "What is sold.",
    "PriceDataParameters.unit_amount": "What one costs, in the smallest unit of the currency.",
    "ProductDataParameters.description": "More about it.",
    "ProductDataParameters.images": "Addresses of pictures. They are taken and not shown: our pages load nothing from "
    "anywhere else.",
    "ProductDataParameters.name": _NAME,
}

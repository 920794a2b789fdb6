// Types of the inline script. `<script src="…/assets/trustpay.inline.min.js"></script>` gives Merchant and TrustPay.

/** Who sells. Throws a TypeError for what is no public key. */
declare class Merchant {
  constructor(options: { api_key: string })
  readonly api_key: string
}

declare const TrustPay: TrustPay.Instance

interface Window {
  Merchant: typeof Merchant
  TrustPay: TrustPay.Instance
}

declare namespace TrustPay {
  interface Instance {
    setup(merchant: Merchant): Handler
  }

  interface Handler {
    /**
     * Opens the payment page in a window over this one, or joins the one that is open; resolves once it is closed, and is
     * never rejected. The same order again, unpaid, is the same payment.
     */
    initialize(email: string, phone: string, order: Order & Handlers): Promise<Paid | Closed | Failed>
  }

  interface Handlers {
    /** Once it is paid and the window closed; the page goes on to `callback_url` unless this returns false. */
    onsuccess?: (paid: Paid) => unknown
    /** The window was closed before; the order can still be paid. */
    onclose?: (closed: Closed) => unknown
    /** The order cannot be opened. Where there is none of these, the window says why. */
    onerror?: (failed: Failed) => unknown
  }

  /** What is bought, field by field as in the form to /pay. Further fields are sent as they are. */
  interface Order {
    currency: "NGN" | "USD"
    /** Kobo, whatever is paid in. */
    amount: number | string
    customer_firstname: string
    customer_lastname: string
    order_product_id: string | number
    order_product_name: string
    /** `2026-12-24`. */
    delivery_date: string
    delivery_location: string
    recipient: string
    order_product_desc?: string
    order_product_quantity?: number | string
    amount_fx?: number | string
    alt_recipient?: string
    type?: number | string
    is_marketplace?: boolean | number | string
    seller_phone?: string
    product_type?: "physical" | "virtual"
    /** What a buyer who rejects is owed first: `money` unless it is said. */
    refund_policy?: "money" | "replacement"
    project_id?: number | string
    sp_id?: number | string
    sp_commission?: number | string
    platform?: string
    products?: readonly unknown[]
    callback_url?: string
    [further: string]: unknown
  }

  interface Paid {
    status: "paid"
    /** Ours. */
    order: number
    /** The merchant's. */
    product: string
  }

  interface Closed {
    status: "closed"
    order: number
    product: string
    /** Where the order can be paid. */
    url: string
  }

  interface Failed {
    status: "error"
    message: string
  }
}

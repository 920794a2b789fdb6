// Types of Ateni.js. `<script src="…/js/ateni.js"></script>` gives Ateni.

/** What Ateni.js is given a publishable key by, `pk_test_…` or `pk_live_…`; any other throws a TypeError. */
declare function Ateni(publishableKey: string, options?: Ateni.Options): Ateni.Instance

interface Window {
  Ateni: typeof Ateni
}

declare namespace Ateni {
  type Locale = "auto" | "en" | "es" | "de"

  interface Options {
    /** The language of windows and messages; that of the browser where it is absent. */
    locale?: Locale
  }

  interface Instance {
    elements(options?: ElementsOptions): Elements

    /** Confirms a payment intent with the card that is in an element, a kept one, or the one that the intent has. */
    confirmCardPayment(clientSecret: string, data?: ConfirmCardData, options?: ConfirmOptions): Promise<PaymentIntentResult>

    /** Has a card verified, to be kept for a customer. */
    confirmCardSetup(clientSecret: string, data?: ConfirmCardData, options?: ConfirmOptions): Promise<SetupIntentResult>

    /** Shows the customer's bank, where an intent that was confirmed on a server waits for it. */
    handleNextAction(clientSecret: string | { clientSecret: string }): Promise<PaymentIntentResult | SetupIntentResult>

    retrievePaymentIntent(clientSecret: string): Promise<PaymentIntentResult>
    retrieveSetupIntent(clientSecret: string): Promise<SetupIntentResult>

    createToken(card: CardElement, data?: { name?: string }): Promise<{ token: Token; error?: undefined } | Failed>
    createPaymentMethod(
      data: PaymentMethodData,
    ): Promise<{ paymentMethod: PaymentMethod; error?: undefined } | Failed>

    /** Leads to the payment page of a checkout session; it resolves only where it cannot. */
    redirectToCheckout(data: { sessionId: string }): Promise<Failed>

    /** Test mode only. */
    test: {
      /** Types a card of the sandbox into an element: the one that was created last, where none is named. */
      fill(card: TestCard | TypedCard, element?: CardElement): Promise<{ error?: Failure }>
    }
  }

  // ---- The element

  interface ElementsOptions {
    appearance?: Appearance
    locale?: Locale
  }

  interface Appearance {
    /** `auto` goes by the reader's system. */
    theme?: "auto" | "light" | "dark"
    variables?: {
      /** Colors are `#rgb` or `#rrggbb`. */
      colorPrimary?: string
      colorBackground?: string
      colorText?: string
      colorTextSecondary?: string
      colorBorder?: string
      colorDanger?: string
      /** Pixels, 12 to 24: `"16px"`. */
      fontSize?: string | number
      /** Pixels, 0 to 24. */
      borderRadius?: string | number
    }
  }

  interface Elements {
    create(type: "card", options?: CardElementOptions): CardElement
  }

  interface CardElementOptions {
    /** Asks for the postal code of the card's bills as well. */
    postalCode?: boolean
    disabled?: boolean
    /** Instead of that of elements(). */
    appearance?: Appearance
  }

  interface CardElement {
    /** A selector, or the element of the page in which the fields are to be. What is in it goes. */
    mount(place: string | Element): void
    unmount(): void
    /** The same, for an element that is needed no more. */
    destroy(): void
    update(options: CardElementOptions): void
    focus(): void
    clear(): void
    on(event: "change", handler: (event: ChangeEvent) => void): this
    on(event: "ready" | "focus" | "blur", handler: (event: ElementEvent) => void): this
    once(event: "change", handler: (event: ChangeEvent) => void): this
    once(event: "ready" | "focus" | "blur", handler: (event: ElementEvent) => void): this
    off(event: EventName, handler?: (event: never) => void): this
  }

  type EventName = "ready" | "change" | "focus" | "blur"

  interface ElementEvent {
    elementType: "card"
  }

  interface ChangeEvent extends ElementEvent {
    complete: boolean
    empty: boolean
    brand: Brand
    /** What is wrong with a field that was left; it is shown below the field as well. */
    error?: Failure
  }

  type Brand = "visa" | "mastercard" | "amex" | "discover" | "diners" | "jcb" | "unionpay" | "unknown"

  // ---- What is given

  interface ConfirmCardData {
    payment_method?: string | { card: CardElement | { token: string }; billing_details?: BillingDetails }
    /** Where the customer comes back to from a bank whose page cannot be shown over this one. */
    return_url?: string
    setup_future_usage?: "on_session" | "off_session"
    receipt_email?: string
    shipping?: Shipping
  }

  interface ConfirmOptions {
    /** False leaves it to the page what is done about `requires_action`: see handleNextAction. */
    handleActions?: boolean
  }

  interface PaymentMethodData {
    type: "card"
    card: CardElement
    billing_details?: BillingDetails
    metadata?: Record<string, string>
  }

  interface BillingDetails {
    name?: string
    email?: string
    phone?: string
    address?: Address
  }

  interface Address {
    line1?: string
    line2?: string
    city?: string
    state?: string
    postal_code?: string
    country?: string
  }

  interface Shipping {
    name: string
    phone?: string
    address: Address
    carrier?: string
    tracking_number?: string
  }

  type TestCard =
    | Exclude<Brand, "unknown">
    | "declined"
    | "insufficient_funds"
    | "expired_card"
    | "incorrect_cvc"
    | "processing_error"
    | "declined_after_attaching"
    | "disputed"
    | "three_d_secure"
    | "three_d_secure_declined"
    | "three_d_secure_frictionless"

  interface TypedCard {
    number: string
    /** `12/34`; some month to come where it is absent. */
    expiry?: string
    cvc?: string
  }

  // ---- What comes of it. None of these promises is rejected for a decline or a lost connection.

  interface Failed {
    error: Failure
    paymentIntent?: undefined
    setupIntent?: undefined
    token?: undefined
    paymentMethod?: undefined
  }

  interface Failure {
    type: "validation_error" | "card_error" | "invalid_request_error" | "authentication_error" | "api_connection_error" | (string & {})
    code: string
    /** For the customer where it is a `card_error` or `validation_error`. */
    message: string
    param: string | null
    decline_code?: string
    payment_intent?: PaymentIntent
    setup_intent?: SetupIntent
    doc_url?: string
    request_id?: string
  }

  type PaymentIntentResult = { paymentIntent: PaymentIntent; error?: undefined; setupIntent?: undefined } | Failed
  type SetupIntentResult = { setupIntent: SetupIntent; error?: undefined; paymentIntent?: undefined } | Failed

  interface PaymentIntent {
    id: string
    object: "payment_intent"
    amount: number
    amount_received: number
    currency: string
    status:
      | "requires_payment_method"
      | "requires_confirmation"
      | "requires_action"
      | "processing"
      | "requires_capture"
      | "succeeded"
      | "canceled"
    client_secret: string | null
    description: string | null
    payment_method: string | null
    last_payment_error: Pick<Failure, "type" | "code" | "message" | "decline_code"> | null
    created: number
    livemode: boolean
  }

  interface SetupIntent {
    id: string
    object: "setup_intent"
    status: "requires_payment_method" | "requires_confirmation" | "requires_action" | "processing" | "succeeded" | "canceled"
    usage: "on_session" | "off_session"
    client_secret: string | null
    payment_method: string | null
    last_setup_error: Pick<Failure, "type" | "code" | "message" | "decline_code"> | null
    created: number
    livemode: boolean
  }

  interface CardSummary {
    brand: Brand
    last4: string
    exp_month: number
    exp_year: number
  }

  interface Token {
    id: string
    object: "token"
    type: "card"
    card: CardSummary
    used: boolean
    created: number
    livemode: boolean
  }

  interface PaymentMethod {
    id: string
    object: "payment_method"
    type: "card"
    card: CardSummary
    billing_details: BillingDetails
    created: number
    livemode: boolean
  }
}

"""Every error of this API, in English and Spanish, as the vendor's page has them (ath_movil.md, Errors)."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "BTRA_0001": (
        "The transfer amount is under Minimum allowed",
        "El monto de la transferencia está por debajo del mínimo permitido",
    ),
    "BTRA_0002": (
        "Customer status is Pending Regain Access Verification",
        "Estatus del cliente es Pendiente Recuperar Verificación de Acceso",
    ),
    "BTRA_0003": (
        "Card number from the customer is the same than the business",
        "Número de tarjeta del cliente es el mismo que el del negocio",
    ),
    "BTRA_0004": (
        "Amount is Over the limits",
        "El monto está por encima de los límites",
    ),
    "BTRA_0005": (
        "Transaction failed. Status error",
        "Transacción fallida. Estatus de error",
    ),
    "BTRA_0006": (
        "Invalid format",
        "Formato inválido",
    ),
    "BTRA_0007": (
        "TransactionId does not exist",
        "TransactionId no existe",
    ),
    "BTRA_0008": (
        "TransactionId does not belong to the business",
        "TransactionId no pertenece al negocio",
    ),
    "BTRA_0009": (
        "Business is not active",
        "El negocio no está activo",
    ),
    "BTRA_0010": (
        "Business status is not Active",
        "El negocio no está activo",
    ),
    "BTRA_0011": (
        "Card number does not belong to the business",
        "Número de la tarjeta no pertenece al negocio",
    ),
    "BTRA_0012": (
        "Source and Target card numbers are the same",
        "Números de tarjetas origen y destino son los mismos",
    ),
    "BTRA_0013": (
        "Amount is Zero",
        "El monto es cero",
    ),
    "BTRA_0014": (
        "TransactionId does not exist for the current business",
        "TransactionId no existe para el negocio actual",
    ),
    "BTRA_0015": (
        "Communication Error",
        "Communication Error",
    ),
    "BTRA_0016": (
        "Communication Error",
        "Communication Error",
    ),
    "BTRA_0017": (
        "Invalid authorization token",
        "Invalid authorization token",
    ),
    "BTRA_0018": (
        "must not be blank",
        "no debe estar vacío",
    ),
    "BTRA_0019": (
        "must not be null",
        "no debe ser nulo",
    ),
    "BTRA_0020": (
        "numeric value out of bounds (<4 digits>.<2 digits> expected)",
        "valor numérico fuera de los límites (<4 dígitos>. <2 dígitos> esperados)",
    ),
    "BTRA_0021": (
        "TransactionType is not valid",
        "TransactionType no es válido",
    ),
    "BTRA_0022": (
        "Not record for report",
        "Reporte sin transacciones",
    ),
    "BTRA_0023": (
        "Error with the From date",
        "Error con la fecha Desde",
    ),
    "BTRA_0024": (
        "Error with the To date",
        "Error con la fecha Hasta",
    ),
    "BTRA_0025": (
        "The From date must be before the To date",
        "La fecha Desde debe ser anterior a la fecha Hasta",
    ),
    "BTRA_0026": (
        "The difference between dates must be lower than %s days",
        "La diferencia entre fechas debe ser inferior a %s días",
    ),
    "BTRA_0027": (
        "The organization is not a Non Profit organization",
        "La organización no es una organización sin fines de lucro",
    ),
    "BTRA_0028": (
        "is less than 0.01",
        "es menor de 0.01",
    ),
    "BTRA_0029": (
        "Required String parameter '%s' is not present",
        "El parámetro requerido '%s' no está presente",
    ),
    "BTRA_0030": (
        "The refund failed with a status error",
        "El refund fallo con un estatus de error",
    ),
    "BTRA_0031": (
        "EcommerceId does not exist",
        "El ecommerceId no existe",
    ),
    "BTRA_0032": (
        "The status of the e-commerce is not confirm",
        "El estatus del e-commerce no esta confirmado",
    ),
    "BTRA_0033": (
        "Error creating BusinessEcommerce recordb",
        "Error al crear el registro del BusinessEcommerce",
    ),
    "BTRA_0034": (
        "BusinessEcommerce exists in the dynamoDB",
        "El BusinessEcommerce ya existe en dynamoDB",
    ),
    "BTRA_0035": (
        "The e-commerce transaction has not the expected status",
        "El estatus del registro de Transacción e-commerce no es el espereado",
    ),
    "BTRA_0036": (
        "The e-commerce you are trying to confirm is already assigned to another customer",
        "El e-commerce que tratas de confirmar, ya esta asignado a otro customer",
    ),
    "BTRA_0037": (
        "Cannot confirm a transaction with status Canceled or Failed",
        "No se puede confirmar una transacción con status Cancelado o Fallido",
    ),
    "BTRA_0038": (
        "The metadata field exceeds the maximum supported characters (40)",
        "El campo metadata excede el maximo de caracteres soportado (40)",
    ),
    "BTRA_0039": (
        "Valid time to execute the transaction has expired",
        "Tiempo valido para ejecutar la transacción ha expirado",
    ),
    "BTRA_0040": (
        "The message can not exceed 50 characters",
        "El mensaje no puede superar los 50 caracteres",
    ),
    "BTRA_0041": (
        "The e-commerce transaction already has a phone number assigned",
        "La transaccion e-commerce ya tiene asignado un numero telefonico",
    ),
    "BTRA_0042": (
        "Tip amount is over limits",
        "El monto de la propina está por encima de los límites",
    ),
    "BTRA_0043": (
        "The business ins't owner of payment",
        "El comercio no es dueño del pago",
    ),
    "BTRA_0044": (
        "Amount is Over limits of the Financial Institution",
        "El monto está por encima de los límites del Institución Financiera",
    ),
    "BTRA_0045": (
        "Amount is Over the limits of the card",
        "El monto está por encima de los límites de la tarjeta",
    ),
    "BTRA_0046": (
        "There are no transactions for the indicated date range",
        "No hay transacciones para el rango de fechas indicado",
    ),
    "BTRA_0047": (
        "Date from cannot be future",
        "La fecha desde no puede ser futura",
    ),
    "BTRA_0048": (
        "Date to cannot be future",
        "La fecha hasta no puede ser futura",
    ),
    "BTRA_0049": (
        "customerId does not exist",
        "El customerId no existe",
    ),
    "BTRA_0050": (
        "Tip configuration is disabled for the business",
        "La configuracion para recibir propinas esta deshabilitada para el negocio",
    ),
    "BTRA_0051": (
        "The amount of the tip must not exceed the value of the amount of the transaction",
        "El monto de la propina no debe exceder el valor del monto de la transaccion",
    ),
    "BTRA_0052": (
        "Cannot fill both fields (tipAmount and percentage), just fill one",
        "No puede llenar ambos campos (tipAmount y percentage), solo use uno",
    ),
    "BTRA_0053": (
        "ReferenceNumber not found",
        "El ReferenceNumber no existe",
    ),
    "BTRA_0401": (
        "Invalid authorization token",
        "Invalid authorization token",
    ),
    "BTRA_0402": (
        "Authorization token expired",
        "Authorization token expired",
    ),
    "BTRA_0403": (
        "Invalid authorization token",
        "Invalid authorization token",
    ),
    "BTRA_9998": (
        "Communication Error",
        "Communication Error",
    ),
    "BTRA_9999": (
        "Internal Error",
        "Internal Error",
    ),
    "token.invalid.header": (
        "No authorization header present.",
        "No hay un encabezado de autorización.",
    ),
    "token.expired": (
        "The Token has expired on %s.",
        "El Token expiró el %s.",
    ),
}
"""By code, what is said in English and in Spanish; `%s` stands for what is told with it."""

BODY_MISSING: Final = ("Required request body is missing", "Falta el cuerpo requerido de la solicitud")
"""What is said of an empty body, under BTRA_0006."""

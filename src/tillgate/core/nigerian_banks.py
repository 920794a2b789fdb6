"""The banks of Nigeria by their codes: that of the clearing house, and that of instant payments (NIP)."""

from typing import Final

import msgspec

from tillgate.core.reasons import Reason, Refused


class Bank(msgspec.Struct, frozen=True):
    """A bank: its name, its three digits in account numbers, and its six digits at the Inter-Bank Settlement System."""

    name: str
    code: str
    nip_code: str


_LIST: Final = """
Access Bank                     044 000014
Citibank Nigeria                023 000009
Coronation Merchant Bank        559 060001
Ecobank Nigeria                 050 000010
Fidelity Bank                   070 000007
First Bank of Nigeria           011 000016
First City Monument Bank        214 000003
FSDH Merchant Bank              501 400001
Globus Bank                     103 000027
Greenwich Merchant Bank         562 060004
Guaranty Trust Bank             058 000013
Jaiz Bank                       301 000006
Keystone Bank                   082 000002
Lotus Bank                      303 000029
Nova Bank                       561 060003
Optimus Bank                    107 000036
Parallex Bank                   104 000030
Polaris Bank                    076 000008
PremiumTrust Bank               105 000031
Providus Bank                   101 000023
Rand Merchant Bank              502 000024
Signature Bank                  106 000034
Stanbic IBTC Bank               221 000012
Standard Chartered Bank         068 000021
Sterling Bank                   232 000001
SunTrust Bank                   100 000022
TAJ Bank                        302 000026
Titan Trust Bank                102 000025
Union Bank of Nigeria           032 000018
United Bank for Africa          033 000004
Unity Bank                      215 000011
Wema Bank                       035 000017
Zenith Bank                     057 000015
"""

BANKS: Final = tuple(Bank(line[:-11].strip(), *line.split()[-2:]) for line in _LIST.strip().splitlines())
"""In the order of their names, as the banks and the settlement system publish them."""

_BY_CODE: Final = {bank.code: bank for bank in BANKS}


def known(code: str, nip_code: str | None, field: str = "bank_code") -> Bank:
    """The bank with this code, and that for instant payments where it is said.

    Raises Refused(PARAMETER_INVALID, field) or, where the two do not belong together, "nip_bank_code".
    """
    bank = _BY_CODE.get(code)
    if bank is None:
        raise Refused(Reason.PARAMETER_INVALID, field, problem="there is no bank with this code")
    if nip_code is not None and nip_code != bank.nip_code:
        raise Refused(Reason.PARAMETER_INVALID, "nip_bank_code", problem=f"it is another bank's than {bank.name}'s")
    return bank

"""Statements as banks write them, in either version of CAMT.053, and as CSV."""

from typing import Any
from xml.sax.saxutils import escape

IBAN = "DE35370400440532013099"
DEBTOR = "DE89370400440532013000"


def transaction(version: str = "08", **said: Any) -> str:
    """A TxDtls."""
    party = "<Pty><Nm>{}</Nm></Pty>" if version == "08" else "<Nm>{}</Nm>"
    amount = said.get("part")
    part = ""
    if amount is not None:
        inner = f'<Amt Ccy="{said.get("currency", "EUR")}">{amount}</Amt>'
        part = inner if version == "08" else f"<AmtDtls><TxAmt>{inner}</TxAmt></AmtDtls>"
    refs = "".join(f"<{name}>{said[name]}</{name}>" for name in ("AcctSvcrRef", "EndToEndId", "TxId") if name in said)
    bic = "BICFI" if version == "08" else "BIC"
    structured = (
        f"<Strd><CdtrRefInf><Ref>{said['structured']}</Ref></CdtrRefInf></Strd>" if "structured" in said else ""
    )
    words = "".join(f"<Ustrd>{escape(one)}</Ustrd>" for one in said.get("words", ("Order 7",)))
    return (
        f"<TxDtls><Refs>{refs}</Refs>{part}<RltdPties><Dbtr>{party.format(said.get('name', 'Ann Lee'))}</Dbtr>"
        f"<DbtrAcct><Id><IBAN>{said.get('iban', DEBTOR)}</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RltdAgts><DbtrAgt><FinInstnId><{bic}>COBADEFFXXX</{bic}></FinInstnId></DbtrAgt></RltdAgts>"
        f"<RmtInf>{words}{structured}</RmtInf></TxDtls>"
    )


def entry(amount: str = "12.34", version: str = "08", *details: str, **said: Any) -> str:
    """An Ntry, of one transaction unless others are given."""
    status = said.get("status", "BOOK")
    written = f"<Sts><Cd>{status}</Cd></Sts>" if version == "08" else f"<Sts>{status}</Sts>"
    reversal = f"<RvslInd>{said['reversal']}</RvslInd>" if "reversal" in said else ""
    named = said.get("reference", "R1")
    reference = f"<AcctSvcrRef>{named}</AcctSvcrRef>" if named else ""
    return (
        f'<Ntry><Amt Ccy="{said.get("currency", "EUR")}">{amount}</Amt>'
        f"<CdtDbtInd>{said.get('indicator', 'CRDT')}</CdtDbtInd>{reversal}{written}"
        f"<BookgDt><Dt>{said.get('day', '2026-11-20')}</Dt></BookgDt>{reference}"
        f"<NtryDtls>{''.join(details) or transaction(version, **said.get('only', {}))}</NtryDtls></Ntry>\n"
    )


def camt(*entries: str, version: str = "08", iban: str = IBAN) -> bytes:
    """A whole file."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"\n<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\n"
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )
    return text.encode()

"""Mails come in the order of their recipients, and are found without looking at all of them."""

import pytest

from tests.store.samples import OTHER, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.mails import Mail, MailKind, MailState
from tillgate.core.records import evolve
from tillgate.store import mails
from tillgate.store.database import Store

pytestmark = pytest.mark.anyio


def mail(id: str, recipient: str | None, due_at: int | None, tries: int = 0, tenant: str = TENANT) -> Mail:
    return Mail(
        tenant=tenant,
        id=id,
        created=0,
        kind=MailKind.RECEIPT,
        about=f"pay_{id}",
        recipient=recipient,
        due_at=due_at,
        tries=tries,
    )


async def due(store: Store, wall: int = 100, most: int = 10) -> list[str]:
    return [one.id for one in await mails.due(store, wall, most)]


async def test_a_mail_waits_for_those_before_it_to_the_same_recipient(store: Store) -> None:
    first, second = mail("a", "ann", 200), mail("b", "ann", 10)
    unwritten, others = mail("c", None, 30), mail("d", "bob", 20, tenant=OTHER)
    await store.commit(Decision(save=(first, second, unwritten, others)))
    assert await due(store) == ["d", "c"]
    assert await due(store, most=1) == ["d"]
    assert await due(store, 200) == ["d", "c", "a"]
    await store.commit(Decision(save=(evolve(first, due_at=None, state=MailState.SENT),)))
    assert await due(store) == ["b", "d", "c"]


async def test_a_mail_waits_no_longer_for_one_that_failed_three_times(store: Store) -> None:
    await store.commit(Decision(save=(mail("a", "ann", 500, tries=3), mail("b", "ann", 10))))
    assert await due(store) == ["b"]


async def test_the_inbox_is_of_what_is_shown_the_newest_first(store: Store) -> None:
    shown = [evolve(mail(id, None, None, tenant=of), state=MailState.SHOWN) for id, of in (("a", TENANT), ("b", OTHER))]
    await store.commit(Decision(save=(*shown, mail("c", "ann", 1))))
    assert [one.id for one in await mails.inbox(store, 10)] == ["b", "a"]
    assert [one.id for one in await mails.inbox(store, 10, TENANT)] == ["a"]
    assert [one.id for one in await mails.about(store, TENANT, ["pay_a", "pay_b"])] == ["a"]
    assert await mails.about(store, TENANT, []) == []

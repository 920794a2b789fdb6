"""The bank's books on disk: they survive every death, and several processes keep them without a contradiction."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.connectors.questions import GOOD, attempt
from tests.sandbox.virtual_time import run
from tests.sandbox.world import CHALLENGED, World
from tests.sizes import at_size
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.money import Money
from tillgate.core.records import evolve
from tillgate.sandbox.faults import Fault
from tillgate.sandbox.operations import Choice, Operation, Result
from tillgate.sandbox.operations import Kind as Did
from tillgate.sandbox.register import Register

COMMAND = [sys.executable, str(Path(__file__).with_name("teller_process.py"))]

APPROVED, DECLINED = Verdict.APPROVED, Verdict.DECLINED


class Process:
    """A teller in another process."""

    def __init__(self, directory: Path) -> None:
        self.running = subprocess.Popen(
            [*COMMAND, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, *lines: str) -> None:
        assert self.running.stdin is not None
        self.running.stdin.writelines(line + "\n" for line in lines)
        self.running.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.running.stdout is not None
        answer: dict[str, Any] = json.loads(self.running.stdout.readline())
        return answer

    def ask(self, line: str) -> dict[str, Any]:
        self.tell(line)
        return self.hear()

    def end(self) -> None:
        self.running.kill()
        self.running.communicate()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[Process]]:
    started = [Process(tmp_path) for _ in range(3)]
    yield started
    for process in started:
        process.end()


@pytest.fixture
def registers(tmp_path: Path) -> Iterator[list[Register]]:
    opened = [Register.open(tmp_path) for _ in range(2)]
    yield opened
    for register in opened:
        register.close()


def charge(reference: str, amount: int = 100, *, again: bool = False, number: str = GOOD) -> str:
    order = {"merchant_id": "ten_1", "reference": reference, "amount": amount, "currency": "USD", "again": again}
    card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    return "/charges " + json.dumps({**order, "card": card})


def refund(reference: str, target: str, amount: int) -> str:
    order = {"merchant_id": "ten_1", "reference": reference, "amount": amount, "currency": "USD", "target": target}
    return "/refunds " + json.dumps(order)


def all_at_once(processes: list[Process], orders: list[list[str]]) -> list[str]:
    """The results of handing each process its own orders, so many at a time as a pipe holds."""
    results = []
    for start in range(0, len(orders[0]), 50):
        batches = [each[start : start + 50] for each in orders]
        for process, batch in zip(processes, batches, strict=True):
            process.tell(*batch)
        for process, batch in zip(processes, batches, strict=True):
            results += [process.hear()["result"] for _ in batch]
    return results


def test_what_was_answered_survives_the_death_of_the_process(tmp_path: Path) -> None:
    count = at_size(3_000, 50_000)
    orders = tmp_path / "orders"
    orders.write_text("".join(charge(f"att_{number:06}") + "\n" for number in range(count * 2)))
    with (
        orders.open() as source,
        subprocess.Popen([*COMMAND, str(tmp_path)], stdin=source, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(count)]
        process.kill()
        answered += process.stdout.read().splitlines(keepends=True)
    answered = [line for line in answered if line.endswith(b"\n")]
    assert process.returncode == -signal.SIGKILL
    assert count <= len(answered) < count * 2
    register = Register.open(tmp_path)
    for line in answered:
        operation = register.find(json.loads(line)["reference"])
        assert operation is not None
        assert operation.result is Result.APPROVED
    assert len(answered) <= len(list(register.everything())) <= len(answered) + 1
    register.close()


def test_a_book_whose_process_died_is_taken_up_again_and_one_in_use_is_not(tmp_path: Path) -> None:
    first, second = Process(tmp_path), Process(tmp_path)
    for process in (first, second):
        assert process.ask(charge("att_1"))["result"] == "approved"
    first.end()
    third = Process(tmp_path)
    assert third.ask("/operations/att_1")["result"] == "approved"
    assert sorted(path.name for path in tmp_path.glob("*.register")) == ["1.register", "2.register"]
    second.end()
    third.end()


def test_an_inquiry_is_answered_by_any_process_also_after_the_others_died(processes: list[Process]) -> None:
    one, two, three = processes
    assert one.ask(charge("att_1"))["result"] == "approved"
    assert two.ask("/operations/att_1")["result"] == "approved"
    one.end()
    assert two.ask("/operations/att_1")["result"] == "approved"
    assert three.ask("/operations/att_1")["result"] == "approved"
    assert three.ask("/operations/att_2")["result"] == "not_found"


def test_a_question_asked_again_of_another_process_moves_money_once(processes: list[Process]) -> None:
    one, two, _ = processes
    assert one.ask(charge("att_1", number="4000000000000002"))["result"] == "declined"
    assert two.ask(charge("att_1", again=True))["result"] == "declined"
    assert one.ask(charge("att_2"))["result"] == "approved"
    assert two.ask(charge("att_2", again=True))["result"] == "approved"
    assert two.ask(charge("att_2", 101, again=True)) == {"error": "reference_taken"}


def test_processes_that_ask_the_same_again_all_at_once_move_money_once(
    tmp_path: Path, processes: list[Process]
) -> None:
    count = at_size(100, 5_000)
    orders = [charge(f"att_{number:05}", again=True) for number in range(count)]
    assert all_at_once(processes, [orders] * 3) == ["approved"] * count * 3
    onlooker = Register.onlooker(tmp_path)
    assert len(list(onlooker.everything())) == count
    onlooker.close()


def test_processes_that_refund_all_at_once_give_back_no_more_than_was_taken(
    tmp_path: Path, processes: list[Process]
) -> None:
    count = at_size(100, 1_000)
    assert processes[0].ask(charge("att_1", count))["result"] == "approved"
    orders = [[refund(f"att_{process}_{number}", "att_1", 1) for number in range(count)] for process in range(3)]
    results = all_at_once(processes, orders)
    assert results.count("approved") == count
    assert results.count("declined") == 2 * count
    onlooker = Register.onlooker(tmp_path)
    done = [one for one in onlooker.everything() if one.result is Result.APPROVED]
    assert sum(one.amount for one in done if one.kind is Did.REFUND) == count
    onlooker.close()


def test_an_authorization_of_one_process_is_captured_voided_and_refunded_by_another(
    registers: list[Register],
) -> None:
    async def main() -> None:
        one, two = map(World, registers)
        held, _ = await one.ask(Kind.AUTHORIZE, 1000)
        assert (await two.ask(Kind.CAPTURE, 600, of=held.id))[1] is APPROVED
        assert (await one.ask(Kind.CAPTURE, 500, of=held.id))[1] is DECLINED
        assert (await two.ask(Kind.VOID, 400, of=held.id))[1] is APPROVED
        assert (await one.ask(Kind.CAPTURE, 1, of=held.id))[1] is DECLINED
        assert (await one.ask(Kind.REFUND, 600, of=held.id))[1] is APPROVED
        assert (await two.ask(Kind.REFUND, 1, of=held.id))[1] is DECLINED
        assert one.moved(Kind.CAPTURE) == two.moved(Kind.CAPTURE) == 600

    run(main())


def test_a_challenge_of_one_process_is_met_or_given_up_in_another(registers: list[Register]) -> None:
    async def main() -> None:
        one, two = map(World, registers)
        met, _ = await one.ask(Kind.AUTHORIZE, 1000, CHALLENGED)
        assert two.bank.challenge(met.id) == one.bank.challenge(met.id) is not None
        assert await two.bank.resolve_challenge(met.id, Choice.APPROVE)
        assert two.notices == [(met.id, APPROVED)]
        assert (await one.inquire(met)).verdict is APPROVED
        assert not await one.bank.resolve_challenge(met.id, Choice.FAIL)
        assert (await one.put(met, CHALLENGED)).verdict is APPROVED
        assert (await one.ask(Kind.CAPTURE, 1000, of=met.id))[1] is APPROVED
        given_up, _ = await one.ask(Kind.CHARGE, 500, CHALLENGED)
        assert (await two.ask(Kind.VOID, 500, of=given_up.id, challenged=True))[1] is APPROVED
        assert not await one.bank.resolve_challenge(given_up.id, Choice.APPROVE)
        for world in (one, two):
            references = [done.reference for done in world.bank.statement()]
            assert len(references) == len(set(references)) == 4
            assert world.moved(Kind.AUTHORIZE) == 1000
            assert world.moved(Kind.CHARGE) == 0

    run(main())


def test_what_is_pending_in_one_process_may_become_known_in_another(registers: list[Register]) -> None:
    async def main() -> None:
        one, two = map(World, registers)
        held, _ = await one.ask(Kind.AUTHORIZE, 1000)
        one.bank.faults.plant(Fault.PENDING)
        capture, _ = await one.ask(Kind.CAPTURE, 1000, of=held.id)
        one.bank.stop()
        await asyncio.sleep(11)
        assert (await two.inquire(capture)).verdict is APPROVED
        for world in (one, two):
            assert (await world.inquire(capture)).verdict is APPROVED
            assert (await world.ask(Kind.REFUND, 500, of=held.id))[1] is APPROVED

    run(main())


def test_what_is_written_together_is_written_as_a_whole_or_not_at_all(registers: list[Register]) -> None:
    one = Operation(
        reference="att_1", merchant_id="ten_1", kind=Did.VOID, amount=1, currency="USD", result=Result.APPROVED
    )
    broken: Any = None
    with pytest.raises(sqlite3.IntegrityError):
        registers[0].put(one, msgspec.structs.replace(one, reference="att_2", currency=broken))
    assert registers[1].find("att_1") is registers[0].find("att_1") is None
    registers[0].put(one, msgspec.structs.replace(one, reference="att_2"))
    assert registers[1].find("att_2") == registers[0].find("att_2") is not None


def test_a_book_that_a_process_died_before_making_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "7.register").touch()
    register = Register.open(tmp_path)
    assert register.find("att_1") is None
    assert list(register.everything()) == []
    register.close()


def test_an_onlooker_writes_nothing(tmp_path: Path, registers: list[Register]) -> None:
    async def main() -> None:
        world = World(registers[1])
        about, _ = await world.ask(Kind.CHARGE, 500)
        onlooker = Register.onlooker(tmp_path)
        assert [(done.reference, done.amount) for done in onlooker.everything()] == [(about.id, 500)]
        onlooker.close()

    run(main())
    assert len(list(tmp_path.glob("*.register"))) == len(registers)


def test_no_card_is_ever_written_down(tmp_path: Path, registers: list[Register]) -> None:
    async def main() -> None:
        world = World(registers[0])
        for number in (GOOD, CHALLENGED, "4000000000000002"):
            await world.ask(Kind.CHARGE, 500, number)

    run(main())
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Demo Shop" in written
    for secret in (GOOD, CHALLENGED, "4000000000000002", "Jo Doe"):
        assert secret.encode() not in written


def test_pages_of_the_statement_leave_nothing_out(registers: list[Register]) -> None:
    async def main() -> None:
        worlds = list(map(World, registers))
        expected = set()
        for number in range(1_203):
            about = evolve(attempt(), amount=Money(number + 1, "USD"))
            await worlds[number % 7 == 0].put(about)
            expected.add((about.id, number + 1))
        statement = [(done.reference, done.amount) for done in worlds[0].bank.statement()]
        assert len(statement) == len(expected)
        assert set(statement) == expected

    run(main())


def test_memory_does_not_grow_with_the_number_of_payments(tmp_path: Path) -> None:
    count = at_size(20_000, 1_000_000)
    used = [_megabytes(tmp_path, each) for each in (1, count)]
    assert used[1] < 150
    assert used[1] - used[0] < 15


def _megabytes(directory: Path, count: int) -> float:
    """The most memory that a teller held which charged so often."""
    orders = directory / "orders"
    with orders.open("w") as lines:
        lines.writelines(charge(f"att_{number:09}") + "\n" for number in range(count))
    with orders.open() as source:
        command = [*COMMAND, str(directory / str(count))]
        teller = subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return int(teller.stderr) / 1024


def test_a_book_from_before_issuers_told_an_eci_is_read_and_gone_on_with(tmp_path: Path) -> None:
    columns = (
        "reference text primary key, merchant_id text not null, kind text not null, amount integer not null, "
        "currency text not null, result text not null, code text, target text, becomes text, due_at integer, "
        "merchant_name text, return_url text"
    )
    with closing(sqlite3.connect(tmp_path / "1.register")) as book:
        book.execute(f"create table operations ({columns}) without rowid")
        book.execute("create index by_target on operations (target) where target is not null")
        book.execute(
            "insert into operations values ('att_1','ten_1','charge',1,'USD','approved',null,null,null,null,'','')"
        )
        book.commit()
    onlooker, register = Register.onlooker(tmp_path), Register.open(tmp_path)
    try:
        before = register.find("att_1")
        assert before is not None
        assert (before.amount, before.eci) == (1, None)
        assert onlooker.find("att_1") == before
        register.put(msgspec.structs.replace(before, reference="att_2", eci="05"))
        for reader in (onlooker, register):
            after = reader.find("att_2")
            assert after is not None
            assert after.eci == "05"
    finally:
        onlooker.close()
        register.close()

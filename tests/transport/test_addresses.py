"""Which addresses may be connected to: sixty and more that may not, and those that people have."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.spellings import ALLOWED, FORBIDDEN, THIS_MACHINE
from tillgate.transport import addresses
from tillgate.transport.addresses import Forbidden


@pytest.mark.parametrize("spelling", FORBIDDEN)
def test_no_spelling_of_a_forbidden_address_is_taken(spelling: str) -> None:
    with pytest.raises(Forbidden) as refused:
        addresses.parse(spelling.format(port=8000), loopback=False, plain=True)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("spelling", FORBIDDEN)
def test_where_this_machine_is_allowed_nothing_else_is(spelling: str) -> None:
    try:
        url = addresses.parse(spelling.format(port=8000), loopback=True, plain=True)
    except Forbidden:
        return
    assert url.host == "localhost" or ip_address(url.host or "").is_loopback
    assert url.port == 8000


@pytest.mark.parametrize("spelling", THIS_MACHINE)
def test_this_machine_is_a_target_only_where_it_is_allowed(spelling: str) -> None:
    url = spelling.format(port=8000)
    assert addresses.parse(url, loopback=True, plain=True).port == 8000
    with pytest.raises(Forbidden):
        addresses.parse(url, loopback=False, plain=True)


@pytest.mark.parametrize("url", ALLOWED)
def test_public_addresses_are_taken_in_every_mode(url: str) -> None:
    for loopback in (True, False):
        taken = addresses.parse(url, loopback=loopback, plain=False)
        assert taken.scheme == "https"
        plain = url.lower().replace("https", "http")
        assert addresses.parse(plain, loopback=loopback, plain=True).scheme == "http"
        with pytest.raises(Forbidden, match="https"):
            addresses.parse(plain, loopback=loopback, plain=False)


def test_names_in_other_letters_are_taken_as_dns_has_them() -> None:
    assert addresses.parse("https://bücher.example/", loopback=False, plain=False).raw_host == "xn--bcher-kva.example"


def test_path_and_query_are_sent_as_they_were_given() -> None:
    url = addresses.parse("https://shop.example/a%2Fb/%C3%A9?x=%20&y=a+b", loopback=False, plain=False)
    assert url.raw_path_qs == "/a%2Fb/%C3%A9?x=%20&y=a+b"


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv4_address_that_is_not_public_may_be_reached(address: IPv4Address) -> None:
    if addresses.may_be_reached(address, loopback=False):
        assert address.is_global
        assert not address.is_multicast


@given(
    st.one_of(
        st.integers(0, 2**128 - 1),
        st.integers(0, 2**125 - 1).map(lambda low: (1 << 125) + low),
        st.integers(0, 2**32 - 1).map(lambda low: (0xFFFF << 32) + low),
        st.integers(0, 2**32 - 1).map(lambda low: (0x64FF9B << 96) + low),
        st.integers(0, 2**32 - 1).map(lambda low: (0x2002 << 112) + (low << 80)),
    ).map(IPv6Address)
)
def test_no_ipv6_address_that_is_not_public_or_carries_another_may_be_reached(address: IPv6Address) -> None:
    if addresses.may_be_reached(address, loopback=False):
        assert address.is_global
        assert not address.is_multicast
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.text(max_size=40))
def test_whatever_is_given_is_taken_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/", f"https://shop.example/{text}"):
        try:
            taken = addresses.parse(url, loopback=False, plain=True)
        except Forbidden:
            continue
        assert taken.raw_host
        assert not taken.user
        assert not taken.fragment
        assert taken.raw_path_qs.isascii()

"""Addresses that people typed in: no way into the house, no hanging, no endless answers."""

import socket
import threading
import time
from ipaddress import ip_address

import pytest

from core import safe_fetch
from core.safe_fetch import FetchError, Policy, UrlRefused, why_not_public
from tests.receivers import Receiver

HOUSE = Policy.of(networks=["127.0.0.0/8"])

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://localhost/",
    "http://localhost./",
    "http://shop.localhost/",
    "http://0.0.0.0/",
    "http://0/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://134744072/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://10.0.0.5/",
    "http://172.16.9.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.0.8/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://user:word@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379/",
    "http://8.8.8.8:99999/",
    "http://8.8.8.8:x/",
    "http://metadata/",
    "http://printer.local/",
    "http://db.internal/",
    "http://shop.example.\\@127.0.0.1/",
    "http://127.0.0.1\t/",
    "http://8.8.8.8/\r\nX: y",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "ftp://8.8.8.8/",
    "//8.8.8.8/",
    "http://",
    "http://[",
    "",
    "http://-x.example/",
    "http://a..example/",
    "http://8.8.8.8./",
]


def nobody_is_called(host, port):
    raise AssertionError(f"{host} was looked up")


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: repr(url)[:60])
def test_a_hostile_address_is_refused_before_anybody_is_asked(url, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", nobody_is_called)

    with pytest.raises(UrlRefused) as refusal:
        safe_fetch.request("GET", url, max_bytes=10, resolver=nobody_is_called)

    assert refusal.value.reason == safe_fetch.REASONS[refusal.value.code]


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.1.1", "::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"],
)
def test_a_name_with_one_private_address_is_refused_whatever_its_others_are(inside, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", nobody_is_called)

    with pytest.raises(UrlRefused) as refusal:
        safe_fetch.request("GET", "http://shop.example/", max_bytes=10, resolver=lambda *_: ["93.184.216.34", inside])

    assert refusal.value.code == "private"


def test_a_name_that_changes_its_address_after_the_check_is_asked_at_the_checked_one(monkeypatch):
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    called = []

    def connect(address, timeout):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(FetchError) as failure:
        safe_fetch.request("GET", "http://rebind.example/", max_bytes=10, resolver=lambda *_: next(answers))

    assert failure.value.code == "connect"
    assert called == [("93.184.216.34", 80)]
    assert next(answers) == ["127.0.0.1"]  # it was never asked again


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address):
    assert why_not_public(ip_address(address)) == ""


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "header"),
    [
        ("https://Shop.Example/Hook?x=1#part", "shop.example", 443, "/Hook?x=1", "shop.example"),
        ("http://shop.example:8080", "shop.example", 8080, "/", "shop.example:8080"),
        ("https://店铺.example/路", "xn--hxtq42j.example", 443, "/%E8%B7%AF", "xn--hxtq42j.example"),
        ("http://[2606:4700::1111]/a%20b", "2606:4700::1111", 80, "/a%20b", "[2606:4700::1111]"),
    ],
)
def test_a_good_address_is_taken_apart(url, host, port, path, header):
    target = safe_fetch.check(url)

    assert (target.host, target.port, target.path, target.header) == (host, port, path, header)


def test_a_host_that_the_operator_named_may_be_inside():
    policy = Policy.of(hosts=["hooks.internal:9000", "127.0.0.1"], networks=["10.7.0.0/16"])

    assert safe_fetch.check("http://hooks.internal:9000/", policy).port == 9000
    assert safe_fetch.check("http://127.0.0.1:5000/", policy).port == 5000
    assert safe_fetch.check("http://10.7.1.1:5000/", policy).port == 5000
    for url in ("http://hooks.internal/", "http://10.8.0.1/", "http://127.0.0.2/"):
        with pytest.raises(UrlRefused):
            safe_fetch.check(url, policy)
    erp = safe_fetch.check("http://erp.example:5000/", policy)
    assert safe_fetch.resolve(erp, policy, resolver=lambda *_: ["10.7.0.9"]) == ["10.7.0.9"]
    with pytest.raises(UrlRefused):  # the network is open at every port, the internet is not
        safe_fetch.resolve(erp, policy, resolver=lambda *_: ["8.8.8.8"])


# --- answers ------------------------------------------------------------------------------------------------------


def test_host_header_and_path_are_those_of_the_name_while_the_address_is_pinned():
    with Receiver() as receiver:
        answer = safe_fetch.request(
            "POST", f"http://hooks.example:{receiver.port}/in?a=1", policy=HOUSE, body=b"{}", max_bytes=100,
            resolver=lambda *_: ["127.0.0.1"], headers={"X-Own": "1"},
        )  # fmt: skip

    request = receiver.requests[0]
    assert (answer.status, answer.body) == (200, b"ok")
    assert request.line == "POST /in?a=1 HTTP/1.1"
    assert request.headers["host"] == f"hooks.example:{receiver.port}"
    assert (request.headers["x-own"], request.body) == ("1", b"{}")


def test_a_redirect_into_the_house_is_an_answer_like_any_other():
    with Receiver() as inside, Receiver(status=302, headers={"Location": inside.url}) as receiver:
        answer = safe_fetch.get(receiver.url, policy=HOUSE, max_bytes=100)

    assert answer.status == 302
    assert inside.requests == []


def test_proxies_of_the_environment_play_no_part(monkeypatch):
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        safe_fetch.get(receiver.url, policy=HOUSE, max_bytes=100)

    assert (len(receiver.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize("mode", ["silent", "drip head"])
def test_a_server_that_takes_its_time_is_left_when_the_time_is_over(mode):
    with Receiver(mode=mode) as receiver:
        begun = time.monotonic()
        with pytest.raises(FetchError) as failure:
            safe_fetch.request("GET", receiver.url, policy=HOUSE, max_bytes=1_000, total_seconds=0.5)
        took = time.monotonic() - begun

    assert failure.value.code == "timeout"
    assert took < 4


def test_a_body_that_drips_is_cut_when_the_time_is_over():
    with Receiver(mode="drip body") as receiver:
        begun = time.monotonic()
        answer = safe_fetch.request("GET", receiver.url, policy=HOUSE, max_bytes=1_000, total_seconds=0.5)
        took = time.monotonic() - begun

    assert (answer.status, answer.is_cut) == (200, True)
    assert 1 < len(answer.body) < 100
    assert 0.4 < took < 4


def test_a_body_that_comes_after_its_head_is_read_to_the_end():
    with Receiver(mode="late body") as receiver:
        answer = safe_fetch.get(receiver.url, policy=HOUSE, max_bytes=1_000)

    assert (answer.body, answer.is_cut) == (b"late", False)


def test_an_endless_body_is_cut_where_the_caller_said():
    with Receiver(mode="endless") as receiver:
        answer = safe_fetch.post(receiver.url, b"", policy=HOUSE, max_bytes=5_000)
        with pytest.raises(FetchError) as failure:
            safe_fetch.get(receiver.url, policy=HOUSE, max_bytes=5_000)

    assert (len(answer.body), answer.is_cut) == (5_000, True)
    assert failure.value.code == "large"


@pytest.mark.parametrize(("mode", "code"), [("drop", "broken"), ("garbage", "broken"), ("closed", "connect")])
def test_what_is_no_answer_says_why(mode, code):
    with Receiver(mode=mode) as receiver, pytest.raises(FetchError) as failure:
        safe_fetch.get(receiver.url, policy=HOUSE, max_bytes=100)

    assert failure.value.code == code


def test_a_certificate_that_nobody_vouches_for_is_refused():
    with Receiver(tls=True) as receiver, pytest.raises(FetchError) as failure:
        safe_fetch.get(receiver.url.replace("http:", "https:"), policy=HOUSE, max_bytes=100)

    assert failure.value.code == "tls"
    assert receiver.requests == []


def test_a_resolver_that_hangs_costs_no_more_than_the_time_for_connecting():
    free = threading.Event()

    def hang(host, port):
        free.wait(9)
        return ["93.184.216.34"]

    begun = time.monotonic()
    with pytest.raises(FetchError) as failure:
        safe_fetch.request("GET", "http://shop.example/", max_bytes=10, resolver=hang, connect_seconds=0.3)
    free.set()

    assert failure.value.code == "timeout"
    assert time.monotonic() - begun < 4


def test_a_name_that_nobody_has_is_unknown():
    def unknown(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(FetchError) as failure:
        safe_fetch.request("GET", "http://shop.example/", max_bytes=10, resolver=unknown)

    assert failure.value.code == "unknown"

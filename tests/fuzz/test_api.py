"""Every operation × every caller: no 5xx, nothing undocumented, no ignored credential, answers as described.

The ordinary suite sends 8 requests of each, always the same; with `FUZZ_EXAMPLES=200` (`make fuzz`) they are
others each time.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from config.wsgi import application
from tests.fuzz.callers import CALLERS, Shop, make_shop, put_in

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "ignored_auth",
        "unsupported_method",
    ]
)


@pytest.fixture
def no_limits(settings):
    settings.API_RATE_SERVER = settings.API_RATE_PUBLISHABLE = settings.API_RATE_UNKNOWN_KEYS = 10**9
    settings.API_RATE_PHOTOS = 10**9


@pytest.fixture
def described(transactional_db):
    return schemathesis.openapi.from_wsgi("/api/schema", application)


@st.composite
def requests(draw: Any, operation: Any, shop: Shop) -> Any:
    """A request as described, or one that breaks the description; half of them name things that exist."""
    mode = draw(st.sampled_from(GenerationMode))
    case = draw(operation.as_strategy(generation_mode=mode))
    if draw(st.booleans()):

        def choose(values: list[Any]) -> Any:
            return draw(st.sampled_from(values))

        for name in case.path_parameters or {}:
            case.path_parameters[name] = choose(shop.paths[name])
        case.query = put_in(dict(case.query or {}), shop.values, choose)
        case.body = put_in(case.body, shop.values, choose)
    return case


@pytest.mark.parametrize("caller", CALLERS)
def test_random_requests_find_no_fault(caller, described, no_limits, subtests):
    shop = make_shop()
    credential = shop.credentials[caller]
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {credential}"} if credential else {})
    seen: dict[str, int] = {}

    for result in described.get_all_operations():
        operation = result.ok()

        @hypothesis_settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 50,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=requests(operation, shop))
        def send(case: Any) -> None:
            response = case.call(headers=headers)
            seen[str(response.status_code)] = seen.get(str(response.status_code), 0) + 1
            case.validate_response(response, checks=CHECKED, headers=headers)

        with subtests.test(operation.label):
            send()
    print(caller, dict(sorted(seen.items())))  # noqa: T201

    assert sum(seen.values()) >= EXAMPLES * 10

import pytest

from tests.validation.backcast import Backcast


@pytest.fixture(scope="session")
def back() -> Backcast:
    """The real chain over the past, run once for all that is compared with published figures."""
    return Backcast()

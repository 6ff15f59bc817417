"""Rows of the tables in docs/model-plants.md: `python -m tests.validation.queue_tables [slow]`."""

import sys
from collections.abc import Iterator

from tests.validation.test_queues import LIMITED, SEVERAL, SINGLE, blocking, network_case, one_server, several_servers
from tests.validation.test_yard import PLANTS, plant_case


def table(*, slow: bool) -> Iterator[str]:
    """One table, the short runs or the long ones."""
    made = [one_server(case, load, service, 0.02 if slow else half_width) for case, load, service, half_width in SINGLE]
    made += [several_servers(*case, 0.02 if slow else 0.05) for case in SEVERAL]
    made += [blocking(*case, 0.02 if slow else 0.05) for case in LIMITED]
    made += [network_case(0.02 if slow else 0.05)]
    made += [plant_case(*case) for case in PLANTS] if slow else [plant_case(0.5, 0.08)]
    return (found.line() for cases in made for found in cases)


if __name__ == "__main__":
    for row in table(slow="slow" in sys.argv[1:]):
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()

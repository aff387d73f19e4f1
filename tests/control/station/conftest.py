"""What the tests of the station share: one Redis, one centre and one folder of programs for all of them."""

from collections.abc import Callable, Iterator

import pytest

from tests.control.station.house import Broker, Centre, StationProcess, Street

Starts = Callable[..., StationProcess]


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    street = Street()
    yield street
    street.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    broker = Broker()
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def centre(broker: Broker) -> Iterator[Centre]:
    centre = Centre(broker)
    yield centre
    centre.close()


@pytest.fixture(scope="module")
def start_station(street: Street, centre: Centre) -> Iterator[Starts]:
    """Start stations that end with the module."""
    stations: list[StationProcess] = []

    def start(name: str, *options: str) -> StationProcess:
        station = StationProcess(street, centre, name, *options)
        stations.append(station)
        station.start()
        return station

    yield start
    for station in stations:
        station.close()
        print(f"-- {station.name}\n{station.text()}")

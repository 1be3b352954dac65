"""Each part of rehearsal/emulator is needed, and works: one probe for both.

A probe is true where AWS's behaviour is seen. It must be false for the emulator as its makers ship it, and true with
our extension. When the first fails, the emulator has grown the part: remove it from rehearsal/emulator.
"""

import pytest

from rehearsal.server import start
from tests.account import Account, does
from tests.probes import gaps, services, stacks, types

pytestmark = pytest.mark.slow

PROBES = [probe for part in (gaps, services, stacks, types) for probe in part.PROBES]


@pytest.fixture(scope="module")
def extended():
    with start() as server:
        yield Account(server)


@pytest.fixture(scope="module")
def plain():
    with start(extended=False) as server:
        yield Account(server)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_with_the_extension_it_is_as_on_aws(extended, probe):
    assert probe(extended)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_the_emulator_alone_lacks_it(plain, probe):
    assert not does(probe, plain), f"the emulator has grown {probe.__name__}: remove it from rehearsal/emulator"

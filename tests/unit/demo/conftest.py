"""A small league, made once."""

import numpy as np
import pytest

from demo import partition, population
from demo.league import League, make
from demo.partition import Ground

SEED, SCALE = 7, 0.03


@pytest.fixture(scope="session")
def small() -> League:
    return make(seed=SEED, scale=SCALE)


@pytest.fixture(scope="session")
def ground() -> Ground:
    return partition.divide(population.peopled(SCALE, np.random.default_rng([SEED, 0])), SEED)

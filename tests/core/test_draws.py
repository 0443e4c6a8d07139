"""What a test draws follows from its name: not from which tests run before it, nor in which worker."""

import re
from pathlib import Path
from zlib import crc32

import numpy as np

TESTS = Path(__file__).parents[1]
RNG = np.random.default_rng(0)


def test_numbers_of_a_module_follow_from_the_name_of_the_test(request):
    assert RNG.random() == np.random.default_rng(crc32(request.node.nodeid.encode())).random()


def test_a_generator_of_a_module_is_called_what_is_seeded_again():
    made = re.compile(r"^(\w+) = (?:np\.random\.)?default_rng\(\w+\)$", re.MULTILINE)
    found = {
        str(file.relative_to(TESTS)): made.findall(file.read_text()) for file in TESTS.rglob("test_*.py")
    }
    assert len([file for file, names in found.items() if names]) > 10
    assert {file: names for file, names in found.items() if set(names) - {"RNG"}} == {}

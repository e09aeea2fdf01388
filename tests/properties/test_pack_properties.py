"""An archive depends on names and bytes, and on nothing else."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from evals import pack

SEGMENT = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}", fullmatch=True)
NAMES = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(NAMES, st.binary(max_size=1200), max_size=6).filter(
    lambda files: not any(b.startswith(a + "/") for a in files for b in files)
)


@given(TREES, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_archive_and_it_reads_back(files, random):
    shuffled = list(files.items())
    random.shuffle(shuffled)
    archive = pack.pack(dict(shuffled))
    assert archive == pack.pack(files)
    assert pack.unpack(archive) == files


@given(TREES, TREES)
def test_other_content_gives_another_digest(one, other):
    same = pack.digest(pack.pack(one)) == pack.digest(pack.pack(other))
    assert same == (one == other)


@given(TREES.filter(bool), st.data())
def test_a_flipped_byte_is_never_read_as_the_same_files(files, data):
    archive = bytearray(pack.pack(files))
    place = data.draw(st.integers(0, len(archive) - 1))
    archive[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(pack.PackError):
        assert pack.unpack(bytes(archive)) != files

"""Saved indexes: whole or refused."""

import numpy as np
import pytest
import shapely

from geo import index_file
from geo.errors import BadIndexFile
from geo.locate import CellIndex

BOXES = shapely.box(np.arange(50.0), 0, np.arange(1.0, 51.0), 3)
X, Y = np.linspace(-1, 52, 2000), np.linspace(-0.5, 3.5, 2000)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "units.cells"
    CellIndex.build(BOXES).save(path)
    return path


@pytest.mark.parametrize("verify", [True, False])
def test_a_saved_index_answers_as_the_one_it_was(saved, verify):
    built, loaded = CellIndex.build(BOXES), CellIndex.load(saved, verify=verify)
    assert loaded.locate(X, Y).tolist() == built.locate(X, Y).tolist()
    assert loaded.locate_one(1.0, 1.0) == 0
    assert loaded.units == 50
    assert shapely.equals(loaded.polygons(), BOXES).all()


def test_saving_leaves_nothing_beside_the_file_and_replaces_it_whole(saved):
    mapped = CellIndex.load(saved)
    CellIndex.build(BOXES[:10]).save(saved)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]
    assert CellIndex.load(saved).units == 10
    assert mapped.locate([45.5], [1.0]).tolist() == [45]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(saved, monkeypatch):
    def no_room(handle):
        raise OSError("No space left on device")

    monkeypatch.setattr(index_file.os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        CellIndex.build(BOXES[:10]).save(saved)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]
    assert CellIndex.load(saved).units == 50


@pytest.mark.parametrize("size", [0, 10, 88, 300, -1, -4096])
def test_a_file_cut_short_is_refused(saved, size):
    whole = saved.read_bytes()
    saved.write_bytes(whole[:size])
    with pytest.raises(BadIndexFile, match="cut short"):
        CellIndex.load(saved, verify=False)


def test_a_file_that_grew_is_refused(saved):
    saved.write_bytes(saved.read_bytes() + b"\0")
    with pytest.raises(BadIndexFile, match="grown"):
        CellIndex.load(saved, verify=False)


@pytest.mark.parametrize("at", [0, 8, 12, 16, 30, 60, 90, 150])
def test_a_changed_head_is_refused_without_reading_the_rest(saved, at):
    content = bytearray(saved.read_bytes())
    content[at] ^= 0x40
    saved.write_bytes(content)
    with pytest.raises(BadIndexFile):
        CellIndex.load(saved, verify=False)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_changed_byte_among_the_arrays_is_refused(saved, part):
    content = bytearray(saved.read_bytes())
    content[int(len(content) * part)] ^= 1
    saved.write_bytes(content)
    with pytest.raises(BadIndexFile, match="arrays have changed"):
        CellIndex.load(saved)

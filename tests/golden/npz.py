"""Writes the archives that `crates/nn/src/files/npz.rs` reads in its tests, by NumPy itself."""

from pathlib import Path

import numpy as np

folder = Path(__file__).parents[2] / "crates/nn/src/files/testing"
arrays = {"x": np.array([[1, 2], [3, 4.5]], "f4"), "y": np.array([1, 0], "i8")}
np.savez(folder / "stored.npz", **arrays)
np.savez_compressed(folder / "deflated.npz", **arrays)

# What nobody asks for beside what is read: texts, and objects, which are code.
x = np.arange(20, dtype="f4").reshape(10, 2)
names, things = np.array(["a", "b"]), np.array([{"a": 1}, None], dtype=object)
np.savez_compressed(folder / "mixed.npz", names=names, x=x, things=things, y=np.arange(10) % 2)

"""Writes files.json and the folder files beside this file: tensors as PyTorch's safetensors and NumPy store them.

    pip install torch numpy safetensors
    python tests/golden/files.py

With `--read FILE.safetensors FILE.npy` it reads, by the same packages, what the test `files` wrote, and compares it with what is
in files.json.
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

here = pathlib.Path(__file__).parent
folder = here / "files"
torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 2)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).flatten(1))


def value(x):
    """Floats as texts, which whoever reads them rounds to the same bits."""
    return int(x) if isinstance(x, (bool, int)) else str(x).replace("nan", "NaN")


def numbers(values):
    """A tensor or array, its numbers in double precision, with each of their digits."""
    return {"shape": list(values.shape), "values": [value(x) for x in values.flatten().tolist()]}


def random(*shape):
    return (torch.randn(shape) * 1000).round() / 1000


def network():
    net = Net()
    with torch.no_grad():
        for tensor in net.state_dict().values():
            tensor.copy_(random(*tensor.shape).abs() + 0.5 if tensor.is_floating_point() else torch.tensor(7))
    net.eval()
    state = net.state_dict()
    save_file(state, folder / "net.safetensors", metadata={"format": "pt"})
    del state["norm.num_batches_tracked"]
    save_file(state, folder / "weights.safetensors")
    x = random(2, 2, 3, 3)
    return {
        "tensors": {name: numbers(tensor) for name, tensor in state.items()},
        "x": numbers(x),
        "y": numbers(net(x).detach()),
    }


def kinds():
    floats = [0.0, -0.0, 1.0, -2.5, 0.1, 65504.0, 6e-8, 1e-5, math.inf, -math.inf, math.nan]
    tensors = {
        "f64": torch.tensor(floats, dtype=torch.float64),
        "f32": torch.tensor(floats, dtype=torch.float32),
        "f16": torch.tensor(floats, dtype=torch.float16),
        "bf16": torch.tensor(floats, dtype=torch.bfloat16),
        "i64": torch.tensor([[2**53, -(2**53)], [-1, 3]]),
        "i32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
        "i16": torch.tensor([2**15 - 1, -(2**15)], dtype=torch.int16),
        "i8": torch.tensor([127, -128], dtype=torch.int8),
        "u64": torch.tensor([2**53, 2**11], dtype=torch.uint64),
        "u32": torch.tensor([2**32 - 1, 0], dtype=torch.uint32),
        "u16": torch.tensor([2**16 - 1, 0], dtype=torch.uint16),
        "u8": torch.tensor([255, 0], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(0.25),
        "empty": torch.zeros(0, 3),
    }
    save_file(tensors, folder / "kinds.safetensors", metadata={'"quoted" \\ é': "line\n😀"})
    return {name: numbers(tensor) for name, tensor in tensors.items()}


def arrays():
    matrix = numpy.array([[0.5, -1.25, 3.0], [1e-3, 2e5, -0.0]])
    floats = numpy.array([1.0, -2.5, 0.1, 65504.0, 6e-8, math.inf, math.nan])
    made = {
        "f4": matrix.astype("<f4"),
        "f8": matrix,
        "f4_big": matrix.astype(">f4"),
        "f8_big_fortran": numpy.asfortranarray(matrix.astype(">f8")),
        "f4_fortran_cube": numpy.asfortranarray(numpy.arange(24, dtype="<f4").reshape(2, 3, 4)),
        "f2": floats.astype("<f2"),
        "f2_big": floats.astype(">f2"),
        "i8": numpy.array([2**53, -(2**53), -1]),
        "i4_big": numpy.array([2**31 - 1, -(2**31)], dtype=">i4"),
        "i2": numpy.array([2**15 - 1, -(2**15)], dtype="<i2"),
        "i1": numpy.array([127, -128], dtype="i1"),
        "u8_big": numpy.array([2**53, 1], dtype=">u8"),
        "u4": numpy.array([2**32 - 1], dtype="<u4"),
        "u2": numpy.array([2**16 - 1], dtype="<u2"),
        "u1": numpy.array([[255], [0]], dtype="u1"),
        "b1": numpy.array([True, False]),
        "scalar": numpy.array(0.25, dtype="<f4"),
        "empty": numpy.zeros((0, 3), dtype="<f4"),
        "version_2": matrix,
        "version_3": matrix,
    }
    for name, array in made.items():
        version = (int(name[-1]), 0) if name.startswith("version") else None
        with open(folder / f"{name}.npy", "wb") as file:
            numpy.lib.format.write_array(file, array, version)
    return {name: numbers(array) for name, array in made.items()}


def read(safetensors, npy):
    golden = json.loads((here / "files.json").read_text())
    tensors = load_file(safetensors)
    assert {name: numbers(tensor) for name, tensor in tensors.items()} == golden["net"]["tensors"]
    with safe_open(safetensors, "pt") as file:
        assert file.metadata() == {"epoch": "7"}, file.metadata()
    net = Net()
    net.load_state_dict(tensors)
    array = numpy.load(npy)
    assert array.dtype == numpy.float64 and numbers(array) == golden["npy"]["f8"], array
    print("both as they should be")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(*sys.argv[2:])
    else:
        folder.mkdir(exist_ok=True)
        golden = {"net": network(), "kinds": kinds(), "npy": arrays()}
        lines = [f'"{part}": {{\n' + ",\n".join(f'  "{k}": {json.dumps(v)}' for k, v in entries.items()) + "\n}" for part, entries in golden.items()]
        (here / "files.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

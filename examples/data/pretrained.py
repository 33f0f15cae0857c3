"""Makes pretrained.safetensors for the example `fine_tune`: a network that PyTorch has trained to tell the digits
apart, on the first 900 of them.

python -m pip install torch numpy safetensors
python examples/data/pretrained.py            (from the project's root)
"""

import gzip
import pathlib

import numpy
import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
with gzip.open(here / "../../crates/nn/data/digits.csv.gz", "rt") as file:
    table = numpy.loadtxt(file, delimiter=",", dtype=numpy.float32)
x, y = torch.tensor(table[:, :-1] / 16), torch.tensor(table[:, -1]).long()
x, y = x[:900], y[:900]

torch.manual_seed(0)
net = torch.nn.Sequential()
net.add_module("features", torch.nn.Sequential(
    torch.nn.Linear(64, 96), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(96, 48), torch.nn.ReLU()))
net.add_module("classifier", torch.nn.Linear(48, 10))
adam = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
for epoch in range(60):
    for batch in torch.randperm(len(x)).split(32):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
        adam.step()
net.eval()
print("accuracy on what it was trained on:", (net(x).argmax(1) == y).float().mean().item())
save_file(net.state_dict(), here / "pretrained.safetensors")
print(list(net.state_dict()))

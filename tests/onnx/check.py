"""Runs networks that were exported to ONNX in ONNX Runtime, and compares what they give with what they should.

    check.py DIRECTORY

In the directory are pairs of files: NAME.onnx, and NAME.json with a list of runs, each a list of "inputs" and one of expected "outputs", as
{"name", "kind", "dims", "data"}. Prints the largest difference of each, |found - expected| / (1 + |expected|), and fails where it is
over 1e-5, or 1e-10 in double precision. It needs the packages onnx, onnxruntime and numpy.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

KINDS = {
    "f32": (np.float32, 1e-5),
    "f64": (np.float64, 1e-10),
    "i64": (np.int64, 0.0),
    "bool": (np.bool_, 0.0),
}


def array(described):
    values = [float(text) if isinstance(text, str) else text for text in described["data"]]
    return np.array(values, dtype=KINDS[described["kind"]][0]).reshape(described["dims"])


def difference(found, expected):
    """The largest difference between an output and what it should be."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        raise ValueError(f"{found.dtype}{list(found.shape)} for {expected.dtype}{list(expected.shape)}")
    if expected.dtype.kind in "bi":
        return float(np.sum(found != expected))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0.0, np.abs(found - expected) / (1.0 + np.abs(expected)))
    return float(np.max(differences, initial=0.0))


def check(path):
    """The largest difference of a network's runs, and whether each is small enough."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    largest, good = 0.0, True
    for run in json.loads(path.with_suffix(".json").read_text()):
        inputs = {described["name"]: array(described) for described in run["inputs"]}
        names = [described["name"] for described in run["outputs"]]
        if [output.name for output in session.get_outputs()] != names:
            raise ValueError(f"the outputs are not {names}")
        for found, described in zip(session.run(None, inputs), run["outputs"], strict=True):
            differs = difference(found, array(described))
            # A NaN is not within any bound.
            largest = largest if differs <= largest else differs
            good = good and differs <= KINDS[described["kind"]][1]
    return largest, good


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    failed = 0
    for path in paths:
        try:
            largest, good = check(path)
            text = f"{largest:.1e}"
        except Exception as error:  # Whatever is wrong with one network, the others are tried.
            good, text = False, f"{type(error).__name__}: {error}"
        failed += not good
        print(f"{'ok    ' if good else 'FAILED'} {path.stem:28} {text}")
    print(f"{len(paths)} networks, {failed} failed, onnxruntime {onnxruntime.__version__}")
    sys.exit(1 if failed or not paths else 0)


main()

"""Runs networks that were exported to ONNX in ONNX Runtime, and compares what they give with what they should.

    check.py DIRECTORY

In the directory are pairs of files: NAME.onnx, and NAME.json with a list of runs, each an input and the expected output as
{"kind", "dims", "data"}. Prints the largest difference of each, |found - expected| / (1 + |expected|), and fails where it is over
1e-5, or 1e-10 in double precision. It needs the packages onnx, onnxruntime and numpy.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

KINDS = {"f32": (np.float32, 1e-5), "f64": (np.float64, 1e-10), "i64": (np.int64, 0.0)}


def array(described):
    values = [float(text) if isinstance(text, str) else text for text in described["data"]]
    return np.array(values, dtype=KINDS[described["kind"]][0]).reshape(described["dims"])


def check(path):
    """The largest difference of a network's runs, and how large it may be."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    largest = tolerance = 0.0
    for run in json.loads(path.with_suffix(".json").read_text()):
        (found,) = session.run(None, {session.get_inputs()[0].name: array(run["input"])})
        expected = array(run["output"])
        tolerance = KINDS[run["output"]["kind"]][1]
        if found.dtype != expected.dtype or found.shape != expected.shape:
            raise ValueError(f"{found.dtype}{list(found.shape)} for {expected.dtype}{list(expected.shape)}")
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        with np.errstate(invalid="ignore"):
            difference = np.where(same, 0.0, np.abs(found - expected) / (1.0 + np.abs(expected)))
        if difference.size:
            largest = max(largest, float(np.max(difference)))
    return largest, tolerance


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    failed = 0
    for path in paths:
        try:
            largest, tolerance = check(path)
            # A NaN is not within any bound.
            good, text = largest <= tolerance, f"{largest:.1e}"
        except Exception as error:  # Whatever is wrong with one network, the others are tried.
            good, text = False, f"{type(error).__name__}: {error}"
        failed += not good
        print(f"{'ok    ' if good else 'FAILED'} {path.stem:28} {text}")
    print(f"{len(paths)} networks, {failed} failed, onnxruntime {onnxruntime.__version__}")
    sys.exit(1 if failed or not paths else 0)


main()

"""Reads a folder of events with TensorBoard's own reader, and prints what it finds as JSON: `check.py FOLDER`."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0, "histograms": 0})
events.Reload()
tags = events.Tags()


def histogram(event):
    value = event.histogram_value
    return [event.step, value.num, value.min, value.max, value.sum, sum(value.bucket), list(value.bucket_limit)]


print(
    json.dumps(
        {
            "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
            "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
        }
    )
)

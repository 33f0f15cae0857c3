"""What results were measured on."""
import datetime
import importlib.metadata
import os
import platform
import subprocess

here = os.path.dirname(os.path.abspath(__file__))


def about(packages):
    """The processor, the versions of these packages and of wengert, and the day."""
    lines = open("/proc/cpuinfo").read().splitlines() if os.path.exists("/proc/cpuinfo") else []
    processor = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    model = processor.get("model name", platform.processor())
    # Rented machines often hide the name: the family and the model tell the generation.
    model += f" (family {processor['cpu family']}, model {processor['model']})" if "cpu family" in processor else ""
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    commit = subprocess.run(["git", "-C", here, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    day = datetime.date.today().isoformat()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}; {versions}, Python {platform.python_version()}; wengert at {commit}; {day}"

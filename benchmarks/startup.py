"""How long the command line takes to speak, beside a bare interpreter, in one run."""

import statistics
import subprocess
import sys
import time


def median_s(*command: str, runs: int = 7) -> float:
    times = []
    for _run in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


bare = median_s(sys.executable, "-c", "pass")
helped = median_s(sys.executable, "-m", "auditor", "--help")
print(f"auditor --help: {helped:.3f} s (target 0.3 s); bare interpreter: {bare:.3f} s; ratio {helped / bare:.1f}")

"""Records `program.py` with VizTracer and keeps what an import reads: `python record.py RESULT.json`.

With `--sample`, what is kept in the repository: without the functions' sources, without where Python is installed, and of the
threads that look after others, whose many short calls are nine tenths of the events, only what takes a moment.
"""

import json
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

HERE = pathlib.Path(__file__).parent
# Microseconds.
LEAST = 100


def record(folder):
    raw = pathlib.Path(folder) / "raw.json"
    command = [sys.executable, "-m", "viztracer", "--quiet", "--log_async", "-o", str(raw), str(HERE / "program.py")]
    # Under a tracer a pool of processes may wait for ever for one of them; then this fails, and says so.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    return json.loads(raw.read_text())


def sample(trace):
    trace.pop("file_info", None)
    events = trace["traceEvents"]
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    looks_after = ("MainThread", "_handle_", "Thread-4", "QueueFeeder")

    def is_kept(event):
        name = names.get((event["pid"], event["tid"]), "")
        if event["ph"] != "X" or not any(part in name for part in looks_after):
            return True
        return event["dur"] >= LEAST or any(part in event["name"] for part in ("submit (", "Handle._run", "pickle", "mapstar"))

    trace["traceEvents"] = [event for event in events if is_kept(event)]
    text = json.dumps(trace, separators=(",", ":"))
    return text.replace(sysconfig.get_path("stdlib"), "/usr/lib/python3").replace(str(HERE), "/home/me")


def main(result, *options):
    with tempfile.TemporaryDirectory() as folder:
        trace = record(folder)
    text = sample(trace) if "--sample" in options else json.dumps(trace)
    pathlib.Path(result).write_text(text)


main(*sys.argv[1:])

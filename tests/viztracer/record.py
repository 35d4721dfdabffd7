"""Records `program.py` with VizTracer and keeps what an import reads: `python record.py RESULT.json`.

With `--sample`, what is kept in the repository: without the functions' sources, without where Python is installed, and of the
threads that look after others, whose many short calls are nine tenths of the events, only what takes a moment.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import tempfile

HERE = pathlib.Path(__file__).parent
# Microseconds.
LEAST = 100
# It takes about a second.
PATIENCE = 60
TRIES = 3


def record(folder):
    raw = pathlib.Path(folder) / "raw.json"
    command = [sys.executable, "-m", "viztracer", "--quiet", "--log_async", "-o", str(raw), str(HERE / "program.py")]
    for attempt in range(TRIES):
        # A process that is forked while another thread holds a lock has that lock held for ever, and a tracer has threads: such a
        # recording never ends. All of its processes are in a session of their own, so that they end together.
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as program:
            try:
                if program.wait(timeout=PATIENCE) == 0:
                    return json.loads(raw.read_text())
                why = f"it ended with {program.returncode}"
            except subprocess.TimeoutExpired:
                why = f"it did not end within {PATIENCE} s"
                os.killpg(program.pid, signal.SIGKILL)
        print(f"recording {attempt + 1} of at most {TRIES}: {why}", file=sys.stderr)
    sys.exit("The program could not be recorded.")


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

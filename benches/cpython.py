"""The same plans on real CPython: `python3 benches/cpython.py [SUBJECT ...] [--json] [--rounds N]`, part of `./dev bench`.

Subjects, all of them if none is named:
  ratios  each model's speedup over sequential, one number a round. The work is what Overlap's is: primes by trial division
          in shares dealt in blocks, and five requests to a host that takes its time.
  calls   what pools of two processes cost: milliseconds until both have given their first answer, and microseconds of an
          empty call, one a message, as the mean of many.
  convoy  by how many milliseconds each of many sleeps of 1 ms ends late, alone and beside a thread that computes.

Prints a line for each figure: its median, 95th percentile and n. With `--json` a line is an object instead:
`{"subject": ..., "name": ..., "unit": "x", "ms" or "us", "numbers": [...]}`, where "x" is a ratio.
"""

import argparse
import asyncio
import http.server
import json
import multiprocessing
import statistics
import sys
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

BELOW, TASKS, BLOCK = 400_000, 8, 512
LATENCIES_MS = [300, 150, 450, 200]
CALLS = 2_000
# Long enough that a process which is ready early does not take both of two.
BRIEF_S = 0.2
SLEEPS, SLEEP_S = 100, 0.001

# Processes are started anew, as Overlap's are, and not forked: on every system, and beside threads.
SPAWN = multiprocessing.get_context("spawn")


def count(share):
    found = 0
    for start in range(BLOCK * share, BELOW, BLOCK * TASKS):
        for number in range(max(start, 2), min(start + BLOCK, BELOW)):
            divisor = 2
            while divisor * divisor <= number and number % divisor:
                divisor += 1
            found += divisor * divisor > number
    return found


def nothing(_):
    pass


def brief(_):
    time.sleep(BRIEF_S)


class Host(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(int(self.path[1:]) / 1000)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 2048)

    def log_message(self, *_):
        pass


def fetch(address):
    """A request as `urllib` makes it. The unreachable host takes 40 ms to be that, as Overlap's does."""
    if address is None:
        time.sleep(0.04)
        return None
    with urllib.request.urlopen(address) as answer:
        return len(answer.read())


async def fetch_async(address):
    if address is None:
        await asyncio.sleep(0.04)
        return None
    host, path = address.removeprefix("http://").split("/")
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(f"GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return len(answer)


async def gather(addresses):
    return await asyncio.gather(*(fetch_async(address) for address in addresses))


async def task_group(addresses):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch_async(address)) for address in addresses]
    return [task.result() for task in tasks]


async def to_thread(addresses):
    return await asyncio.gather(*(asyncio.to_thread(fetch, address) for address in addresses))


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def primes_ratios(rounds, add):
    shares = range(TASKS)
    threads = ThreadPoolExecutor(2)
    with SPAWN.Pool(2) as pool, ProcessPoolExecutor(2, mp_context=SPAWN) as executor:
        ways = {
            "primes, 2 threads": lambda: list(threads.map(count, shares)),
            "primes, warm Pool of 2": lambda: pool.map(count, shares),
            "primes, warm ProcessPoolExecutor of 2": lambda: list(executor.map(count, shares)),
        }
        pool.map(brief, range(2), chunksize=1)
        list(executor.map(brief, range(2)))
        for _ in range(rounds):
            sequential = timed(lambda: list(map(count, shares)))
            for name, run in ways.items():
                add(name, "x", [sequential / timed(run)])


def sites_ratios(rounds, add):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = [f"http://127.0.0.1:{server.server_port}/{ms}" for ms in LATENCIES_MS]
    addresses.insert(3, None)

    def by_threads():
        with ThreadPoolExecutor() as executor:
            return list(executor.map(fetch, addresses))

    ways = {
        "five sites, ThreadPoolExecutor": by_threads,
        "five sites, asyncio.to_thread": lambda: asyncio.run(to_thread(addresses)),
        "five sites, asyncio.gather": lambda: asyncio.run(gather(addresses)),
    }
    # From 3.11 on.
    if hasattr(asyncio, "TaskGroup"):
        ways["five sites, asyncio.TaskGroup"] = lambda: asyncio.run(task_group(addresses))
    for _ in range(rounds):
        sequential = timed(lambda: [fetch(address) for address in addresses])
        for name, run in ways.items():
            add(name, "x", [sequential / timed(run)])
    server.shutdown()


def ratios(rounds, add):
    primes_ratios(rounds, add)
    sites_ratios(rounds, add)


def calls(rounds, add):
    for _ in range(rounds):
        start = time.perf_counter()
        with SPAWN.Pool(2) as pool:
            pool.map(brief, range(2), chunksize=1)
            add("Pool", "ms", [(time.perf_counter() - start - BRIEF_S) * 1e3])
            took = timed(lambda: pool.map(nothing, range(CALLS), chunksize=1))
            add("Pool.map, chunksize 1", "us", [took / CALLS * 1e6])
        start = time.perf_counter()
        with ProcessPoolExecutor(2, mp_context=SPAWN) as executor:
            list(executor.map(brief, range(2)))
            add("ProcessPoolExecutor", "ms", [(time.perf_counter() - start - BRIEF_S) * 1e3])
            took = timed(lambda: list(executor.map(nothing, range(CALLS))))
            add("ProcessPoolExecutor.map", "us", [took / CALLS * 1e6])


def lateness():
    """By how many milliseconds sleeps end late, from when they were to end until the thread runs again."""
    late = []
    for _ in range(SLEEPS):
        start = time.perf_counter()
        time.sleep(SLEEP_S)
        late.append((time.perf_counter() - start - SLEEP_S) * 1e3)
    return late


def convoy(rounds, add):
    for _ in range(rounds):
        add("sleeps alone", "ms", lateness())
        done = threading.Event()

        def compute():
            number = 0
            while not done.is_set():
                for _ in range(10_000):
                    number += 1

        thread = threading.Thread(target=compute)
        thread.start()
        add("sleeps beside a thread that computes", "ms", lateness())
        done.set()
        thread.join()


SUBJECTS = {"ratios": ratios, "calls": calls, "convoy": convoy}


def row(name, unit, numbers):
    numbers = sorted(numbers)
    late = numbers[min(len(numbers) - 1, int(len(numbers) * 0.95))]
    unit = "" if unit == "x" else f" {unit}"
    print(f"  {name:40} median {statistics.median(numbers):.2f}{unit}, 95th percentile {late:.2f} (n = {len(numbers)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}")
    if not options.json:
        print(f"CPython {sys.version.split()[0]}")
    for subject in options.subjects or SUBJECTS:
        figures = {}
        SUBJECTS[subject](
            options.rounds, lambda name, unit, numbers: figures.setdefault(name, (unit, []))[1].extend(numbers)
        )
        if not options.json:
            print(subject)
        for name, (unit, numbers) in figures.items():
            if options.json:
                print(json.dumps({"subject": subject, "name": name, "unit": unit, "numbers": numbers}))
            else:
                row(name, unit, numbers)


if __name__ == "__main__":
    main()

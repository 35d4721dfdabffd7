"""The same plans on real CPython: `python3 benches/cpython.py`, part of `./dev bench`.

Prints each model's speedup over sequential, the median of some rounds, to be held against the page's. The work is what
Overlap's is: primes by trial division in shares dealt in blocks, and five requests to a host that takes its time.
"""

import asyncio
import http.server
import multiprocessing
import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

ROUNDS = 5
BELOW, TASKS, BLOCK = 400_000, 8, 512
LATENCIES_MS = [300, 150, 450, 200]


def count(share):
    found = 0
    for start in range(BLOCK * share, BELOW, BLOCK * TASKS):
        for number in range(max(start, 2), min(start + BLOCK, BELOW)):
            divisor = 2
            while divisor * divisor <= number and number % divisor:
                divisor += 1
            found += divisor * divisor > number
    return found


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


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def row(name, ratios):
    spread = f"least {min(ratios):.2f}, most {max(ratios):.2f}"
    print(f"  {name:36} {statistics.median(ratios):.2f} ({spread}, n = {len(ratios)})")


def main():
    print(f"CPython {sys.version.split()[0]}: speedup over sequential")
    shares = range(TASKS)
    threads = ThreadPoolExecutor(2)
    pool = multiprocessing.get_context("spawn").Pool(2)
    pool.map(count, [TASKS - 1] * 2)
    ratios = {"primes, 2 threads": [], "primes, warm pool of 2 processes": []}
    for _ in range(ROUNDS):
        sequential = timed(lambda: list(map(count, shares)))
        ratios["primes, 2 threads"].append(sequential / timed(lambda: list(threads.map(count, shares))))
        ratios["primes, warm pool of 2 processes"].append(sequential / timed(lambda: pool.map(count, shares)))
    pool.terminate()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = [f"http://127.0.0.1:{server.server_port}/{ms}" for ms in LATENCIES_MS]
    addresses.insert(3, None)
    for name in ("five sites, threads", "five sites, asyncio"):
        ratios[name] = []
    for _ in range(ROUNDS):
        sequential = timed(lambda: [fetch(address) for address in addresses])
        with ThreadPoolExecutor() as executor:
            ratios["five sites, threads"].append(sequential / timed(lambda: list(executor.map(fetch, addresses))))
        ratios["five sites, asyncio"].append(sequential / timed(lambda: asyncio.run(gather(addresses))))
    for name, numbers in ratios.items():
        row(name, numbers)


if __name__ == "__main__":
    main()

"""A program whose concurrency is known, to be recorded by VizTracer: what an import has to find in the trace.

Threads of a pool, coroutines, threads of its own, and two kinds of processes. `record.py` records it; `tests/files/viztracer.rs`
says what must be seen.
"""

import asyncio
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait


def compute(rounds):
    total = 0
    for number in range(rounds):
        total += number * number
    return total


def rest(seconds):
    time.sleep(seconds)


async def fetch(seconds):
    await asyncio.sleep(seconds)
    return compute(5_000)


async def main():
    await asyncio.gather(*(fetch(0.02 * number) for number in (1, 2, 3)))


def locked(lock):
    lock.acquire()
    time.sleep(0.03)
    lock.release()


def in_a_process(number):
    return compute(60_000 + number)


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        wait([pool.submit(rest, 0.03), pool.submit(rest, 0.03), pool.submit(rest, 0.03), pool.submit(compute, 50_000)])
    asyncio.run(main())
    lock = threading.Lock()
    threads = [threading.Thread(target=locked, args=(lock,), name=f"locker-{number}") for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fork = multiprocessing.get_context("fork")
    with fork.Pool(2) as processes:
        processes.map(in_a_process, [1, 2, 3, 4])
        # Left to the end of the block, they are killed, at times while they write down what they recorded.
        processes.close()
        processes.join()
    with ProcessPoolExecutor(2, mp_context=fork) as processes:
        list(processes.map(in_a_process, [1, 2]))

// What figures are held to. A figure without an entry here is printed without a verdict: nobody has set one.

export const TARGETS = {
  // Recording and the lock, in a browser.
  "recording an event, ns": { atMost: 1_000 },
  "forced holds, median": { atLeast: 5.0, atMost: 5.5 },
  "forced holds, 99th percentile": { atMost: 7 },
  "forced hand-over, median": { atMost: 50 },
  "two threads under the lock, in times of Sequential": { atLeast: 0.95, atMost: 1.1 },

  "wasm in times of native, geometric mean": { atMost: 1.25 },

  // Primes, in speedups of the same Rust natively.
  "Cores, in native speedups": { atLeast: 0.95 },
  "Free threads, in native speedups": { atLeast: 0.95 },
  "Process pool, in native speedups": { atLeast: 0.95 },

  "a process with 4 threads is ready": { atMost: 150 },
  "a process is ready": { atMost: 60 },

  // Against peers, in the same round. Python's and comlink's users would notice anything worse.
  "a call to a process, in times of comlink's": { atMost: 1 },
  "calls a second through a pool, in times of comlink's": { atLeast: 1 },

  "dispatch to a core": { atMost: 10 },
  "coroutines a second": { atLeast: 250_000 },
  "a thousand waits, in times of one": { atMost: 1.2 },

  // A thread that waits pays about an interval for each reply, as CPython's does.
  "late beside a CPU thread": { atLeast: 4, atMost: 7 },

  // Speedups over sequential, as ratios of CPython's.
  "speedup as CPython's": { atLeast: 0.9, atMost: 1.1, says: "within 10 % of CPython" },

  // A million events, and recording live.
  "a million events, first drawn": { atMost: 100 },
  // Displays show 60 frames a second; a tenth of a millisecond is the clock's own.
  "frames apart, 95th percentile": { atMost: 16.8 },
  "own work in a frame, 95th percentile": { atMost: 8 },
  "events a second, live": { atLeast: 100_000 },
  "events that found no room": { atMost: 0 },

  // The soak. Memory of a browser is never the same twice; a leak of a process a run would be many times each of these.
  "workers after the soak, more than before": { atMost: 0 },
  "memory in use after the soak, in times of before": { atMost: 1.1 },
  "memory held, growth a run in the second half, KiB": { atMost: 100 },
};

//! The controls of a plan: which there are for a workload and a model, what each means, and what may be in it.
//!
//! The page, the link and the validation all read these tables, so that a new control is a row in them.

use super::workload::WorkloadKind;
use super::{
    BELOW_MAX, ModelKind, PREFETCH_MAX, PRIME_TASKS_MAX, SLEEP_TASKS_MAX, SWITCH_INTERVAL_MAX_US, THREADS_MAX,
    TIME_MAX_MS, TINY_TASKS_MAX,
};
use crate::model::experiment::REPEATS_MAX;

/// A control that a number is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Param {
    Workers,
    SwitchInterval,
    Chunksize,
    PerProcess,
    Prefetch,
    InFlight,
    TaskLimit,
    Limit,
    Repeats,
    UpTo,
    Tasks,
    Below,
    Ms,
    Latency,
    Pages,
    Iterations,
    Blocks,
    Size,
    Points,
    Numbers,
    Seed,
    Sleeps,
    Kib,
    Items,
    Capacity,
    Consumers,
    Times,
    Timeout,
}

/// A control that one of a few is chosen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choose {
    Fault,
    Shares,
    Spread,
    Simd,
    CCall,
    Locked,
    Order,
    Together,
    Blocking,
    Start,
    Carrier,
    Initializer,
}

/// What is to be known of a number's control.
#[derive(Clone, Copy, Debug)]
pub struct NumberSpec {
    /// Its name in links, and the id of its element.
    pub key: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    /// A sentence that helps to fill it.
    pub hint: &'static str,
    /// What stands in it at first; empty where it may be left empty.
    pub usual: &'static str,
    pub least: u32,
    pub most: u32,
    /// Why not more, or what the number counts.
    pub why_most: &'static str,
}

/// What is to be known of a choice's control.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceSpec {
    /// Its name in links, and the id of its element.
    pub key: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    /// The name in links and the words of each; the first is what is chosen at first.
    pub options: &'static [(&'static str, &'static str)],
}

const NUMBER: NumberSpec =
    NumberSpec { key: "", label: "", unit: "", hint: "", usual: "", least: 1, most: 1, why_most: "" };

impl Param {
    /// Those that the workload reads, in the order in which they are shown.
    pub fn of_workload(workload: WorkloadKind) -> &'static [Param] {
        use Param::*;
        match workload {
            WorkloadKind::Sites => &[],
            WorkloadKind::FanOut => &[Tasks, Latency, Seed],
            WorkloadKind::Pages => &[Tasks, Pages, Latency],
            WorkloadKind::Primes => &[Below, Tasks],
            WorkloadKind::Mandelbrot => &[Iterations, Tasks],
            WorkloadKind::Sha256 => &[Blocks, Tasks],
            WorkloadKind::Matrix => &[Size, Tasks],
            WorkloadKind::Pi => &[Points, Tasks, Seed],
            WorkloadKind::Sort => &[Numbers, Tasks, Seed],
            WorkloadKind::Sleep => &[Ms, Tasks],
            WorkloadKind::FetchThenCompute => &[Tasks, Latency, Below],
            WorkloadKind::Convoy => &[Sleeps, Ms, Below],
            WorkloadKind::Tiny => &[Tasks],
            WorkloadKind::Large => &[Kib, Tasks],
            WorkloadKind::Queue => &[Items, Capacity, Consumers, Below],
            WorkloadKind::Counter => &[Times, Tasks],
            WorkloadKind::Deadlock => &[Ms],
            WorkloadKind::Commands => &[Timeout],
        }
    }

    /// Those that the model reads.
    pub fn of_model(model: ModelKind) -> &'static [Param] {
        use Param::*;
        match model {
            ModelKind::Sequential | ModelKind::Subprocess => &[],
            ModelKind::Threads => &[Workers, SwitchInterval],
            ModelKind::FreeThreads | ModelKind::OwnLocks | ModelKind::Cores => &[Workers],
            ModelKind::EventLoop => &[InFlight, TaskLimit],
            ModelKind::Processes => &[Workers, Chunksize, PerProcess, Prefetch],
        }
    }

    /// Whether it belongs to the workload, and is another for each.
    pub fn is_of_workload(self) -> bool {
        use Param::*;
        !matches!(
            self,
            Workers
                | SwitchInterval
                | Chunksize
                | PerProcess
                | Prefetch
                | InFlight
                | TaskLimit
                | Limit
                | Repeats
                | UpTo
        )
    }

    /// What it is beside a workload.
    pub fn spec(self, workload: WorkloadKind) -> NumberSpec {
        match self {
            Param::Workers => NumberSpec { key: "workers", label: "Workers", most: THREADS_MAX, ..NUMBER },
            Param::SwitchInterval => NumberSpec {
                key: "interval",
                label: "Switch interval",
                unit: "µs",
                hint: "How long a thread waits for the lock before it asks whoever holds it to let go.",
                most: SWITCH_INTERVAL_MAX_US,
                why_most: "microseconds",
                ..NUMBER
            },
            Param::Chunksize => NumberSpec {
                key: "chunksize",
                label: "Chunk size",
                unit: "tasks",
                hint: "How many tasks one message to a process carries. Usually so many that each process gets about four messages.",
                most: TINY_TASKS_MAX,
                why_most: "tasks",
                ..NUMBER
            },
            Param::PerProcess => NumberSpec {
                key: "per-process",
                label: "Tasks a process does before it is replaced",
                unit: "tasks",
                hint: "maxtasksperchild. What a process has leaked goes with it, at the price of starting another.",
                most: TINY_TASKS_MAX,
                why_most: "tasks",
                ..NUMBER
            },
            Param::Prefetch => NumberSpec {
                key: "prefetch",
                label: "Messages that wait at a process",
                unit: "messages",
                hint: "With 0, a process gets its next message when it has answered. Usually as many as are work for a millisecond.",
                least: 0,
                most: PREFETCH_MAX,
                why_most: "messages",
                ..NUMBER
            },
            Param::InFlight => NumberSpec {
                key: "in-flight",
                label: "At most in flight",
                unit: "tasks",
                hint: "An asyncio.Semaphore, which each task takes before its work and gives back after it.",
                most: TINY_TASKS_MAX,
                why_most: "tasks",
                ..NUMBER
            },
            Param::TaskLimit => NumberSpec {
                key: "each",
                label: "Each task at most",
                unit: "ms",
                hint: "asyncio.wait_for: what takes longer is cancelled, and has failed.",
                most: TIME_MAX_MS,
                why_most: "milliseconds",
                ..NUMBER
            },
            Param::Limit => NumberSpec {
                key: "limit",
                label: "Time limit (wait’s timeout)",
                unit: "ms",
                hint: "Splits the tasks that are done by then from those that are not. They go on all the same.",
                most: TIME_MAX_MS,
                why_most: "milliseconds",
                ..NUMBER
            },
            Param::Repeats => NumberSpec {
                key: "repeats",
                label: "Repeats",
                unit: "runs each",
                hint: "The median is told, with the spread.",
                most: REPEATS_MAX,
                why_most: "repeats",
                ..NUMBER
            },
            Param::UpTo => NumberSpec {
                key: "up-to",
                label: "Workers, from 1 to",
                hint: "One is the measure of all others. More workers than cores gain nothing where tasks compute.",
                least: 2,
                most: THREADS_MAX,
                ..NUMBER
            },
            _ => self.spec_of_workload(workload),
        }
    }

    fn spec_of_workload(self, workload: WorkloadKind) -> NumberSpec {
        let number = |key, label, usual, most| NumberSpec { key, label, usual, most, ..NUMBER };
        let milliseconds = |key, label, usual| NumberSpec {
            unit: "ms",
            why_most: "milliseconds",
            least: 0,
            ..number(key, label, usual, TIME_MAX_MS)
        };
        match (self, workload) {
            (Param::Tasks, WorkloadKind::FanOut) => number("tasks", "Requests", "50", PRIME_TASKS_MAX),
            (Param::Tasks, WorkloadKind::Pages) => NumberSpec {
                hint: "Each task asks for one page after another, since each page names the next.",
                ..number("tasks", "Tasks", "4", SLEEP_TASKS_MAX)
            },
            (Param::Tasks, WorkloadKind::Primes) => number("tasks", "Split into tasks", "8", PRIME_TASKS_MAX),
            (Param::Tasks, WorkloadKind::Mandelbrot) => number("tasks", "Split its rows into tasks", "16", 160),
            (Param::Tasks, WorkloadKind::Matrix) => number("tasks", "Split its rows into tasks", "8", 100),
            (Param::Tasks, WorkloadKind::Pi) => number("tasks", "Split into tasks", "8", PRIME_TASKS_MAX),
            (Param::Tasks, WorkloadKind::Tiny) => NumberSpec {
                hint: "Each does nothing: all that is measured is what handing it over costs.",
                ..number("tasks", "Tasks", "2000", TINY_TASKS_MAX)
            },
            (Param::Tasks, WorkloadKind::Sleep) => number("tasks", "Tasks", "4", SLEEP_TASKS_MAX),
            (Param::Tasks, WorkloadKind::Counter) => number("tasks", "Tasks", "4", 64),
            (Param::Tasks, WorkloadKind::Large) => number("tasks", "Tasks", "8", 100),
            (Param::Tasks, _) => number("tasks", "Tasks", "8", 100),
            (Param::Below, WorkloadKind::Queue) => NumberSpec {
                least: 0,
                hint: "What a consumer does with each item.",
                ..number("below", "Primes to count for each item, below", "20000", BELOW_MAX)
            },
            (Param::Below, WorkloadKind::Convoy) => {
                NumberSpec { least: 10, ..number("below", "One task counts the primes below", "4000000", BELOW_MAX) }
            }
            (Param::Below, WorkloadKind::FetchThenCompute) => {
                NumberSpec { least: 10, ..number("below", "Then each counts the primes below", "400000", BELOW_MAX) }
            }
            (Param::Below, _) => {
                NumberSpec { least: 10, ..number("below", "Count the primes below", "8000000", BELOW_MAX) }
            }
            (Param::Ms, WorkloadKind::Convoy) => milliseconds("ms", "Each for", "1"),
            (Param::Ms, WorkloadKind::Deadlock) => NumberSpec {
                hint: "How long each task has its first lock before it asks for the second.",
                ..milliseconds("ms", "Between the two locks", "50")
            },
            (Param::Ms, _) => milliseconds("ms", "Each task sleeps", "1000"),
            (Param::Latency, WorkloadKind::FanOut) => milliseconds("latency", "Latency, on average", "100"),
            (Param::Latency, WorkloadKind::Pages) => milliseconds("latency", "Each page takes", "50"),
            (Param::Latency, _) => milliseconds("latency", "Each request takes", "100"),
            (Param::Pages, _) => number("pages", "Pages for each task", "5", 100),
            (Param::Iterations, _) => NumberSpec {
                hint: "More make a sharper edge, and more work.",
                ..number("iterations", "Iterations at most", "20000", 200_000)
            },
            (Param::Blocks, _) => {
                NumberSpec { unit: "MB", ..number("blocks", "Data to hash, in blocks of 1 MB", "96", 2_000) }
            }
            (Param::Size, _) => number("size", "Rows and columns of each matrix", "768", 2_048),
            (Param::Points, _) => number("points", "Random points", "40000000", 1_000_000_000),
            (Param::Numbers, _) => number("numbers", "Numbers for each task to sort", "500000", 4_000_000),
            (Param::Seed, _) => NumberSpec {
                hint: "The same seed gives the same random numbers.",
                ..number("seed", "Seed", "1", 1_000_000)
            },
            (Param::Sleeps, _) => number("sleeps", "Sleeps of the other", "50", 1_000),
            (Param::Kib, _) => NumberSpec {
                unit: "KiB",
                hint: "What must be copied to another process costs time by its size.",
                ..number("kib", "Data for each task", "4096", 16_384)
            },
            (Param::Items, _) => number("items", "Items to produce", "40", 1_000),
            (Param::Capacity, _) => NumberSpec {
                hint: "Where it is full, the producer waits.",
                ..number("capacity", "Room in the queue", "4", 1_000)
            },
            (Param::Consumers, _) => number("consumers", "Consumers", "2", 16),
            (Param::Timeout, _) => NumberSpec {
                unit: "ms",
                why_most: "milliseconds",
                hint: "run(timeout=…): what has not ended this long after all have started is killed.",
                ..number("timeout", "Timeout", "", TIME_MAX_MS)
            },
            (Param::Times, _) => number("times", "Times each adds one", "50000", 10_000_000),
            _ => NUMBER,
        }
    }
}

/// Under what the third task may fail.
const FAULTS: &[(&str, &str)] = &[
    ("none", "does its work"),
    ("panic", "raises an error (panic)"),
    ("trap", "crashes its process (trap)"),
    ("endless", "never ends, and hears nothing"),
    ("allocate", "takes memory without end"),
];

impl Choose {
    /// Those that the workload reads, in the order in which they are shown. How C code treats the lock is asked only where
    /// there is one.
    pub fn of_workload(workload: WorkloadKind, model: ModelKind) -> &'static [Choose] {
        match workload {
            WorkloadKind::FanOut => &[Choose::Spread],
            WorkloadKind::Primes => &[Choose::Shares, Choose::Fault],
            WorkloadKind::Mandelbrot => &[Choose::Simd, Choose::Fault],
            WorkloadKind::Matrix => &[Choose::Simd],
            WorkloadKind::Sha256 if model == ModelKind::Threads => &[Choose::CCall],
            WorkloadKind::Sleep => &[Choose::Fault],
            WorkloadKind::Counter => &[Choose::Locked],
            WorkloadKind::Deadlock => &[Choose::Order],
            _ => &[],
        }
    }

    /// Those that the model reads.
    pub fn of_model(model: ModelKind) -> &'static [Choose] {
        match model {
            ModelKind::EventLoop => &[Choose::Together, Choose::Blocking],
            ModelKind::Processes => &[Choose::Start, Choose::Carrier, Choose::Initializer],
            _ => &[],
        }
    }

    /// Whether it belongs to the workload, and is another for each.
    pub fn is_of_workload(self) -> bool {
        use Choose::*;
        !matches!(self, Together | Blocking | Start | Carrier | Initializer)
    }

    /// What it is.
    pub fn spec(self) -> ChoiceSpec {
        let choice = |key, label, options| ChoiceSpec { key, label, hint: "", options };
        match self {
            Choose::Fault => choice("fault", "The third task", FAULTS),
            Choose::Shares => choice(
                "shares",
                "The tasks are",
                &[("even", "about equally long"), ("one-long", "short, but the last is half of the work")],
            ),
            Choose::Spread => choice(
                "spread",
                "Latencies",
                &[
                    ("same", "all the same"),
                    ("even", "from none to twice the average"),
                    ("long-tail", "mostly short, a few very long"),
                ],
            ),
            Choose::Simd => choice(
                "simd",
                "Instructions",
                &[("no", "one number at a time"), ("yes", "several numbers at a time (SIMD)")],
            ),
            Choose::CCall => ChoiceSpec {
                hint: "Python’s hashlib lets go of the lock for much data; most C code keeps it.",
                ..choice(
                    "c-call",
                    "While it hashes",
                    &[("releases", "it lets go of the lock"), ("keeps", "it keeps the lock")],
                )
            },
            Choose::Locked => choice(
                "locked",
                "The counter",
                &[("no", "has no lock: updates get lost"), ("yes", "has a lock for each update")],
            ),
            Choose::Order => choice(
                "order",
                "The two tasks take",
                &[("crossed", "A then B, and B then A"), ("same", "both A then B")],
            ),
            Choose::Together => ChoiceSpec {
                hint: "In a TaskGroup, the first failure cancels the tasks that are left.",
                ..choice(
                    "together",
                    "If a task fails",
                    &[("gather", "the others go on (gather)"), ("group", "it cancels them (TaskGroup)")],
                )
            },
            Choose::Blocking => ChoiceSpec {
                hint: "A coroutine that computes keeps all others waiting; on a thread it does not.",
                ..choice(
                    "blocking",
                    "What computes runs",
                    &[("loop", "on the loop, and blocks it"), ("thread", "on a thread (to_thread)")],
                )
            },
            Choose::Start => ChoiceSpec {
                hint: "Warm processes stay from one run to the next, as long as the pool is the same.",
                ..choice(
                    "start",
                    "The processes",
                    &[("cold", "are started for each run (cold)"), ("warm", "are kept for the next run (warm)")],
                )
            },
            Choose::Carrier => choice(
                "carrier",
                "Data travels",
                &[
                    ("copy", "as a copy (structured clone)"),
                    ("transfer", "by transfer"),
                    ("shared", "as a handle to shared memory"),
                ],
            ),
            Choose::Initializer => choice(
                "initializer",
                "Initializer of each process",
                &[("none", "none"), ("runs", "makes itself ready first"), ("fails", "fails")],
            ),
        }
    }
}

/// The control that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Model,
    /// What is made of the plan.
    Experiment,
    Number(Param),
    Site(usize),
    Command,
    Env,
}

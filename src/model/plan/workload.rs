//! Workloads: what is run, with the parameters that a plan has validated.

use serde::{Deserialize, Serialize};

/// Which workload, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    Sites,
    FanOut,
    Pages,
    Primes,
    Mandelbrot,
    Sha256,
    Matrix,
    Pi,
    Sort,
    Sleep,
    FetchThenCompute,
    Convoy,
    Tiny,
    Large,
    Queue,
    Counter,
    Deadlock,
    Commands,
}

impl WorkloadKind {
    /// Every workload, in the order in which they are offered.
    pub const ALL: [WorkloadKind; 18] = [
        WorkloadKind::Sites,
        WorkloadKind::FanOut,
        WorkloadKind::Pages,
        WorkloadKind::Sleep,
        WorkloadKind::Primes,
        WorkloadKind::Mandelbrot,
        WorkloadKind::Sha256,
        WorkloadKind::Matrix,
        WorkloadKind::Pi,
        WorkloadKind::Sort,
        WorkloadKind::FetchThenCompute,
        WorkloadKind::Convoy,
        WorkloadKind::Tiny,
        WorkloadKind::Large,
        WorkloadKind::Queue,
        WorkloadKind::Counter,
        WorkloadKind::Deadlock,
        WorkloadKind::Commands,
    ];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            WorkloadKind::Sites => "Five sites",
            WorkloadKind::FanOut => "Fan out",
            WorkloadKind::Pages => "Pages",
            WorkloadKind::Sleep => "Sleep",
            WorkloadKind::Primes => "Primes",
            WorkloadKind::Mandelbrot => "Mandelbrot",
            WorkloadKind::Sha256 => "SHA-256",
            WorkloadKind::Matrix => "Matrices",
            WorkloadKind::Pi => "π",
            WorkloadKind::Sort => "Sort",
            WorkloadKind::FetchThenCompute => "Fetch + compute",
            WorkloadKind::Convoy => "Wait + compute",
            WorkloadKind::Tiny => "Tiny tasks",
            WorkloadKind::Large => "Large data",
            WorkloadKind::Queue => "Queue",
            WorkloadKind::Counter => "Counter",
            WorkloadKind::Deadlock => "Deadlock",
            WorkloadKind::Commands => "Commands",
        }
    }
}

/// What one chosen task does instead of its work, to show what a failure takes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    #[default]
    None,
    /// It panics: an error of that task alone.
    Panic,
    /// It traps: the process dies with every task in it.
    Trap,
    /// It computes for ever, and looks at nothing: only the end of its process ends it.
    Endless,
    /// It takes memory until there is none.
    Allocate,
}

/// One site of *Five sites*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Site {
    /// Answers after so many milliseconds.
    Answers { after_ms: u32 },
    /// Answers with status 503 after so many milliseconds.
    Refuses { after_ms: u32 },
    /// Cannot be reached, which shows after so many milliseconds.
    Unreachable { after_ms: u32 },
    /// Begins to answer after so many milliseconds, and breaks off half way.
    BreaksOff { after_ms: u32 },
    /// Takes the request and never answers.
    Hangs,
    /// An address that the user typed.
    Url(String),
}

/// How the latencies of a fan-out are spread around their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// All wait as long.
    #[default]
    Same,
    /// Any latency from none to twice the mean, each as likely.
    Even,
    /// Most are fast and a few very slow, as real services are (exponential).
    LongTail,
}

/// How the work of *Count primes* is dealt to its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shares {
    /// All about equally long.
    #[default]
    Even,
    /// The last has half of the work.
    OneLong,
}

/// What *Hash blocks* does to the interpreter's lock while it is in the C code of its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CCall {
    /// Lets go of it, as `hashlib` does for data of more than 2,047 bytes.
    #[default]
    Releases,
    /// Keeps it to the end of the call, as most C code does, and looks at nothing meanwhile.
    Keeps,
}

/// The order in which the tasks of *Deadlock* take their two locks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockOrder {
    /// The first A then B, the second B then A.
    #[default]
    Crossed,
    /// Both A then B, which cannot lock up.
    Same,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Workload {
    /// One request a task.
    Sites(Vec<Site>),
    /// One request a task, with latencies that are spread around a mean; the same seed gives the same latencies.
    FanOut { requests: u32, latency_ms: u32, spread: Spread, seed: u32 },
    /// Each task asks for one page after another, since each page names the next.
    Pages { tasks: u32, pages: u32, latency_ms: u32 },
    /// The primes below a bound, counted by so many independent tasks.
    Primes { tasks: u32, below: u32, shares: Shares, fault: Fault },
    /// The Mandelbrot set, rows of which are dealt to tasks.
    Mandelbrot { tasks: u32, iterations: u32, simd: bool, fault: Fault },
    /// Blocks of a megabyte, hashed.
    Sha256 { tasks: u32, blocks: u32, c_call: CCall },
    /// The product of two square matrices, rows of which are dealt to tasks.
    Matrix { tasks: u32, size: u32, simd: bool },
    /// π by random points in a square.
    Pi { tasks: u32, points: u32, seed: u32 },
    /// Random numbers to be sorted, so many by each task.
    Sort { tasks: u32, numbers: u32, seed: u32 },
    /// Tasks that sleep and return "result".
    Sleep { tasks: u32, ms: u32, fault: Fault },
    /// Each task makes a request, then counts primes.
    FetchThenCompute { tasks: u32, latency_ms: u32, below: u32 },
    /// One task computes; another waits for so many short sleeps meanwhile.
    Convoy { sleeps: u32, ms: u32, below: u32 },
    /// Tasks that do nothing.
    Tiny { tasks: u32 },
    /// Tasks that are given much data, and give its checksum.
    Large { tasks: u32, kib: u32 },
    /// One producer and so many consumers, through a queue of a bounded length.
    Queue { items: u32, capacity: u32, consumers: u32, below: u32 },
    /// Tasks that each add one to the same counter, so often.
    Counter { tasks: u32, times: u32, locked: bool },
    /// Two tasks that each take two locks.
    Deadlock { order: LockOrder, hold_ms: u32 },
    /// Other programs, each reading what the one before it writes.
    Commands(Commands),
}

/// A line of commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    /// Each with its arguments, of which the first is its name.
    pub commands: Vec<Vec<String>>,
    /// The environment of each, name and value.
    pub env: Vec<(String, String)>,
    /// What the first reads.
    pub stdin: String,
    /// How long they may take together, in milliseconds.
    pub timeout_ms: Option<u32>,
}

impl Workload {
    /// Which it is.
    pub fn kind(&self) -> WorkloadKind {
        match self {
            Workload::Sites(_) => WorkloadKind::Sites,
            Workload::FanOut { .. } => WorkloadKind::FanOut,
            Workload::Pages { .. } => WorkloadKind::Pages,
            Workload::Primes { .. } => WorkloadKind::Primes,
            Workload::Mandelbrot { .. } => WorkloadKind::Mandelbrot,
            Workload::Sha256 { .. } => WorkloadKind::Sha256,
            Workload::Matrix { .. } => WorkloadKind::Matrix,
            Workload::Pi { .. } => WorkloadKind::Pi,
            Workload::Sort { .. } => WorkloadKind::Sort,
            Workload::Sleep { .. } => WorkloadKind::Sleep,
            Workload::FetchThenCompute { .. } => WorkloadKind::FetchThenCompute,
            Workload::Convoy { .. } => WorkloadKind::Convoy,
            Workload::Tiny { .. } => WorkloadKind::Tiny,
            Workload::Large { .. } => WorkloadKind::Large,
            Workload::Queue { .. } => WorkloadKind::Queue,
            Workload::Counter { .. } => WorkloadKind::Counter,
            Workload::Deadlock { .. } => WorkloadKind::Deadlock,
            Workload::Commands(_) => WorkloadKind::Commands,
        }
    }

    /// The number of tasks.
    pub fn tasks(&self) -> u32 {
        match self {
            Workload::Sites(sites) => sites.len() as u32,
            Workload::Commands(line) => line.commands.len() as u32,
            Workload::FanOut { requests: tasks, .. }
            | Workload::Pages { tasks, .. }
            | Workload::Primes { tasks, .. }
            | Workload::Mandelbrot { tasks, .. }
            | Workload::Sha256 { tasks, .. }
            | Workload::Matrix { tasks, .. }
            | Workload::Pi { tasks, .. }
            | Workload::Sort { tasks, .. }
            | Workload::Sleep { tasks, .. }
            | Workload::FetchThenCompute { tasks, .. }
            | Workload::Tiny { tasks }
            | Workload::Large { tasks, .. }
            | Workload::Counter { tasks, .. } => *tasks,
            Workload::Queue { consumers, .. } => 1 + consumers,
            Workload::Convoy { .. } | Workload::Deadlock { .. } => 2,
        }
    }

    /// What a person calls one of its tasks.
    pub fn task_noun(&self) -> &'static str {
        match self {
            Workload::Sites(_) => "site",
            Workload::FanOut { .. } => "request",
            Workload::Commands(_) => "command",
            _ => "task",
        }
    }

    /// What a person calls one task, by its place.
    pub fn task_name(&self, index: u32) -> String {
        let number = index + 1;
        match self {
            Workload::Sites(sites) => match sites.get(index as usize) {
                Some(Site::Url(address)) => address.clone(),
                Some(Site::Unreachable { .. }) => format!("site {number} (unreachable)"),
                Some(Site::BreaksOff { .. }) => format!("site {number} (breaks off)"),
                Some(Site::Hangs) => format!("site {number} (never answers)"),
                _ => format!("site {number}"),
            },
            Workload::Commands(line) => {
                line.commands.get(index as usize).map_or_else(String::new, |command| command.join(" "))
            }
            Workload::Queue { .. } if index == 0 => "producer".to_owned(),
            Workload::Queue { .. } => format!("consumer {index}"),
            Workload::Convoy { .. } => if index == 0 { "computes" } else { "waits" }.to_owned(),
            _ => format!("{} {number}", self.task_noun()),
        }
    }

    /// Whether all of its tasks together do what another's do, dealt to however many, and computed in whatever way: then the times of
    /// both compare.
    pub fn comes_to_the_same_as(&self, other: &Workload) -> bool {
        let mut alike = other.clone();
        match (self, &mut alike) {
            (Workload::Primes { tasks, shares, .. }, Workload::Primes { tasks: of, shares: dealt, .. }) => {
                (*of, *dealt) = (*tasks, *shares);
            }
            (Workload::Mandelbrot { tasks, simd, .. }, Workload::Mandelbrot { tasks: of, simd: by, .. })
            | (Workload::Matrix { tasks, simd, .. }, Workload::Matrix { tasks: of, simd: by, .. }) => {
                (*of, *by) = (*tasks, *simd);
            }
            (Workload::Pi { tasks, .. }, Workload::Pi { tasks: of, .. }) => *of = *tasks,
            _ => {}
        }
        *self == alike
    }

    /// Whether its tasks make requests.
    pub fn makes_requests(&self) -> bool {
        matches!(
            self,
            Workload::Sites(_) | Workload::FanOut { .. } | Workload::Pages { .. } | Workload::FetchThenCompute { .. }
        )
    }

    /// Whether what its tasks do depends on each other: how fast they would be under another model does not follow from what each did.
    pub fn shares(&self) -> bool {
        matches!(self, Workload::Queue { .. } | Workload::Counter { .. } | Workload::Deadlock { .. })
    }

    /// How many of its tasks are set up to fail.
    pub fn set_to_fail(&self) -> usize {
        let fails =
            |site: &&Site| matches!(site, Site::Refuses { .. } | Site::Unreachable { .. } | Site::BreaksOff { .. });
        match self {
            Workload::Sites(sites) => sites.iter().filter(fails).count(),
            Workload::Primes { fault: Fault::Panic, .. }
            | Workload::Mandelbrot { fault: Fault::Panic, .. }
            | Workload::Sleep { fault: Fault::Panic, .. } => 1,
            _ => 0,
        }
    }

    /// Whether one of its tasks never ends by itself.
    pub fn never_ends(&self) -> bool {
        matches!(
            self,
            Workload::Primes { fault: Fault::Endless, .. }
                | Workload::Mandelbrot { fault: Fault::Endless, .. }
                | Workload::Sleep { fault: Fault::Endless, .. }
        )
    }

    /// Whether its tasks sleep.
    pub fn sleeps(&self) -> bool {
        matches!(self, Workload::Sleep { .. } | Workload::Convoy { .. } | Workload::Deadlock { .. })
    }

    /// Whether its tasks keep a core at work for most of their life.
    pub fn computes(&self) -> bool {
        !matches!(
            self,
            Workload::Sites(_)
                | Workload::FanOut { .. }
                | Workload::Pages { .. }
                | Workload::Sleep { .. }
                | Workload::Tiny { .. }
                | Workload::Deadlock { .. }
                | Workload::Commands(_)
        )
    }

    /// Whether a core is at work for most of the run: at its tasks, or at handing them over, where that is all that they are.
    pub fn keeps_a_core_at_work(&self) -> bool {
        self.computes() || matches!(self, Workload::Tiny { .. })
    }
}

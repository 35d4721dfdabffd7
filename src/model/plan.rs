//! What to run: a `Draft` as a person typed it, and the `Plan` that it becomes once it has been validated.

use serde::{Deserialize, Serialize};

use super::format::thousands;

/// The most workers that may be asked for, as a multiple of the cores.
pub const WORKERS_PER_CORE_MAX: u32 = 4;
/// The most threads that a pool of threads has unless more are asked for (CPython's `ThreadPoolExecutor`).
pub const THREADS_USUALLY_MAX: u32 = 32;
/// The most threads that may be asked for on a machine of few cores.
pub const THREADS_MAX: u32 = 64;
/// The switch interval, in microseconds: CPython's, and its bounds.
pub const SWITCH_INTERVAL_US: u32 = 5_000;
pub const SWITCH_INTERVAL_MAX_US: u32 = 100_000;
/// The most tasks of *Count primes*.
pub const PRIME_TASKS_MAX: u32 = 1_000;
/// The most sleeping tasks.
pub const SLEEP_TASKS_MAX: u32 = 200;
/// The most sites.
pub const SITES_MAX: usize = 20;
/// The largest bound of *Count primes*: about two minutes of one core.
pub const BELOW_MAX: u32 = 50_000_000;
/// The longest latency, sleep or time limit, in milliseconds.
pub const TIME_MAX_MS: u32 = 60_000;

/// Which workload, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    Sites,
    Primes,
    Sleep,
}

/// Which execution model, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelKind {
    /// One task after another, on one thread.
    Sequential,
    /// A pool of threads in one process, of which the one that has the lock computes: Python's threads.
    Threads,
    /// The same pool without the lock: threads of Rust, and of free-threaded Python.
    FreeThreads,
    /// A pool of processes, each with memory of its own: Python's `Pool(n).map`.
    Processes,
    /// Coroutines on one thread.
    EventLoop,
    /// A rayon pool: threads that share the memory of one process.
    Cores,
}

impl ModelKind {
    /// Every model, in the order in which they are offered.
    pub const ALL: [ModelKind; 6] = [
        ModelKind::Sequential,
        ModelKind::Threads,
        ModelKind::FreeThreads,
        ModelKind::EventLoop,
        ModelKind::Processes,
        ModelKind::Cores,
    ];

    /// Whether it has workers, whose number may be chosen.
    pub fn has_workers(self) -> bool {
        matches!(self, ModelKind::Threads | ModelKind::FreeThreads | ModelKind::Processes | ModelKind::Cores)
    }

    /// Whether it needs memory that workers of the browser share.
    pub fn shares_memory(self) -> bool {
        matches!(self, ModelKind::Threads | ModelKind::FreeThreads | ModelKind::Cores)
    }

    /// How many workers it has if nobody says: a pool of cores or processes one a core; a pool of threads four more, as CPython's, for
    /// tasks that wait.
    pub fn default_workers(self, cores: u32) -> u32 {
        match self {
            ModelKind::Threads | ModelKind::FreeThreads => cores.saturating_add(4).min(THREADS_USUALLY_MAX),
            ModelKind::Cores | ModelKind::Processes => cores,
            ModelKind::Sequential | ModelKind::EventLoop => 1,
        }
    }

    /// How many workers may be asked for.
    pub fn most_workers(self, cores: u32) -> u32 {
        match self {
            ModelKind::Threads | ModelKind::FreeThreads => THREADS_MAX.max(cores * WORKERS_PER_CORE_MAX),
            _ => cores * WORKERS_PER_CORE_MAX,
        }
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            ModelKind::Sequential => "Sequential",
            ModelKind::Threads => "Threads with a GIL",
            ModelKind::FreeThreads => "Free threads",
            ModelKind::Processes => "Process pool",
            ModelKind::EventLoop => "Event loop",
            ModelKind::Cores => "Cores",
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
    /// An address that the user typed.
    Url(String),
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Workload {
    /// One request a task.
    Sites(Vec<Site>),
    /// The primes below a bound, counted by so many independent tasks of about the same length.
    Primes { tasks: u32, below: u32, fault: Fault },
    /// Tasks that sleep and return "result".
    Sleep { tasks: u32, ms: u32, fault: Fault },
}

impl Workload {
    /// The number of tasks.
    pub fn tasks(&self) -> u32 {
        match self {
            Workload::Sites(sites) => sites.len() as u32,
            Workload::Primes { tasks, .. } | Workload::Sleep { tasks, .. } => *tasks,
        }
    }

    /// What a person calls one of its tasks.
    pub fn task_noun(&self) -> &'static str {
        match self {
            Workload::Sites(_) => "site",
            Workload::Primes { .. } | Workload::Sleep { .. } => "task",
        }
    }
}

/// A validated plan. It says everything that changes a run's result but the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub workload: Workload,
    pub model: ModelKind,
    /// Workers of the pool.
    pub workers: u32,
    /// How long a thread waits for the lock before it asks for it, in microseconds.
    pub switch_interval_us: u32,
    /// Tasks that a message to a process carries; `None` leaves it to Python's rule.
    pub chunksize: Option<u32>,
    /// Whether Sequential is run first, to compare with.
    pub compare: bool,
    /// The timeout of `wait`, which splits done from not done, in milliseconds since the first task was submitted.
    pub limit_ms: Option<u32>,
}

/// What a process is given to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub workload: Workload,
    pub model: ModelKind,
    /// Workers of the pool: threads of the process, or processes that it starts.
    pub workers: u32,
    /// How long a thread waits for the lock before it asks for it, in microseconds.
    pub switch_interval_us: u32,
    /// Tasks that a message to a process carries; `None` leaves it to Python's rule.
    pub chunksize: Option<u32>,
}

impl Plan {
    /// The job of one of its models.
    pub fn job(&self, model: ModelKind) -> Job {
        let workers = if model.has_workers() { self.workers } else { 0 };
        let Plan { switch_interval_us, chunksize, .. } = *self;
        Job { workload: self.workload.clone(), model, workers, switch_interval_us, chunksize }
    }

    /// The models to run, in order.
    pub fn models(&self) -> Vec<ModelKind> {
        if self.compare && self.model != ModelKind::Sequential {
            vec![ModelKind::Sequential, self.model]
        } else {
            vec![self.model]
        }
    }
}

impl Job {
    /// How many threads its process has besides its own: a pool starts no more workers than there are tasks.
    pub fn threads(&self) -> u32 {
        match self.model {
            ModelKind::Threads | ModelKind::FreeThreads => self.workers.min(self.workload.tasks()),
            ModelKind::Cores => self.workers,
            ModelKind::Sequential | ModelKind::EventLoop | ModelKind::Processes => 0,
        }
    }
}

/// How one site is meant, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    Answers,
    Refuses,
    Unreachable,
    Url,
}

/// One site as it was typed: milliseconds, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteDraft {
    pub kind: SiteKind,
    pub value: String,
}

/// A plan as it was typed: any text in any field, so that nothing a person wrote is lost while it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub workload: WorkloadKind,
    pub model: ModelKind,
    pub workers: String,
    pub switch_interval_us: String,
    pub chunksize: String,
    pub compare: bool,
    pub limit_ms: String,
    pub sites: Vec<SiteDraft>,
    pub prime_tasks: String,
    pub below: String,
    pub sleep_tasks: String,
    pub sleep_ms: String,
    pub fault: Fault,
}

impl Default for Draft {
    fn default() -> Draft {
        let site = |kind, value: &str| SiteDraft { kind, value: value.to_owned() };
        Draft {
            workload: WorkloadKind::Sites,
            model: ModelKind::EventLoop,
            workers: String::new(),
            switch_interval_us: String::new(),
            chunksize: String::new(),
            compare: true,
            limit_ms: String::new(),
            sites: vec![
                site(SiteKind::Answers, "300"),
                site(SiteKind::Answers, "150"),
                site(SiteKind::Answers, "450"),
                site(SiteKind::Unreachable, "40"),
                site(SiteKind::Answers, "200"),
            ],
            prime_tasks: "8".to_owned(),
            below: "8000000".to_owned(),
            sleep_tasks: "4".to_owned(),
            sleep_ms: "1000".to_owned(),
            fault: Fault::None,
        }
    }
}

/// The control that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Model,
    Workers,
    SwitchInterval,
    Chunksize,
    Limit,
    Site(usize),
    PrimeTasks,
    Below,
    SleepTasks,
    SleepMs,
}

/// What is wrong with one control, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: Field,
    pub message: String,
}

impl Draft {
    /// Whether this workload can run under a model; if not, why.
    pub fn model_refused(workload: WorkloadKind, model: ModelKind) -> Option<&'static str> {
        (workload == WorkloadKind::Sites && model == ModelKind::Cores)
            .then_some("Not for requests: rayon’s threads have no event loop to make them on.")
    }

    /// The plan, or everything that is wrong with it. `cores` is what the machine reports.
    ///
    /// # Errors
    /// One message for each control whose text is not usable; fields that the chosen workload or model does not read
    /// are not looked at.
    pub fn validate(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        let mut errors = Checks::default();
        if let Some(reason) = Self::model_refused(self.workload, self.model) {
            errors.add(Field::Model, reason.to_owned());
        }
        let workers = if self.model.has_workers() && !self.workers.trim().is_empty() {
            let most = self.model.most_workers(cores);
            errors.number(Field::Workers, &self.workers, 1, most, || match self.model {
                ModelKind::Cores | ModelKind::Processes => {
                    format!("4 for each of the {cores} cores that this browser reports")
                }
                _ => "each is a thread of its own".to_owned(),
            })
        } else {
            self.model.default_workers(cores)
        };
        let switch_interval_us = if self.model == ModelKind::Threads && !self.switch_interval_us.trim().is_empty() {
            let unit = || "microseconds".to_owned();
            errors.number(Field::SwitchInterval, &self.switch_interval_us, 1, SWITCH_INTERVAL_MAX_US, unit)
        } else {
            SWITCH_INTERVAL_US
        };
        let chunksize = (self.model == ModelKind::Processes && !self.chunksize.trim().is_empty())
            .then(|| errors.number(Field::Chunksize, &self.chunksize, 1, PRIME_TASKS_MAX, || "tasks".to_owned()));
        let limit_ms = (!self.limit_ms.trim().is_empty()).then(|| errors.milliseconds(Field::Limit, &self.limit_ms, 1));
        let workload = match self.workload {
            WorkloadKind::Sites => {
                Workload::Sites(self.sites.iter().enumerate().map(|(index, site)| errors.site(index, site)).collect())
            }
            WorkloadKind::Primes => Workload::Primes {
                tasks: errors.number(Field::PrimeTasks, &self.prime_tasks, 1, PRIME_TASKS_MAX, String::new),
                below: errors.number(Field::Below, &self.below, 10, BELOW_MAX, String::new),
                fault: self.fault,
            },
            WorkloadKind::Sleep => Workload::Sleep {
                tasks: errors.number(Field::SleepTasks, &self.sleep_tasks, 1, SLEEP_TASKS_MAX, String::new),
                ms: errors.milliseconds(Field::SleepMs, &self.sleep_ms, 0),
                fault: self.fault,
            },
        };
        if errors.0.is_empty() {
            Ok(Plan {
                workload,
                model: self.model,
                workers,
                switch_interval_us,
                chunksize,
                compare: self.compare,
                limit_ms,
            })
        } else {
            Err(errors.0)
        }
    }
}

/// Collects what is wrong. A check that fails gives a value all the same, which is never used: there is an error then.
#[derive(Default)]
struct Checks(Vec<FieldError>);

impl Checks {
    fn add(&mut self, field: Field, message: String) {
        self.0.push(FieldError { field, message });
    }

    fn number(&mut self, field: Field, text: &str, least: u32, most: u32, why_most: impl Fn() -> String) -> u32 {
        let range = || {
            let why = why_most();
            let why = if why.is_empty() { why } else { format!(" ({why})") };
            format!("a whole number from {} to {}{why}", thousands(least.into()), thousands(most.into()))
        };
        let text = text.trim();
        let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{202f}')).collect();
        let digits = plain.strip_prefix('-').unwrap_or(&plain);
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let message = match plain.parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => return number,
            _ if text.is_empty() => format!("Enter {}.", range()),
            _ if !is_number => format!("“{text}” is no number: enter {}.", range()),
            Ok(number) if number < least => format!("{text} is too small: {}.", range()),
            Err(_) if plain.starts_with('-') => format!("{text} is too small: {}.", range()),
            _ => format!("{text} is too large: {}.", range()),
        };
        self.add(field, message);
        least
    }

    fn milliseconds(&mut self, field: Field, text: &str, least: u32) -> u32 {
        self.number(field, text, least, TIME_MAX_MS, || "milliseconds".to_owned())
    }

    fn site(&mut self, index: usize, site: &SiteDraft) -> Site {
        let field = Field::Site(index);
        match site.kind {
            SiteKind::Answers => Site::Answers { after_ms: self.milliseconds(field, &site.value, 0) },
            SiteKind::Refuses => Site::Refuses { after_ms: self.milliseconds(field, &site.value, 0) },
            SiteKind::Unreachable => Site::Unreachable { after_ms: self.milliseconds(field, &site.value, 0) },
            SiteKind::Url => {
                let address = site.value.trim();
                if let Some(message) = address_problem(address) {
                    self.add(field, message);
                }
                Site::Url(address.to_owned())
            }
        }
    }
}

/// What is wrong with an address, if anything. The browser has the last word when it is fetched; this catches what is
/// plainly none before a run begins.
fn address_problem(address: &str) -> Option<String> {
    if address.is_empty() {
        return Some("Enter an address, such as https://example.org/.".to_owned());
    }
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let host_is_one = host.is_some_and(|host| {
        !host.is_empty()
            && host.chars().all(|c| {
                !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '@' | '_')
            })
    });
    if host_is_one && !address.contains(char::is_whitespace) {
        None
    } else {
        Some(format!("“{address}” is no web address: it starts with https:// or http://, then a host."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(draft: &Draft) -> Vec<(Field, String)> {
        draft.validate(2).unwrap_err().into_iter().map(|error| (error.field, error.message)).collect()
    }

    fn cores(workers: &str) -> Draft {
        Draft {
            workload: WorkloadKind::Primes,
            model: ModelKind::Cores,
            workers: workers.to_owned(),
            ..Draft::default()
        }
    }

    #[test]
    fn the_default_draft_is_a_plan_under_which_sequential_runs_first() {
        let plan = Draft::default().validate(2).unwrap();
        assert_eq!(plan.workload.tasks(), 5);
        assert_eq!(plan.models(), [ModelKind::Sequential, ModelKind::EventLoop]);
        assert_eq!(Plan { compare: false, ..plan.clone() }.models(), [ModelKind::EventLoop]);
        assert_eq!(Plan { model: ModelKind::Sequential, ..plan }.models(), [ModelKind::Sequential]);
    }

    #[test]
    fn workers_default_to_the_cores_and_end_at_four_times_them() {
        assert_eq!(cores("").validate(2).unwrap().workers, 2);
        assert_eq!(cores(" 8 ").validate(2).unwrap().workers, 8);
        for (text, part) in [
            ("0", "0 is too small"),
            ("10000", "10000 is too large"),
            ("99999999999999999999", "is too large"),
            ("-1", "-1 is too small"),
            ("9", "to 8 (4 for each of the 2"),
        ] {
            let found = errors(&cores(text));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].0, Field::Workers);
            assert!(found[0].1.contains(part), "{}", found[0].1);
        }
    }

    #[test]
    fn what_is_no_number_is_said_to_be_none() {
        for text in ["two", "1.5", "1e3", "-", "1-1"] {
            let found = errors(&cores(text));
            assert!(found[0].1.contains("is no number"), "{}", found[0].1);
        }
        let mut draft = cores("");
        draft.below = "2,000,000".to_owned();
        assert!(draft.validate(2).is_ok());
        draft.below = String::new();
        assert!(errors(&draft)[0].1.starts_with("Enter a whole number"));
    }

    #[test]
    fn a_negative_latency_is_a_message_beside_its_site() {
        let mut draft = Draft::default();
        draft.sites[2].value = "-5".to_owned();
        assert_eq!(errors(&draft)[0].0, Field::Site(2));
        assert!(errors(&draft)[0].1.contains("too small"));
    }

    #[test]
    fn an_address_is_one_or_says_how_it_would_be() {
        for address in ["https://example.org", "http://[::1]:8080/a?b=c#d", "https://пример.example/x"] {
            assert_eq!(address_problem(address), None, "{address}");
        }
        for address in
            ["", "example.org", "ftp://example.org", "https://", "https:///x", "https://a b/", "https://a/ b"]
        {
            assert!(address_problem(address).is_some(), "{address}");
        }
    }

    #[test]
    fn requests_under_a_core_pool_are_refused_with_the_reason() {
        let draft = Draft { model: ModelKind::Cores, ..Draft::default() };
        assert_eq!(errors(&draft)[0].0, Field::Model);
    }

    #[test]
    fn fields_that_are_not_read_are_not_looked_at() {
        let draft = Draft { below: "x".to_owned(), workers: "x".to_owned(), ..Draft::default() };
        assert!(draft.validate(2).is_ok());
    }
}

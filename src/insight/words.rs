//! What tasks return, and how they fail, in words: by the work that they did.

use crate::model::format::{self, thousands};
use crate::model::outcome::{Failure, Outcome, Value};
use crate::model::plan::{ModelKind, Workload};
use crate::model::trace::Trace;

/// What one task returned.
pub fn value(workload: &Workload, value: Value) -> String {
    match (value, workload) {
        (
            Value::Count(count),
            Workload::Primes { .. } | Workload::FetchThenCompute { .. } | Workload::Convoy { .. },
        ) => {
            format!("{} primes", thousands(count))
        }
        (Value::Count(count), Workload::Mandelbrot { .. }) => format!("{} points inside", thousands(count)),
        (Value::Count(count), Workload::Matrix { .. }) => format!("entries add up to {}", thousands(count)),
        (Value::Count(count), Workload::Pi { .. }) => format!("{} points in the circle", thousands(count)),
        (Value::Count(count), Workload::Sort { .. }) => format!("sorted; {} in the middle", thousands(count)),
        (Value::Count(count), Workload::Counter { .. }) => format!("added {}", thousands(count)),
        (Value::Count(count), Workload::Queue { .. }) => format!("{} items", thousands(count)),
        (Value::Count(count), _) => thousands(count),
        (Value::Response { status, bytes }, _) => format!("{status}, {} bytes", thousands(bytes.into())),
        (Value::Text, _) => "“result”".to_owned(),
        (Value::Digest(digest), Workload::Sha256 { .. }) => format!("{}…", hex(digest)),
        (Value::Digest(digest), _) => format!("CRC-32 {}", hex(digest)),
        (Value::Exited { written_bytes }, _) => format!("exit code 0; wrote {} bytes", thousands(written_bytes.into())),
        (Value::Nothing, _) => "done".to_owned(),
    }
}

/// How one task failed. Events carry no words; they come with the report.
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Panicked(words) if words.is_empty() => "panicked".to_owned(),
        Failure::Unreachable(words) if words.is_empty() => "no answer".to_owned(),
        Failure::BrokenPool(words) if words.is_empty() => "the pool is broken".to_owned(),
        Failure::Deadlock(words) if words.is_empty() => "deadlock".to_owned(),
        Failure::Stalled(words) if words.is_empty() => "waited for what nobody was left to do".to_owned(),
        Failure::BrokeOff(words) if words.is_empty() => "the answer broke off".to_owned(),
        other => other.to_string(),
    }
}

/// What all tasks found together, once each has returned: something that a person can check.
pub fn answer(workload: &Workload, model: ModelKind, trace: &Trace) -> Option<String> {
    for (task, number) in trace.tasks.iter().zip(1..) {
        if let Some(Outcome::Failed(Failure::Deadlock(circle))) = &task.outcome
            && !circle.is_empty()
        {
            return Some(format!(
                "Deadlock: {circle}. Task {number} would have waited for ever; it was ended, and what it held let go."
            ));
        }
    }
    let mut counts = 0_u64;
    for task in &trace.tasks {
        match task.outcome {
            // What a file says may be anything.
            Some(Outcome::Done(Value::Count(count))) => counts = count.saturating_add(counts),
            Some(Outcome::Done(_)) => {}
            _ => return None,
        }
    }
    Some(match workload {
        Workload::Primes { below, .. } => {
            format!("There are {} primes below {}.", thousands(counts), thousands((*below).into()))
        }
        Workload::Pi { points, .. } => {
            let pi = 4.0 * counts as f64 / f64::from(*points);
            format!("π is about {} by {} points.", format::fixed(pi, 5), thousands((*points).into()))
        }
        Workload::Mandelbrot { .. } => format!("{} points are in the set.", thousands(counts)),
        Workload::Matrix { size, .. } => {
            format!("The entries of the product add up to {} ({size} rows and columns).", thousands(counts))
        }
        Workload::Counter { tasks, times, locked } => {
            let asked = u64::from(*tasks) * u64::from(*times);
            let lost = asked.saturating_sub(trace.counter?);
            match (lost, locked) {
                (0, true) => format!("The counter is {}: with the lock, no update was lost.", thousands(asked)),
                (0, false) if matches!(model, ModelKind::EventLoop | ModelKind::Sequential) => format!(
                    "The counter is {}: on one thread nothing comes between reading and writing, so no update can be lost.",
                    thousands(asked)
                ),
                (0, false) => format!(
                    "The counter is {}: no update was lost this time. Without a lock, nothing says that none will be.",
                    thousands(asked)
                ),
                (lost, _) => format!(
                    "The counter is {}, not {}: {} updates were lost between reading and writing.",
                    thousands(asked - lost),
                    thousands(asked),
                    thousands(lost)
                ),
            }
        }
        Workload::Queue { items, .. } => format!("{} items went through the queue.", thousands((*items).into())),
        _ => return None,
    })
}

/// What the pool says of the task that its dead process had begun (`engine::processes`).
const BEGUN: &str = "; it had probably begun this task";

/// What broke a pool, and what was lost with it, if one broke: which of its tasks failed by itself is not to be seen otherwise.
pub fn broken_pool(noun: &str, trace: &Trace) -> Option<String> {
    let broken = (1..).zip(&trace.tasks).filter_map(|(number, task)| match &task.outcome {
        Some(Outcome::Failed(Failure::BrokenPool(words))) => Some((number, words.as_str())),
        _ => None,
    });
    let broken: Vec<(usize, &str)> = broken.collect();
    let (_, first) = *broken.first()?;
    let begun = broken.iter().find_map(|(number, words)| Some((*number, words.split_once(BEGUN)?)));
    let Some((number, (reason, rest))) = begun else {
        // Nobody knows more of it; words that came with no event come with the report.
        let why = if first.is_empty() { String::new() } else { format!(": {first}") };
        return Some(format!("The pool broke{why}. {} failed with it.", format::count(broken.len(), noun)));
    };
    let of_chunk = if rest.is_empty() { "" } else { ", or another task of its chunk" };
    let others = broken.len() - 1;
    let lost = if others > 0 {
        format!("; {} failed with it", format::count(others, &format!("other {noun}")))
    } else {
        String::new()
    };
    Some(format!("The pool broke: {reason}. It had probably begun {noun} {number}{of_chunk}{lost}."))
}

/// Eight digits, as `sha256sum` begins.
fn hex(number: u32) -> String {
    format!("{number:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{Fault, Shares};
    use crate::model::trace::TaskLife;

    fn trace(counts: &[u64]) -> Trace {
        let life = |count: &u64| TaskLife { outcome: Some(Outcome::Done(Value::Count(*count))), ..TaskLife::default() };
        Trace { tasks: counts.iter().map(life).collect(), ..Trace::default() }
    }

    #[test]
    fn results_are_said_by_their_work() {
        let primes = Workload::Primes { tasks: 2, below: 100, shares: Shares::Even, fault: Fault::None };
        assert_eq!(value(&primes, Value::Count(1_229)), "1,229 primes");
        assert_eq!(
            answer(&primes, ModelKind::Cores, &trace(&[12, 13])).as_deref(),
            Some("There are 25 primes below 100.")
        );
        let mut unfinished = trace(&[12, 13]);
        unfinished.tasks[1].outcome = None;
        assert_eq!(answer(&primes, ModelKind::Cores, &unfinished), None);
        let pi = Workload::Pi { tasks: 2, points: 1_000, seed: 1 };
        assert_eq!(
            answer(&pi, ModelKind::Cores, &trace(&[400, 385])).as_deref(),
            Some("π is about 3.14000 by 1,000 points.")
        );
    }

    #[test]
    fn a_broken_pool_is_told_by_what_its_dead_process_had_begun() {
        let failed = |words: &str| TaskLife {
            outcome: Some(Outcome::Failed(Failure::BrokenPool(words.to_owned()))),
            ..TaskLife::default()
        };
        let lives = |begun: &str| [trace(&[1]).tasks, vec![failed("process 1 died"), failed(begun)]].concat();
        let told = |begun: &str| broken_pool("task", &Trace { tasks: lives(begun), ..Trace::default() }).unwrap();
        assert_eq!(
            told("process 1 died; it had probably begun this task"),
            "The pool broke: process 1 died. It had probably begun task 3; 1 other task failed with it."
        );
        assert!(
            told("process 1 died; it had probably begun this task, or another of the 4 of its chunk")
                .contains("begun task 3, or another task of its chunk; 1 other task")
        );
        assert_eq!(told("an initializer failed"), "The pool broke: process 1 died. 2 tasks failed with it.");
        assert_eq!(broken_pool("task", &trace(&[1, 2])), None);
    }

    #[test]
    fn lost_updates_are_counted() {
        let counter = Workload::Counter { tasks: 2, times: 50, locked: false };
        let told = |value| {
            let trace = Trace { counter: Some(value), ..trace(&[50, 50]) };
            answer(&counter, ModelKind::FreeThreads, &trace).unwrap_or_default()
        };
        assert!(told(93).contains("is 93, not 100: 7 updates were lost"), "{}", told(93));
        assert!(told(100).contains("no update was lost this time"), "{}", told(100));
        let on_a_loop = answer(&counter, ModelKind::EventLoop, &Trace { counter: Some(100), ..trace(&[50, 50]) });
        assert!(on_a_loop.is_some_and(|text| text.contains("no update can be lost")));
    }
}

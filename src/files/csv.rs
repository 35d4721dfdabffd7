//! The tasks of a run as a table for spreadsheets: CSV (RFC 4180), a row a task.

use crate::model::format::fixed;
use crate::model::outcome::{Outcome, Value};
use crate::model::run::{Run, RunLeg};
use crate::model::time::Instant;
use crate::model::trace::{Stamp, TaskLife};

const HEAD: &str = "leg,model,task,name,submitted_ms,started_ms,ended_ms,outcome,result";

/// Writes the tasks of every leg, in order of submission. Times count from the first submission of their leg.
pub fn write(run: &Run) -> String {
    let mut out = format!("{HEAD}\r\n");
    for (leg, number) in run.legs.iter().zip(1..) {
        let zero = leg.trace.work_start().unwrap_or_default();
        for (index, life) in leg.trace.tasks.iter().enumerate() {
            row(&mut out, leg, number, index, life, zero);
        }
    }
    out
}

fn row(out: &mut String, leg: &RunLeg, number: usize, index: usize, life: &TaskLife, zero: Instant) {
    // Nothing was submitted before the first, so no time is negative.
    let ms =
        |stamp: Option<Stamp>| stamp.map_or(String::new(), |stamp| fixed((stamp.at - zero).as_nanos() as f64 / 1e6, 6));
    let (outcome, result) = match &life.outcome {
        None => ("", String::new()),
        Some(Outcome::Cancelled) => ("cancelled", String::new()),
        Some(Outcome::Done(value)) => ("done", text_of(*value)),
        Some(Outcome::Failed(failure)) => ("failed", failure.to_string()),
    };
    let fields = [
        number.to_string(),
        leg.title.clone(),
        (index + 1).to_string(),
        leg.task_name(index),
        ms(life.submitted),
        ms(life.started),
        ms(life.ended),
        outcome.to_owned(),
        result,
    ];
    let fields: Vec<String> = fields.into_iter().map(quoted).collect();
    *out += &fields.join(",");
    *out += "\r\n";
}

fn text_of(value: Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Response { status, bytes } => format!("status {status} with {bytes} bytes"),
        Value::Text => "result".to_owned(),
        Value::Digest(digest) => format!("{digest:08x}"),
        Value::Nothing => String::new(),
        Value::Exited { written_bytes } => format!("exit code 0 with {written_bytes} bytes"),
    }
}

/// A field, in quotes where it has what ends one. What a spreadsheet would take for a formula becomes text.
fn quoted(field: String) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field };
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_would_break_a_table_or_run_in_it_do_not() {
        let cases = [("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1")];
        for (field, written) in cases {
            assert_eq!(quoted(field.to_owned()), written);
        }
    }
}

//! The numbers of a run's legs as a table in Markdown, to be pasted where people write.

use crate::insight::Summary;
use crate::model::format;
use crate::model::plan::ModelKind;
use crate::model::run::Run;

/// Writes a row for each leg. Speedup is that over Sequential, where it is among them.
pub fn write(run: &Run) -> String {
    let summaries: Vec<Summary> = run.legs.iter().map(|leg| Summary::of(&leg.trace)).collect();
    let baseline = run.legs.iter().position(|leg| leg.model == Some(ModelKind::Sequential));
    let mut out = String::from(
        "| Model | Wall time | Speedup | In flight, peak | Computing, peak | Starting | Done | Failed | Cancelled |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (place, (leg, summary)) in run.legs.iter().zip(&summaries).enumerate() {
        let gained = baseline.filter(|baseline| *baseline != place).and_then(|at| speedup(&summaries[at], summary));
        let cells = [
            escaped(&leg.title),
            format::duration(summary.wall),
            gained.map_or("–".to_owned(), format::ratio),
            summary.dials.in_flight.peak.to_string(),
            summary.dials.computing.peak.to_string(),
            format::duration(summary.start_up),
            summary.done.to_string(),
            summary.failed.to_string(),
            summary.cancelled.to_string(),
        ];
        out += &format!("| {} |\n", cells.join(" | "));
    }
    let place = &run.place;
    let mut where_made = Vec::new();
    if !place.browser.is_empty() {
        where_made.push(escaped(&place.browser));
    }
    if place.cores > 0 {
        where_made.push(format::count(place.cores as usize, "core"));
    }
    if let Some(step) = place.clock_step_ns {
        where_made.push(format!("clock step {}", format::duration(core::time::Duration::from_nanos(step))));
    }
    if !place.build.is_empty() {
        where_made.push(format!("Overlap {}", escaped(&place.build)));
    }
    if !where_made.is_empty() {
        out += &format!("\n{}\n", where_made.join(", "));
    }
    out
}

/// Text that stays in its cell.
fn escaped(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    text.replace('\\', "\\\\").replace('|', "\\|")
}

/// How many times faster a run was than another. `None` unless both ended every task, since nothing else compares.
fn speedup(baseline: &Summary, run: &Summary) -> Option<f64> {
    let comparable = baseline.is_complete() && run.is_complete() && !run.wall.is_zero();
    comparable.then(|| baseline.wall.as_secs_f64() / run.wall.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_what_would_end_it() {
        assert_eq!(escaped("a|b\nc\\"), "a\\|b c\\\\");
    }
}

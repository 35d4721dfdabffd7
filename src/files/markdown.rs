//! The numbers of a run's legs as a table in Markdown, to be pasted where people write.

use crate::insight::Summary;
use crate::insight::figures::{repeats, walls};
use crate::insight::repeats::{Repeats, speedup};
use crate::model::format;
use crate::model::plan::ModelKind;
use crate::model::run::{Run, RunLeg};

/// Writes a row for each leg: with the median of its runs, where more than the one that is drawn is known. Speedup is that over
/// Sequential, where it is among them, or of a curve over one worker; of what is no plan of ours nobody knows whether all did the same.
pub fn write(run: &Run) -> String {
    let summaries: Vec<Summary> = run.legs.iter().map(|leg| Summary::of(&leg.trace)).collect();
    let wall = |place: usize| -> Option<Repeats> {
        match (&run.figures, run.legs[place].setting) {
            (Some(figures), Some(setting)) => walls(figures, setting as usize),
            _ => Some(&summaries[place])
                .filter(|summary| summary.is_complete())
                .and_then(|one| Repeats::of(&[one.wall], 0)),
        }
    };
    let start = |place: usize| {
        let figures = run.figures.as_ref().zip(run.legs[place].setting);
        let starts =
            figures.and_then(|(figures, setting)| repeats(figures, setting as usize, |figures| figures.start_up));
        starts.map_or(summaries[place].start_up, |starts| starts.median)
    };
    let is_sequential = |leg: &RunLeg| leg.model == Some(ModelKind::Sequential);
    // Of a curve, all legs are of one model, and the first has one worker.
    let is_curve = run.legs.len() > 1 && run.legs.windows(2).all(|pair| pair[0].model == pair[1].model);
    let baseline = run.legs.iter().position(is_sequential).or(is_curve.then_some(0)).filter(|_| run.plan.is_some());
    let mut out = String::from(
        "| Model | Wall time | Speedup | In flight, peak | Computing, peak | Starting | Done | Failed | Cancelled |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (place, (leg, summary)) in run.legs.iter().zip(&summaries).enumerate() {
        let against = baseline.filter(|baseline| *baseline != place).and_then(wall);
        let gained = against.zip(wall(place)).and_then(|(against, wall)| speedup(&against, &wall));
        let length = match wall(place) {
            Some(wall) if wall.n > 1 => format!("{} (n = {})", format::duration(wall.median), wall.n),
            _ => format::duration(summary.wall),
        };
        let cells = [
            escaped(&leg.title),
            length,
            gained.map_or("–".to_owned(), |gained| format::ratio(gained.value)),
            summary.dials.in_flight.peak.to_string(),
            summary.dials.computing.peak.to_string(),
            format::duration(start(place)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_what_would_end_it() {
        assert_eq!(escaped("a|b\nc\\"), "a\\|b c\\\\");
    }
}

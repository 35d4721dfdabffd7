//! Which rows the picture has, and where they stand.

use std::collections::BTreeSet;

use super::leg::Leg;
use crate::model::id::LaneId;

/// The height of a run's title, of a lane, and what is left free below a run, in pixels.
pub const TITLE_HEIGHT: f64 = 30.0;
pub const LANE_HEIGHT: f64 = 24.0;
pub const LEG_GAP: f64 = 10.0;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The title of a run.
    Title,
    /// The lane in this place of its trace.
    Lane(usize),
    /// That some lanes are not shown, since their names do not have what was asked for.
    Hidden(usize),
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Which run it belongs to.
    pub leg: usize,
    pub kind: RowKind,
    /// From the top of all rows, or of the pinned ones.
    pub top: f64,
    pub height: f64,
}

impl Row {
    /// Its middle, from the same point as its top.
    pub fn middle(&self) -> f64 {
        self.top + self.height / 2.0
    }
}

/// What a person chose to see of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Runs of which only the title is shown.
    pub folded: BTreeSet<usize>,
    /// Lanes that stay at the top while the others are scrolled.
    pub pinned: BTreeSet<(usize, LaneId)>,
    /// What a lane's name has to contain, in small or large letters.
    pub filter: String,
}

/// All rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Those that stay, and the height that they take.
    pub pinned: Vec<Row>,
    pub pinned_height: f64,
    /// The others, in order of their tops, and the height of them all.
    pub scrolled: Vec<Row>,
    pub height: f64,
}

impl Rows {
    /// The rows of these runs.
    pub fn of(legs: &[Leg<'_>], choice: &Choice) -> Rows {
        let mut rows = Rows::default();
        let filter = choice.filter.trim().to_lowercase();
        for (number, leg) in legs.iter().enumerate() {
            rows.push(number, RowKind::Title, TITLE_HEIGHT);
            if !choice.folded.contains(&number) {
                let mut hidden = 0;
                for (place, (id, _)) in leg.trace.lanes.iter().enumerate() {
                    if choice.pinned.contains(&(number, id)) {
                        let top = rows.pinned_height;
                        rows.pinned.push(Row { leg: number, kind: RowKind::Lane(place), top, height: LANE_HEIGHT });
                        rows.pinned_height += LANE_HEIGHT;
                    } else if filter.is_empty() || leg.lane_name(id).to_lowercase().contains(&filter) {
                        rows.push(number, RowKind::Lane(place), LANE_HEIGHT);
                    } else {
                        hidden += 1;
                    }
                }
                if hidden > 0 {
                    rows.push(number, RowKind::Hidden(hidden), LANE_HEIGHT);
                }
            }
            rows.height += LEG_GAP;
        }
        rows
    }

    fn push(&mut self, leg: usize, kind: RowKind, height: f64) {
        self.scrolled.push(Row { leg, kind, top: self.height, height });
        self.height += height;
    }

    /// Those of the scrolled rows that touch a stretch.
    pub fn between(&self, top: f64, bottom: f64) -> &[Row] {
        let from = self.scrolled.partition_point(|row| row.top + row.height <= top);
        let to = self.scrolled.partition_point(|row| row.top < bottom);
        &self.scrolled[from..to.max(from)]
    }

    /// All lanes, from the top.
    pub fn lanes(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.pinned.iter().chain(&self.scrolled).filter_map(|row| match row.kind {
            RowKind::Lane(place) => Some((row.leg, place)),
            RowKind::Title | RowKind::Hidden(_) => None,
        })
    }

    /// The row of a lane.
    pub fn find(&self, leg: usize, place: usize) -> Option<&Row> {
        self.scrolled.iter().find(|row| row.leg == leg && row.kind == RowKind::Lane(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::Trace;

    #[test]
    fn rows_are_folded_pinned_and_filtered() {
        let mut trace = Trace::new(0);
        for number in 0..3 {
            trace.lanes.lane(LaneId::Thread(number));
        }
        let leg = Leg { number: 0, title: "Threads", trace: &trace, noun: "task", children: &[], limit_ms: None };
        let legs = [leg, leg];
        let kinds = |rows: &[Row]| rows.iter().map(|row| (row.leg, row.kind)).collect::<Vec<_>>();
        let all = Rows::of(&legs, &Choice::default());
        assert_eq!(all.scrolled.len(), 8);
        assert_eq!(all.height, 2.0 * (TITLE_HEIGHT + 3.0 * LANE_HEIGHT + LEG_GAP));
        assert_eq!(kinds(all.between(31.0, 55.0)), [(0, RowKind::Lane(0)), (0, RowKind::Lane(1))]);
        assert_eq!(kinds(all.between(-50.0, 1.0)), [(0, RowKind::Title)]);
        assert_eq!(all.between(9_999.0, 99_999.0), []);

        let mut choice = Choice::default();
        choice.folded.insert(0);
        choice.pinned.insert((1, LaneId::Thread(2)));
        choice.filter = "worker".to_owned();
        let some = Rows::of(&legs, &choice);
        assert_eq!(kinds(&some.pinned), [(1, RowKind::Lane(2))]);
        let expected = [(0, RowKind::Title), (1, RowKind::Title), (1, RowKind::Lane(1)), (1, RowKind::Hidden(1))];
        assert_eq!(kinds(&some.scrolled), expected);
    }
}

//! The picture that tasks compute together, as far as it has come.

use crate::model::id::LaneId;
use crate::model::plan::{PICTURE_HEIGHT, PICTURE_WIDTH, Workload};
use crate::model::trace::Trace;

/// Points in a row, and rows.
pub const WIDTH: usize = PICTURE_WIDTH as usize;
pub const HEIGHT: usize = PICTURE_HEIGHT as usize;
/// The points of a piece (`EventKind::Shown`).
const PIECE_POINTS: usize = 16;

/// Shades of points, and who computed each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Row by row; `None` where nothing was computed yet; 0 in the set, 1 to 15 around it.
    pub shades: Vec<Option<u8>>,
    pub rows: Vec<Option<LaneId>>,
}

/// The picture of a run, if its work is one.
pub fn picture(workload: &Workload, trace: &Trace) -> Option<Picture> {
    if !matches!(workload, Workload::Mandelbrot { .. }) {
        return None;
    }
    let mut picture = Picture { shades: vec![None; WIDTH * HEIGHT], rows: vec![None; HEIGHT] };
    for piece in &trace.shown {
        // What a file says may be anywhere.
        let Some(start) = (piece.piece as usize).checked_mul(PIECE_POINTS) else { continue };
        let Some(points) = picture.shades.get_mut(start..).and_then(|rest| rest.get_mut(..PIECE_POINTS)) else {
            continue;
        };
        for (number, point) in points.iter_mut().enumerate() {
            *point = Some((piece.shades >> (4 * number)) as u8 & 15);
        }
        picture.rows[start / WIDTH] = Some(piece.lane);
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::Fault;
    use crate::model::trace::Piece;

    #[test]
    fn pieces_are_put_where_they_belong_and_the_rest_stays_open() {
        let workload = Workload::Mandelbrot { tasks: 1, iterations: 10, simd: false, fault: Fault::None };
        let lane = LaneId::Thread(2);
        let shown =
            vec![Piece { piece: 17, shades: 0xfedc_ba98_7654_3210, lane }, Piece { piece: 1 << 20, shades: 0, lane }];
        let picture = picture(&workload, &Trace { shown, ..Trace::default() }).unwrap();
        assert_eq!(picture.shades[272..288], (0..16).map(Some).collect::<Vec<_>>());
        assert_eq!(picture.shades.iter().flatten().count(), 16);
        assert_eq!((picture.rows[0], picture.rows[1]), (None, Some(lane)));
        let tiny = Workload::Tiny { tasks: 1 };
        assert_eq!(super::picture(&tiny, &Trace::default()), None);
    }
}

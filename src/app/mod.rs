//! The page's state, and the one function that changes it.

mod opened;
mod runs;
mod state;
mod update;

pub use opened::{Beside, JobOfLeg, OpenedLeg, OpenedRun, Source, beside};
pub use runs::{ChartFormat, FileTask, Made, Runs, RunsMsg};
pub use state::{Environment, LegView, Network, Notice, Progress, RunView, State};
pub use update::{Edit, Effect, Msg, update};

/// The id of the canvas that the timeline is painted on: drawn as an empty element, painted by the platform.
pub const TIMELINE_ID: &str = "timeline";
/// The canvas that the picture which tasks compute is drawn on.
pub const PICTURE_ID: &str = "computed-picture";

/// The id of the part of the page that shows what happens.
pub const STAGE_ID: &str = "stage";
/// The id of the control that programs of a person's own are chosen with.
pub const PROGRAM_ID: &str = "program";
/// The id of the control that files with runs are chosen with.
pub const RUN_FILE_ID: &str = "run-file";
/// How many tasks are listed before a person asks for more of them. A page with rows in the hundreds is slow to change, and a run
/// changes it many times a second.
pub const LISTED_FIRST: usize = 30;
/// The most tasks that are listed once a run has ended. All are in the timeline and in what is exported.
const LISTED_MAX: usize = 1_000;

//! Overlap's own JSON loses nothing, reads what older versions wrote, and says what is wrong with the rest.

use overlap::files::{FileError, import, json, limits};
use overlap::model::plan::ModelKind;
use overlap::model::run::Output;
use proptest::prelude::*;

use crate::support::{any_run, made};

#[test]
fn a_run_that_was_written_is_read_again() {
    let run = made();
    let imported = import(&json::write(&run), "run.json").unwrap();
    assert_eq!(imported.run, run);
    assert_eq!(imported.remarks, [] as [String; 0]);
    assert!(run.events() > 10, "there was something to lose");
    assert!(run.settings().is_some(), "and a plan that it is of");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn writing_and_reading_any_run_is_the_identity(run in any_run()) {
        let imported = import(&json::write(&run), "run.json").unwrap();
        prop_assert_eq!(imported.run, run);
    }
}

/// What version 1 wrote, on the day when it was made.
const VERSION_1: &str = include_str!("version-1.json");

#[test]
fn what_version_1_wrote_is_read() {
    let run = import(VERSION_1.as_bytes(), "version-1.json").unwrap().run;
    assert_eq!((run.name.as_str(), run.place.cores, run.legs.len()), ("mine", 2, 3));
    assert_eq!(run.plan.as_deref(), Some("v=1&run=sleep&as=event-loop&end"));
    assert_eq!(run.figures, None, "it kept none");
    assert!(run.settings().is_none(), "no plan of ours has just these three legs");
    let models: Vec<Option<ModelKind>> = run.legs.iter().map(|leg| leg.model).collect();
    assert_eq!(models, [ModelKind::Sequential, ModelKind::EventLoop, ModelKind::Processes].map(Some));
    assert!(run.legs.iter().all(|leg| leg.trace.tasks.len() == 5 && leg.trace.ended.len() == 5));
    assert!(run.legs[2].trace.posts.iter().all(|post| post.sent.is_some() && post.received.is_some()));
}

#[test]
fn what_programs_wrote_is_read_as_far_as_it_is_shown() {
    let mut run = made();
    let long = "ä".repeat(limits::OUTPUT_BYTES);
    run.legs[0].output = Some(Output { stdout: long.clone(), stderr: "x".to_owned(), cut_bytes: 5 });
    let read = import(&json::write(&run), "run.json").unwrap().run;
    let output = read.legs[0].output.as_ref().unwrap();
    assert_eq!((output.stdout.len(), output.stderr.as_str()), (limits::OUTPUT_BYTES, "x"));
    assert_eq!(output.cut_bytes, 5 + (long.len() - limits::OUTPUT_BYTES) as u64);
}

#[test]
fn fields_that_came_later_may_be_missing_and_ones_that_are_not_known_are_passed_over() {
    let least = r#"{"overlap":1,"phases":["computing"],"later":{"a":[1]},"legs":[{"title":"t","noun":"n","end":"Done","trace":{
        "lanes":[{"id":{"Thread":0},"spans":[[0,0,5,0,10,1]]}],"tasks":[[[0,0],[5,0],[15,1],{"Thread":0},"Cancelled"]],
        "ended":[0],"latest":20}}]}"#;
    let run = import(least.as_bytes(), "least.json").unwrap().run;
    assert_eq!((run.legs[0].limit_ms, run.legs[0].trace.lanes.len()), (None, 1));
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let text = String::from_utf8(json::write(&made())).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in the file");
        import(text.replacen(from, to, 1).as_bytes(), "run.json").unwrap_err().to_string()
    };
    assert!(changed("\"overlap\":2", "\"overlap\":3").contains("newer Overlap"));
    assert!(changed("\"ended\":[", "\"ended\":[4,4,").contains("ends twice"));
    assert!(changed("\"ended\":[", "\"ended\":[99,").contains("task 99"));
    assert!(changed("\"sleeping\"", "\"dreaming\"").contains("dreaming"));
    assert!(changed("\"latest\":", "\"latest\":18446744073709551615,\"was\":").contains("weeks"));
    assert!(changed("\"legs\":[", "\"legs\":[],\"were\":[").contains("no legs"));
    assert!(import(&text.as_bytes()[..text.len() / 2], "half").unwrap_err().to_string().contains("damaged"));
    assert_eq!(import(b"PNG", "a.png"), Err(FileError::Foreign));
    assert_eq!(import(b"{\"nodes\":[]}", "a.json"), Err(FileError::Foreign));
    assert_eq!(import(b"", "empty"), Err(FileError::Foreign));
}

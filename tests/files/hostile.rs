//! Damaged, hostile and foreign files: each is refused or read, at once, and never with a panic.

use overlap::app::{OpenedRun, Source, beside};
use overlap::files::ask::Read;
use overlap::files::{FileError, chrome, csv, import, json, limits, markdown};
use overlap::insight::Numbers;
use overlap::insight::curve::Curve;
use overlap::insight::race::Table;
use overlap::insight::sweep::Sweep;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::made;

/// What a page does with what it has read.
fn use_it(bytes: &[u8]) -> Result<(), FileError> {
    let imported = import(bytes, "file")?;
    let read = Read::of(imported.run.clone());
    let opened = OpenedRun::of(&read, Source::Imported, 0);
    let _ = opened.picture(&read.run);
    for (leg, shown) in read.run.legs.iter().zip(&opened.legs) {
        let _ = shown.job.as_ref().map(|job| Numbers::of(&leg.trace, &job.context()));
    }
    if let Some(view) = &opened.run {
        let (settings, figures) = (&view.settings, &view.figures);
        let _ = (Table::of(settings, figures).verdict(), Curve::of(settings, figures, 2), Sweep::of(settings, figures));
        let _ =
            view.leg().map(|leg| (view.speedup_of(leg), view.speedup_with_start_of(leg), view.speedup_missing(leg)));
    }
    let _ = OpenedRun::of_two(&beside(&read, &read), &read, &read, |_| 0);
    assert!(import(&json::write(&imported.run), "again").is_ok(), "what was read can be kept");
    let _ = (chrome::write(&imported.run), csv::write(&imported.run), markdown::write(&imported.run));
    Ok(())
}

fn events(events: &str) -> Result<(), FileError> {
    use_it(format!("{{\"traceEvents\":[{events}]}}").as_bytes())
}

#[test]
fn hostile_json_is_refused_and_what_can_be_read_is() {
    let deep = format!("{{\"traceEvents\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(use_it(deep.as_bytes()).is_err());
    let deep_args = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let _ = events(&format!("{{\"ph\":\"X\",\"ts\":1,\"dur\":2,\"name\":\"a\",\"args\":{deep_args}}}"));
    let deep_map = "{\"name\":".repeat(200_000);
    assert!(events(&format!("{{\"ph\":\"M\",\"args\":{deep_map}")).is_err());
    assert!(events("{\"ph\":\"X\",\"ts\":NaN,\"dur\":2}").is_err(), "NaN is no JSON");
    assert!(events("{\"ph\":\"X\",\"ts\":1e999,\"dur\":2}").is_err());
    // A time that no trace has, a length below zero, no time at all, no event at all.
    for senseless in
        ["{\"ph\":\"X\",\"ts\":1e300,\"dur\":2}", "{\"ph\":\"X\",\"ts\":1,\"dur\":-2}", "{\"ph\":\"X\"}", "7", "null"]
    {
        assert_eq!(events(senseless), Err(FileError::Empty { events: 1 }), "{senseless}");
    }
    let good = "{\"ph\":\"X\",\"ts\":1,\"dur\":2,\"name\":\"a\",\"pid\":1,\"tid\":\"x\"}";
    let imported = import(format!("[{good},{{\"ph\":\"X\",\"ts\":1,\"dur\":-2}}").as_bytes(), "list").unwrap();
    assert_eq!(imported.run.legs[0].trace.tasks.len(), 1);
    assert!(imported.remarks.iter().any(|remark| remark.contains("breaks off")), "{:?}", imported.remarks);
    assert!(imported.remarks.iter().any(|remark| remark.starts_with("1 of 2 events")), "{:?}", imported.remarks);
    let apart = format!("{good},{{\"ph\":\"X\",\"ts\":9e14,\"dur\":1}}");
    assert!(events(&apart).unwrap_err().to_string().contains("weeks"));
}

#[test]
fn a_file_with_too_much_in_it_is_refused_before_it_takes_memory() {
    let many = "{\"ph\":\"i\"},".repeat(limits::EVENTS + 1);
    assert_eq!(events(many.trim_end_matches(',')), Err(FileError::TooMany { what: "events", most: limits::EVENTS }));
    let lanes: Vec<String> =
        (0..=limits::LANES).map(|tid| format!("{{\"ph\":\"X\",\"ts\":1,\"dur\":1,\"pid\":1,\"tid\":{tid}}}")).collect();
    assert!(matches!(events(&lanes.join(",")), Err(FileError::TooMany { what: "threads", .. })));
    let legs = format!("{{\"overlap\":1,\"phases\":[],\"legs\":[{}]}}", "{},".repeat(9));
    assert!(use_it(legs.as_bytes()).is_err());
    let numbers = format!("{{\"overlap\":1,\"legs\":[],\"phases\":[{}\"\"]}}", "\"\",".repeat(limits::LANES));
    assert_eq!(use_it(numbers.as_bytes()), Err(FileError::TooMany { what: "lanes", most: limits::LANES }));
}

#[test]
fn the_same_name_or_id_twice_is_no_harm() {
    let twice = "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"a\"}},\
                 {\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"b\"}},\
                 {\"ph\":\"b\",\"cat\":\"c\",\"id\":1,\"pid\":1,\"ts\":1,\"name\":\"x\"},\
                 {\"ph\":\"b\",\"cat\":\"c\",\"id\":1,\"pid\":1,\"ts\":2,\"name\":\"x\"},\
                 {\"ph\":\"e\",\"cat\":\"c\",\"id\":1,\"pid\":1,\"ts\":3,\"name\":\"x\"},\
                 {\"ph\":\"E\",\"pid\":1,\"tid\":1,\"ts\":3}";
    assert_eq!(events(twice), Ok(()));
}

/// A file that something happened to: bytes changed, taken out, doubled, or cut.
fn damaged(file: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = file.len();
    vec((0..4_u8, 0..length, any::<u8>(), 1..200_usize), 1..8).prop_map(move |changes| {
        let mut bytes = file.clone();
        for (kind, at, byte, count) in changes {
            let at = at.min(bytes.len().saturating_sub(1));
            let end = (at + count).min(bytes.len());
            match kind {
                _ if bytes.is_empty() => {}
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => {
                    // A number becomes another.
                    if let Some(digit) = bytes[at..].iter_mut().find(|byte| byte.is_ascii_digit()) {
                        *digit = b'0' + byte % 10;
                    }
                }
            }
        }
        bytes
    })
}

fn own_file() -> Vec<u8> {
    json::write(&made())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_runs_do_no_harm(bytes in damaged(own_file())) {
        let _ = use_it(&bytes);
    }

    #[test]
    fn damaged_traces_do_no_harm(bytes in damaged(chrome::write(&made()).into_bytes())) {
        let _ = use_it(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..2_000)) {
        let _ = use_it(&bytes);
    }

    #[test]
    fn any_events_do_no_harm(list in vec((
        prop_oneof![Just("X"), Just("B"), Just("E"), Just("b"), Just("e"), Just("M"), Just("i"), Just("")],
        -4_i64..4, prop_oneof![-4_i64..4, Just(i64::MAX), Just(i64::MIN), -9_000_000_000_000_000_i64..9_000_000_000_000_000],
        -4_i64..1_000, 0..3_u8, 0..3_u8,
        prop_oneof![Just("time.sleep"), Just("_WorkItem.run (/concurrent/futures/thread.py:1)"),
            Just("Thread.run (/threading.py:1)"), Just("Handle._run (/asyncio/events.py:1)"), Just("f (/f.py:1)"), Just("")],
    ), 0..40)) {
        let text: Vec<String> = list.iter().map(|(ph, id, ts, dur, pid, tid, name)| format!(
            "{{\"ph\":\"{ph}\",\"id\":{id},\"ts\":{ts},\"dur\":{dur},\"pid\":{pid},\"tid\":{tid},\"name\":\"{name}\"}}"
        )).collect();
        let _ = events(&text.join(","));
    }
}

//! Holds the table of CPython's tests in `README.md` against the tests that are here.

use std::collections::BTreeMap;

use super::support::test;

const TABLE: &str = include_str!("README.md");

/// The files with tests that have CPython's names.
const FILES: [(&str, &str); 9] = [
    ("as_completed.rs", include_str!("as_completed.rs")),
    ("deadlock.rs", include_str!("deadlock.rs")),
    ("executor.rs", include_str!("executor.rs")),
    ("future.rs", include_str!("future.rs")),
    ("initializer.rs", include_str!("initializer.rs")),
    ("shutdown.rs", include_str!("shutdown.rs")),
    ("thread_pool.rs", include_str!("thread_pool.rs")),
    ("thread_pool_shutdown.rs", include_str!("thread_pool_shutdown.rs")),
    ("wait.rs", include_str!("wait.rs")),
];

/// How often each test of CPython's is named, by file of ours and name.
type Counts = BTreeMap<(String, String), usize>;

fn in_table(table: &str) -> Counts {
    let mut counts = Counts::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, _, name, ours] = cells[..] else { panic!("not four cells: {row}") };
        assert!(name.starts_with("test_"), "{row}");
        if ours.ends_with(".rs") {
            *counts.entry((ours.to_owned(), name.to_owned())).or_default() += 1;
        } else {
            assert!(ours.len() > 10, "no reason: {row}");
        }
    }
    counts
}

fn in_files(files: &[(&str, &str)]) -> Counts {
    let mut counts = Counts::new();
    for (file, text) in files {
        for (before, after) in text.lines().zip(text.lines().skip(1)) {
            let name = after.trim().strip_prefix("fn test_").and_then(|rest| rest.split_once('('));
            if let (Some((name, _)), "#[test]") = (name, before.trim()) {
                *counts.entry(((*file).to_owned(), format!("test_{name}"))).or_default() += 1;
            }
        }
    }
    counts
}

/// Each test that a table calls ours is there, and each that is there is in the table.
pub(crate) fn check(table: &str, files: &[(&str, &str)]) {
    let (table, files) = (in_table(table), in_files(files));
    assert!(table.len() > 50, "the table was not read: {table:?}");
    assert_eq!(table, files);
}

#[test]
fn each_test_that_the_table_calls_ours_is_there_and_each_that_is_there_is_in_the_table() {
    check(TABLE, &FILES);
}

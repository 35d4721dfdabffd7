//! Holds the table of CPython's tests in `README.md` against the tests that are here.

use std::collections::BTreeMap;

use super::support::test;

const TABLE: &str = include_str!("README.md");

/// The files with tests that have CPython's names.
const FILES: [(&str, &str); 9] = [
    ("gather.rs", include_str!("gather.rs")),
    ("locks.rs", include_str!("locks.rs")),
    ("queues.rs", include_str!("queues.rs")),
    ("shield.rs", include_str!("shield.rs")),
    ("task_groups.rs", include_str!("task_groups.rs")),
    ("tasks.rs", include_str!("tasks.rs")),
    ("threads.rs", include_str!("threads.rs")),
    ("timeouts.rs", include_str!("timeouts.rs")),
    ("waiting.rs", include_str!("waiting.rs")),
];

/// How often each test of CPython's is named, by file of ours and name.
type Counts = BTreeMap<(String, String), usize>;

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = TABLE.lines().filter(|line| line.starts_with("| `test_"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
}

fn in_table() -> Counts {
    let mut counts = Counts::new();
    for row in rows() {
        let [_, _, name, ours] = row[..] else { panic!("not four cells: {row:?}") };
        assert!(name.starts_with("test_"), "{row:?}");
        if ours.ends_with(".rs") {
            *counts.entry((ours.to_owned(), name.to_owned())).or_default() += 1;
        } else {
            assert!(ours.len() > 10, "no reason: {row:?}");
        }
    }
    counts
}

fn in_files() -> Counts {
    let mut counts = Counts::new();
    for (file, text) in FILES {
        for (before, after) in text.lines().zip(text.lines().skip(1)) {
            let name = after.trim().strip_prefix("fn test_").and_then(|rest| rest.split_once('('));
            if let (Some((name, _)), "#[test]") = (name, before.trim()) {
                *counts.entry((file.to_owned(), format!("test_{name}"))).or_default() += 1;
            }
        }
    }
    counts
}

#[test]
fn each_test_that_the_table_calls_ours_is_there_and_each_that_is_there_is_in_the_table() {
    let (table, files) = (in_table(), in_files());
    assert!(table.len() > 100, "the table was not read: {table:?}");
    assert_eq!(table, files);
}

#[test]
fn the_counts_in_words_are_those_of_the_table() {
    let (all, ours) = (rows().count(), in_table().values().sum::<usize>());
    assert!(TABLE.contains(&format!("**{ours} of {all}**")), "{ours} of {all} are held");
}

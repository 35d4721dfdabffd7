//! Holds the table of CPython's tests in `README.md` against the tests that are here.

use super::support::test;
use crate::futures::table::check;

#[test]
fn each_test_that_the_table_calls_ours_is_there_and_each_that_is_there_is_in_the_table() {
    let files = [
        ("deadlock.rs", include_str!("deadlock.rs")),
        ("executor.rs", include_str!("executor.rs")),
        ("initializer.rs", include_str!("initializer.rs")),
        ("pool.rs", include_str!("pool.rs")),
        ("process_pool.rs", include_str!("process_pool.rs")),
        ("shutdown.rs", include_str!("shutdown.rs")),
        ("wait.rs", include_str!("wait.rs")),
        ("worker_lifetime.rs", include_str!("worker_lifetime.rs")),
    ];
    check(include_str!("README.md"), &files);
}

//! What each process is given first: `test_init.py`, and processes that fail it.

use overlap::engine::futures::SubmitError;
use overlap::engine::processes::{Options, Start};

use super::support::{Answer, Do, First, Machine, Run, all, is_broken, run, test, wait_for};

fn options(first: First, start: Start) -> Options<First> {
    Options { initializer: Some(first), start, ..Options::new(2) }
}

#[test]
fn test_initializer() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(options(First::Status("initialized".to_owned()), Start::OnDemand));
        let results = pool.imap(vec![Do::Status; 2], None).unwrap();
        assert_eq!(all(&pool, results).await, vec![Ok(Answer::Text("initialized".to_owned())); 2]);
    })
}

/// The pool breaks, and everybody hears why.
async fn breaks(first: First, words: &str) {
    for start in [Start::AtOnce, Start::OnDemand] {
        let machine = Machine::default();
        let pool = machine.pool(options(first.clone(), start));
        let futures = [(); 5].map(|()| pool.submit(Do::Status).expect("it was not driven, so it is not broken"));
        for future in futures {
            let result = wait_for(&pool, future).await;
            assert!(is_broken(&result, words), "{result:?}");
        }
        let refused = pool.submit(Do::Status).expect_err("it is broken");
        assert!(matches!(refused, SubmitError::Broken(reason) if reason.contains(words)));
        pool.shutdown(true, false).await;
        machine.join().await;
    }
}

mod failing {
    //! `FailingInitializerMixin`: the same names again.

    use super::super::support::test;
    use super::*;

    #[test]
    fn test_initializer() -> Run {
        run(async {
            breaks(First::Fails, "a process initializer failed: answered with status 500").await;
        })
    }
}

#[test]
fn an_initializer_that_panics_breaks_its_pool_too() -> Run {
    run(async {
        breaks(First::Panics, "a process initializer failed: panicked: error in initializer").await;
    })
}

#[test]
fn a_process_that_dies_of_its_initializer_breaks_its_pool_too() -> Run {
    run(async {
        breaks(First::Dies, "died").await;
    })
}

#[test]
fn a_process_that_replaces_another_is_initialized_as_well() -> Run {
    run(async {
        let machine = Machine::default();
        let first = First::Status("again".to_owned());
        let pool = machine.pool(Options { maxtasksperchild: Some(1), ..options(first, Start::AtOnce) });
        let results = pool.imap(vec![Do::Status; 6], None).unwrap();
        assert_eq!(all(&pool, results).await, vec![Ok(Answer::Text("again".to_owned())); 6]);
        assert!(machine.started().len() >= 6);
    })
}

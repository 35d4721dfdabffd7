//! Requests of threads that block, under shuttle: whatever is answered and stopped when, no thread waits for ever.

use overlap::engine::blocking_io::calls;
use overlap::engine::futures::Future;
use overlap::model::outcome::{Outcome, Value};
use overlap::workloads::sites::Request;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::futures_model::block_on;
use super::{SCHEDULES, count_schedules};

#[test]
fn each_call_is_answered_or_cancelled() {
    let both = count_schedules(|| {
        let (calls, receiver) = calls();
        let calling: Vec<_> = (0..3)
            .map(|_| {
                let calls = calls.clone();
                thread::spawn(move || {
                    [(); 2].map(|()| calls.fetch(&Request { address: String::new(), patience_ms: 0 }))
                })
            })
            .collect();
        let stopping = thread::spawn(move || {
            for _ in 0..thread_rng().gen_range(0..40) {
                thread::yield_now();
            }
            calls.cancel();
        });
        // Thread 0: each answer comes after a turn of its event loop.
        block_on(receiver.serve(async |_| {
            next_turn().await;
            Ok(Value::Text)
        }));
        stopping.join().expect("it does not panic");
        let ends: Vec<_> = calling.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect();
        assert!(ends.iter().all(|end| [Outcome::Done(Value::Text), Outcome::Cancelled].contains(end)), "{ends:?}");
        ends.contains(&Outcome::Cancelled) && ends.contains(&Outcome::Done(Value::Text))
    });
    assert!(both > SCHEDULES / 10, "{both} schedules were stopped in their midst only");
}

/// Lets others go first.
async fn next_turn() {
    let turn = Future::new();
    let other = turn.clone();
    thread::spawn(move || other.set_result(()).expect("nobody else ends it"));
    turn.await.expect("nobody cancels it");
}

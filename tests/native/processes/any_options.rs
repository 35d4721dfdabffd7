//! Whatever the options are, a pool gives what a loop would; and whenever a process dies, nobody is left waiting.

use overlap::engine::ports::Carrier;
use overlap::engine::processes::{Options, Start};
use proptest::option;
use proptest::prelude::*;

use super::machine::random;
use super::support::{Do, First, Machine, Run, all, chunksize, finish, is_broken, squared, squares, test, wait_for};

fn options() -> impl Strategy<Value = Options<First>> {
    let start = prop_oneof![Just(Start::AtOnce), Just(Start::OnDemand)];
    let carrier = prop_oneof![Just(Carrier::Copy), Just(Carrier::Transfer), Just(Carrier::Shared)];
    let initializer = option::of(Just(First::Status("ready".to_owned())));
    (1..4_u32, start, initializer, option::of(1..4_u32), carrier, option::of(0..4_u32)).prop_map(
        |(processes, start, initializer, maxtasksperchild, carrier, prefetch)| Options {
            start,
            initializer,
            maxtasksperchild,
            carrier,
            prefetch,
            ..Options::new(processes)
        },
    )
}

#[test]
fn a_pool_gives_what_a_loop_gives_and_leaves_no_process() -> Run {
    let values = (options(), 0..40_i64, 0..9_usize, 0..10_i64);
    random(values, async |(options, tasks, size, again)| {
        let machine = Machine::default();
        let pool = machine.pool(options);
        for tasks in [tasks, again] {
            let map = pool.map(squares(0..tasks), chunksize(size)).unwrap();
            assert_eq!(wait_for(&pool, map.get()).await, Ok(squared(0..tasks)));
        }
        // The last are still under way when it is closed.
        let last = pool.map(squares(0..tasks), chunksize(size)).unwrap();
        finish(&pool).await;
        assert_eq!(last.get().await, Ok(squared(0..tasks)));
        machine.join().await;
        let mut started = machine.started();
        started.sort_unstable();
        assert_eq!(machine.ended(), started);
    })
}

#[test]
fn a_death_fails_what_has_not_ended_and_nothing_else() -> Run {
    let values = (options(), 0..30_i64, 0..30_i64, 1..4_usize);
    random(values, async |(options, before, after, size)| {
        let machine = Machine::default();
        let pool = machine.pool(options);
        let arguments = squares(0..before).chain([Do::Die]).chain(squares(0..after));
        let results = all(&pool, pool.imap(arguments, chunksize(size)).unwrap()).await;
        assert_eq!(results.len() as i64, before + 1 + after);
        assert!(is_broken(&results[before as usize], "died"));
        assert!(results.iter().all(|result| result.is_ok() || is_broken(result, "died")));
        assert!(pool.submit(Do::Square(1)).is_err());
        machine.join().await;
    })
}

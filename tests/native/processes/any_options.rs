//! Whatever the options are, a pool gives what a loop would; and whenever a process dies, nobody is left waiting.

use overlap::engine::ports::Carrier;
use overlap::engine::processes::{Options, Start};
use proptest::option;
use proptest::prelude::*;

use super::support::{Do, First, Machine, all, block_on, chunksize, finish, is_broken, squared, squares, wait_for};

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_gives_what_a_loop_gives_and_leaves_no_process(
        options in options(), tasks in 0..40_i64, size in 0..9_usize, again in 0..10_i64,
    ) {
        let machine = Machine::default();
        let pool = machine.pool(options.clone());
        for tasks in [tasks, again] {
            let map = pool.map(squares(0..tasks), chunksize(size)).expect("it takes tasks");
            prop_assert_eq!(wait_for(&pool, map.get()), Ok(squared(0..tasks)));
        }
        // The last are still under way when it is closed.
        let last = pool.map(squares(0..tasks), chunksize(size)).expect("it takes tasks");
        finish(&pool);
        prop_assert_eq!(block_on(last.get()), Ok(squared(0..tasks)));
        machine.join();
        let mut started = machine.started();
        started.sort_unstable();
        prop_assert_eq!(machine.ended(), started);
    }

    #[test]
    fn a_death_fails_what_has_not_ended_and_nothing_else(
        options in options(), before in 0..30_i64, after in 0..30_i64, size in 1..4_usize,
    ) {
        let machine = Machine::default();
        let pool = machine.pool(options);
        let arguments = squares(0..before).chain([Do::Die]).chain(squares(0..after));
        let results = all(&pool, pool.imap(arguments, chunksize(size)).expect("it takes tasks"));
        prop_assert_eq!(results.len() as i64, before + 1 + after);
        prop_assert!(is_broken(&results[before as usize], "died"));
        prop_assert!(results.iter().all(|result| result.is_ok() || is_broken(result, "died")));
        prop_assert!(pool.submit(Do::Square(1)).is_err());
        machine.join();
    }
}

//! How messages travel, how many are on their way, and that their bytes live as long as they are read.

use overlap::engine::ports::Carrier;
use overlap::engine::processes::Options;

use super::support::{Answer, Do, First, Machine, Run, all, chunksize, finish, run, squared, squares, test, wait_for};

#[test]
fn every_carrier_brings_the_same() -> Run {
    run(async {
        let carriers = [Carrier::Copy, Carrier::Transfer, Carrier::Shared];
        // Alone, and several together.
        for (carrier, bytes) in carriers.into_iter().flat_map(|carrier| [(carrier, 10_000), (carrier, 10)]) {
            let machine = Machine::default();
            let initializer = Some(First::Status("shared".to_owned()));
            let pool = machine.pool(Options { carrier, initializer, ..Options::new(2) });
            let data: Vec<_> = (0..50_u8).map(|byte| vec![byte; bytes]).collect();
            let results = all(&pool, pool.imap(data.iter().cloned().map(Do::Echo), chunksize(3)).unwrap()).await;
            let expected: Vec<_> = data.into_iter().map(|bytes| Ok(Answer::Bytes(bytes))).collect();
            assert!(results == expected, "{carrier:?}, {bytes}");
            finish(&pool).await;
        }
    })
}

#[test]
fn shared_bytes_outlive_a_pool_that_was_dropped_before_they_were_read() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(Options { carrier: Carrier::Shared, ..Options::new(1) });
        let futures = [Do::Acquire, Do::Echo(vec![1; 1_000])].map(|argument| pool.submit(argument).unwrap());
        let third = pool.submit(Do::Square(1)).unwrap();
        wait_for(&pool, pool.started()).await;
        drop(pool);
        // The process opens the second message only now, which fails if its bytes are gone.
        machine.gate.release();
        machine.join().await;
        assert!(futures.iter().all(|future| future.done()) && third.cancelled());
    })
}

#[test]
fn a_process_has_at_most_so_many_messages_besides_the_one_it_works_on() -> Run {
    run(async {
        for (prefetch, running) in [(0, 2), (1, 4), (3, 8)] {
            let machine = Machine::default();
            let pool = machine.pool(Options { prefetch: Some(prefetch), ..Options::new(2) });
            let futures: Vec<_> = (0..40).map(|_| pool.submit(Do::Acquire).unwrap()).collect();
            wait_for(&pool, pool.started()).await;
            assert_eq!(futures.iter().filter(|future| future.running()).count(), running);
            (0..40).for_each(|_| machine.gate.release());
            finish(&pool).await;
        }
    })
}

#[test]
fn the_last_messages_wait_for_whoever_is_free_first() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(Options { prefetch: Some(5), ..Options::new(2) });
        let futures: Vec<_> = (0..4).map(|_| pool.submit(Do::Acquire).unwrap()).collect();
        wait_for(&pool, pool.started()).await;
        let running: Vec<_> = futures.iter().map(|future| future.running()).collect();
        assert_eq!(running, [true, true, false, false]);
        (0..4).for_each(|_| machine.gate.release());
        finish(&pool).await;
    })
}

#[test]
fn twenty_thousand_tiny_calls() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        let map = pool.map(squares(0..20_000), chunksize(1)).unwrap();
        assert!(wait_for(&pool, map.get()).await == Ok(squared(0..20_000)));
    })
}

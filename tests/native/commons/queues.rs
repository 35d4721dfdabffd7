//! Queues: order, back-pressure, their end, and waits that are dropped.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use overlap::engine::commons::{CommonsEvent, Item, QueueName, WaitError};

use super::rules::Rules;
use super::{QUEUE, block_on, poll, task, with_queue, yield_now};

const ITEMS: Item = 200;

/// Items of several producers: the thousands are the producer.
#[test]
fn threads_and_coroutines_lose_and_double_no_item() {
    for capacity in [1, 3] {
        let rules = Rules::default();
        let commons = with_queue(8, capacity, 4);
        let got = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let (commons, rules, got) = (&commons, &rules, &got);
            for number in 1..=2 {
                scope.spawn(move || {
                    let mut producer = commons.begin(task(number), rules).unwrap();
                    for item in 0..ITEMS {
                        producer.put(QUEUE, Item::from(number) * 1000 + item).block().unwrap();
                    }
                    producer.finish(QUEUE).unwrap();
                });
                scope.spawn(move || {
                    let mut consumer = commons.begin(task(number + 4), rules).unwrap();
                    let mut mine = Vec::new();
                    let end = loop {
                        match consumer.get(QUEUE).block() {
                            Ok(item) => mine.push(item),
                            Err(error) => break error,
                        }
                    };
                    assert_eq!(end, WaitError::Finished(QUEUE));
                    got.lock().unwrap().extend(mine);
                });
            }
            scope.spawn(move || {
                let producers: FuturesUnordered<_> = (3..=4)
                    .map(async |number| {
                        let mut producer = commons.begin(task(number), rules).unwrap();
                        for item in 0..ITEMS {
                            producer.put(QUEUE, Item::from(number) * 1000 + item).await.unwrap();
                        }
                        producer.finish(QUEUE).unwrap();
                    })
                    .collect();
                let consumers: FuturesUnordered<_> = (7..=8)
                    .map(async |number| {
                        let mut consumer = commons.begin(task(number), rules).unwrap();
                        while let Ok(item) = consumer.get(QUEUE).await {
                            got.lock().unwrap().push(item);
                            yield_now().await;
                        }
                    })
                    .collect();
                block_on(futures_util::future::join(producers.collect::<()>(), consumers.collect::<()>()));
            });
        });
        let mut got = got.into_inner().unwrap();
        got.sort_unstable();
        let put: Vec<Item> = (1..=4).flat_map(|number| (0..ITEMS).map(move |item| number * 1000 + item)).collect();
        assert_eq!(got, put);
        // `Rules` has held lengths and the order of items against each other.
        let longest = rules.events().into_iter().filter_map(|(_, event)| match event {
            CommonsEvent::Put { length, .. } => Some(length),
            _ => None,
        });
        assert_eq!(longest.max(), Some(capacity), "it was full, and no fuller");
        let mut last = BTreeMap::new();
        for (producer, event) in rules.events() {
            if let CommonsEvent::Put { item, .. } = event {
                assert!(last.insert(producer, item).is_none_or(|before| before < item));
            }
        }
        rules.check_over();
        assert_eq!(commons.queue_length(QUEUE), Some(0));
    }
}

#[test]
fn put_waits_for_room_and_get_for_an_item_and_both_say_who_ended_it() {
    let rules = Rules::default();
    let commons = with_queue(2, 1, 1);
    let [mut producer, mut consumer] = [1, 2].map(|number| commons.begin(task(number), &rules).unwrap());
    {
        let mut get = consumer.get(QUEUE);
        assert!(poll(&mut get).is_pending());
        assert_eq!(producer.put(QUEUE, 5).block(), Ok(()));
        let mut put = producer.put(QUEUE, 6);
        assert!(poll(&mut put).is_pending(), "the item is there until it is taken");
        assert_eq!(poll(&mut get), Poll::Ready(Ok(5)));
        assert_eq!(poll(&mut put), Poll::Ready(Ok(())));
    }
    let events = rules.events();
    let queue = QUEUE;
    let puts_and_gets: Vec<_> =
        events.iter().filter(|(_, event)| !matches!(event, CommonsEvent::Waiting { .. })).collect();
    let expected = [
        &(task(1), CommonsEvent::Put { queue, item: 5, length: 1, from: None, to: Some(task(2)) }),
        &(task(2), CommonsEvent::Got { queue, item: 5, length: 0, from: Some(task(1)), to: Some(task(1)) }),
        &(task(1), CommonsEvent::Put { queue, item: 6, length: 1, from: Some(task(2)), to: None }),
    ];
    assert_eq!(puts_and_gets, expected);
}

#[test]
fn gets_end_once_every_producer_has_finished_and_nothing_is_left() {
    let commons = with_queue(4, 2, 2);
    let [mut one, mut two, mut three, mut four] = [1, 2, 3, 4].map(|number| commons.begin(task(number), ()).unwrap());
    one.put(QUEUE, 1).block().unwrap();
    one.finish(QUEUE).unwrap();
    one.finish(QUEUE).unwrap();
    assert_eq!(two.put(QUEUE, 2).block(), Ok(()), "a producer finishes once, and the other has not");
    let mut put = two.put(QUEUE, 3);
    assert!(poll(&mut put).is_pending());
    drop(put);
    two.finish(QUEUE).unwrap();
    assert_eq!(two.put(QUEUE, 4).block(), Err(WaitError::Finished(QUEUE)));
    assert_eq!(three.get(QUEUE).block(), Ok(1));
    assert_eq!(four.get(QUEUE).block(), Ok(2));
    assert_eq!(three.get(QUEUE).block(), Err(WaitError::Finished(QUEUE)));
}

#[test]
fn finishing_ends_those_who_wait() {
    let commons = with_queue(3, 1, 1);
    let [mut one, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), ()).unwrap());
    {
        let mut get = three.get(QUEUE);
        assert!(poll(&mut get).is_pending());
        one.finish(QUEUE).unwrap();
        assert_eq!(poll(&mut get), Poll::Ready(Err(WaitError::Finished(QUEUE))));
    }
    let commons = with_queue(3, 1, 1);
    let [mut first, mut second] = [1, 2].map(|number| commons.begin(task(number), ()).unwrap());
    first.put(QUEUE, 1).block().unwrap();
    let mut put = second.put(QUEUE, 2);
    assert!(poll(&mut put).is_pending());
    first.finish(QUEUE).unwrap();
    assert_eq!(poll(&mut put), Poll::Ready(Err(WaitError::Finished(QUEUE))), "as put of Python's raises ShutDown");
    assert_eq!(two.get(QueueName(1)).block(), Err(WaitError::NoSuchQueue(QueueName(1))));
}

/// An item that was meant for one who gives up is not lost when the producers have finished meanwhile.
#[test]
fn the_last_item_reaches_the_one_who_still_waits() {
    let commons = with_queue(3, 1, 1);
    let [mut producer, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), ()).unwrap());
    let (mut second, mut third) = (two.get(QUEUE), three.get(QUEUE));
    assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
    producer.put(QUEUE, 9).block().unwrap();
    producer.finish(QUEUE).unwrap();
    assert!(poll(&mut third).is_pending(), "there is still an item");
    drop(second);
    assert_eq!(poll(&mut third), Poll::Ready(Ok(9)));
    drop(third);
    assert_eq!(three.get(QUEUE).block(), Err(WaitError::Finished(QUEUE)));
}

#[test]
fn a_put_or_get_that_is_dropped_has_done_nothing() {
    let rules = Rules::default();
    let commons = with_queue(4, 1, 1);
    let [mut one, mut two, mut three, mut four] =
        [1, 2, 3, 4].map(|number| commons.begin(task(number), &rules).unwrap());
    one.put(QUEUE, 1).block().unwrap();
    let (mut second, mut third) = (two.put(QUEUE, 2), three.put(QUEUE, 3));
    assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
    assert_eq!(four.get(QUEUE).block(), Ok(1));
    drop(second);
    assert_eq!(poll(&mut third), Poll::Ready(Ok(())), "the room that the second was given is the third's");
    drop(third);
    assert_eq!(four.get(QUEUE).block(), Ok(3));

    let (mut fourth, mut second) = (four.get(QUEUE), two.get(QUEUE));
    assert!(poll(&mut fourth).is_pending() && poll(&mut second).is_pending());
    one.put(QUEUE, 5).block().unwrap();
    drop(fourth);
    assert_eq!(poll(&mut second), Poll::Ready(Ok(5)));
    drop(second);
    drop(one.put(QUEUE, 6));
    assert_eq!(commons.queue_length(QUEUE), Some(0), "what was never polled has not begun");
    rules.check_over();
}

#[test]
fn close_ends_producers_and_consumers_that_wait() {
    let rules = Rules::default();
    let commons = with_queue(3, 1, 1);
    let mut main = commons.begin(task(1), &rules).unwrap();
    main.put(QUEUE, 1).block().unwrap();
    thread::scope(|scope| {
        let putting = scope.spawn(|| commons.begin(task(2), &rules).unwrap().put(QUEUE, 2).block());
        while rules.count(|event| matches!(event, CommonsEvent::Waiting { .. })) < 1 {
            thread::yield_now();
        }
        commons.close();
        assert_eq!(putting.join().unwrap(), Err(WaitError::Closed));
    });
    assert_eq!(main.get(QUEUE).block(), Err(WaitError::Closed));
}

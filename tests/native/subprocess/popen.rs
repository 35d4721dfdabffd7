//! Starting, waiting, polling and killing: `ProcessTestCase` and `POSIXProcessTestCase` of `test_subprocess.py`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use overlap::engine::subprocess::{Event, Popen, SpawnError, Stamped, Stderr, Stdin, Stdout, System, Waiting};

use super::system::{Simulated, spec};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn test_wait() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("exit 3")).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(3));
        assert_eq!(process.wait(None).await, Ok(3), "its result is kept");
        assert_eq!(process.returncode(), Some(3));
    });
}

#[test]
fn test_wait_timeout() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("sleep 300")).await.unwrap();
        let expired = process.wait(Some(Duration::from_micros(100))).await.expect_err("too short");
        assert!(expired.to_string().contains("0.0001"), "{expired}");
        assert_eq!(process.returncode(), None, "it goes on");
        assert_eq!(process.wait(Some(SECOND)).await, Ok(0));
        assert_eq!(system.now(), Duration::from_millis(300));
    });
}

#[test]
fn test_poll() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("sleep 300")).await.unwrap();
        assert_eq!(process.poll(), None);
        system.sleep(SECOND).await;
        assert_eq!(process.returncode(), None, "nobody has looked");
        assert_eq!(process.poll(), Some(0));
        assert_eq!(process.poll(), Some(0));
    });
}

#[test]
fn test_kill() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        process.kill();
        assert_eq!(process.wait(None).await, Ok(-9));
        assert_eq!(system.alive(), 0);
    });
}

#[test]
fn test_kill_dead() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("exit 4")).await.unwrap();
        system.sleep(SECOND).await;
        process.kill();
        assert_eq!(process.wait(None).await, Ok(4), "it had ended");
    });
}

#[test]
fn test_run_abort() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("trap")).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(-6));
        assert_eq!(process.end(), Some(&Event::Trapped("unreachable".to_owned())));
    });
}

#[test]
fn test_nonexisting_with_pipes() {
    let system = Simulated::default();
    system.run(async {
        let missing = spec("there-is-no-such-command").stdin(Stdin::Pipe);
        let error = Popen::spawn(&system, missing).await.expect_err("there is none");
        assert!(matches!(&error, SpawnError::NotFound { program, .. } if program == "there-is-no-such-command"));
    });
}

#[test]
fn test_invalid_args() {
    let system = Simulated::default();
    system.run(async {
        let none = Popen::spawn(&system, overlap::engine::subprocess::Spec::new::<String>([])).await;
        assert_eq!(none.err(), Some(SpawnError::NoProgram));
    });
}

#[test]
fn test_invalid_cmd() {
    let system = Simulated::default();
    system.run(async {
        let cut = Popen::spawn(&system, spec("echo a\0b")).await;
        assert_eq!(cut.err(), Some(SpawnError::EmbeddedNul("a\0b".to_owned())));
    });
}

#[test]
fn test_invalid_env() {
    let system = Simulated::default();
    system.run(async {
        for (name, value) in [("FRUIT\0", "cabbage"), ("FRUIT", "orange\0")] {
            let cut = Popen::spawn(&system, spec("env").env(name, value)).await;
            assert!(matches!(cut, Err(SpawnError::EmbeddedNul(_))));
        }
        for name in ["FRUIT=ORANGE", ""] {
            let illegal = Popen::spawn(&system, spec("env").env(name, "lemon")).await;
            assert_eq!(illegal.err(), Some(SpawnError::IllegalEnvironmentName(name.to_owned())));
        }
        assert_eq!(system.alive(), 0, "none was started");
    });
}

#[test]
fn test_stdin_devnull() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("wc").stdin(Stdin::Null)).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(0));
        assert_eq!(process.take_output().stdout.as_deref(), Some(&b"0"[..]));
    });
}

#[test]
fn test_stdout_devnull() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("bytes 1000000").stdout(Stdout::Null)).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(0));
        assert_eq!(process.take_output().stdout, None);
    });
}

#[test]
fn test_stdout_filedes() {
    let system = Simulated::default();
    system.run(async {
        let (reader, writer) = system.pipe().unwrap();
        let mut first = Popen::spawn(&system, spec("echo orange").stdout(Stdout::To(writer))).await.unwrap();
        assert_eq!(first.wait(None).await, Ok(0));
        let mut second = Popen::spawn(&system, spec("cat").stdin(Stdin::From(reader))).await.unwrap();
        assert_eq!(second.wait(None).await, Ok(0), "what is in a pipe outlives who wrote it");
        assert_eq!(second.take_output().stdout.as_deref(), Some(&b"orange"[..]));
    });
}

#[test]
fn test_stderr_redirect_with_no_stdout_redirect() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("warn 42").stderr(Stderr::Stdout)).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(0));
        let output = process.take_output();
        assert_eq!((output.stdout.as_deref(), output.stderr), (Some(&b"42"[..]), None));
    });
}

/// Dropping one ends it: nothing is left over.
#[test]
fn test_zombie_fast_process_del() {
    let system = Simulated::default();
    system.run(async {
        let process = Popen::spawn(&system, spec("sleep 100000")).await.unwrap();
        assert_eq!(system.alive(), 1);
        drop(process);
        assert_eq!(system.alive(), 0);
    });
}

#[test]
fn all_that_happens_is_told_with_its_time_and_what_went_through() {
    let system = Simulated::default();
    let told: Rc<RefCell<Vec<Stamped>>> = Rc::default();
    system.run(async {
        let observer = told.clone();
        let observer = Box::new(move |stamped: &Stamped| observer.borrow_mut().push(stamped.clone()));
        let cat = spec("cat").stdin(Stdin::Pipe);
        let mut process = Popen::spawn_observed(&system, cat, Some(observer)).await.unwrap();
        system.sleep(SECOND).await;
        process.write_stdin(b"pear").await.unwrap();
        system.sleep(SECOND).await;
        process.close_stdin();
        assert_eq!(process.wait(None).await, Ok(0));
    });
    let told = told.borrow();
    let events: Vec<_> = told.iter().map(|stamped| (stamped.at.as_ms() as u64, &stamped.event)).collect();
    let (pear, four) = (Event::Stdout(b"pear".to_vec()), Event::Stderr(b"4".to_vec()));
    let expected = [
        (0, &Event::Started),
        (0, &Event::Blocked(Waiting::Stdin)),
        (1_000, &Event::Unblocked(Waiting::Stdin)),
        (1_000, &pear),
        (1_000, &Event::Blocked(Waiting::Stdin)),
        (2_000, &Event::Unblocked(Waiting::Stdin)),
        (2_000, &four),
        (2_000, &Event::Exited(0)),
    ];
    assert_eq!(events, expected);
    let end = told.last().expect("it ended");
    assert_eq!((end.read_bytes, end.written_bytes), (4, 4));
}

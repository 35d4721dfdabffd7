//! Pipelines: what flows, who waits for whom, and who ends when another does.

use std::time::Duration;

use overlap::engine::subprocess::{Pipeline, PipelineOutput, SpawnError, Stdin, System};

use super::system::{Simulated, SimulatedSpec, spec};

const SECOND: Duration = Duration::from_secs(1);

fn commands(line: &str) -> Vec<SimulatedSpec> {
    line.split(" | ").map(spec).collect()
}

/// What a line of commands gives.
fn outcome(line: &str) -> PipelineOutput {
    let system = Simulated::default();
    system.run(async {
        let mut pipeline = Pipeline::spawn(&system, commands(line)).await.expect("all start");
        let output = pipeline.communicate(None).await.expect("all end");
        assert_eq!(system.alive(), 0);
        output
    })
}

#[test]
fn what_one_writes_the_next_reads() {
    let output = outcome("bytes 1000000 | cat | wc");
    assert_eq!(output.stdout.as_deref(), Some(&b"1000000"[..]));
    assert_eq!(output.stderr, [Some(Vec::new()), Some(b"1000000".to_vec()), Some(Vec::new())]);
    assert_eq!((output.returncodes.as_slice(), output.returncode(), output.pipefail()), (&[0, 0, 0][..], 0, 0));
}

/// Who writes to a reader that has gone gets an error and ends, as GNU's tools do without a SIGPIPE.
#[test]
fn one_who_writes_for_ever_ends_with_its_reader() {
    let output = outcome("yes | head 10");
    assert_eq!(output.stdout.as_deref(), Some(&b"y\ny\ny\ny\ny\n"[..]));
    assert_eq!((output.returncodes.as_slice(), output.returncode(), output.pipefail()), (&[1, 0][..], 0, 1));
}

#[test]
fn one_who_dies_is_the_end_of_what_the_next_reads() {
    let output = outcome("trap | wc");
    assert_eq!(output.stdout.as_deref(), Some(&b"0"[..]));
    assert_eq!((output.returncodes.as_slice(), output.pipefail()), (&[-6, 0][..], -6));
}

#[test]
fn a_single_command_is_a_pipeline() {
    assert_eq!(outcome("echo pear").stdout.as_deref(), Some(&b"pear"[..]));
}

/// Who reads nothing stops who writes, at what a pipe holds.
#[test]
fn a_full_pipe_makes_its_writer_wait() {
    let system = Simulated::default();
    system.run(async {
        let mut pipeline = Pipeline::spawn(&system, commands("bytes 1000000 | sleep 1000")).await.unwrap();
        System::sleep(&system, Duration::from_millis(500)).await;
        assert_eq!(pipeline.processes[0].poll(), None, "it waits for room");
        let output = pipeline.communicate(None).await.unwrap();
        assert_eq!(output.returncodes, [1, 0], "then for nobody");
    });
}

#[test]
fn a_pipeline_that_is_not_done_in_time_goes_on_until_it_is_killed() {
    let system = Simulated::default();
    system.run(async {
        let mut pipeline = Pipeline::spawn(&system, commands("sleep 100000 | cat | wc")).await.unwrap();
        let expired = pipeline.communicate(Some(SECOND)).await.expect_err("too short");
        assert_eq!(expired.args.join(" "), "sleep 100000 | cat | wc");
        assert_eq!(system.alive(), 3);
        pipeline.kill();
        let output = pipeline.communicate(None).await.unwrap();
        assert_eq!(output.returncodes, [-9, -9, -9]);
        assert_eq!((system.alive(), system.now()), (0, SECOND));
    });
}

#[test]
fn killing_one_is_the_end_of_what_the_next_reads() {
    let system = Simulated::default();
    system.run(async {
        let mut pipeline = Pipeline::spawn(&system, commands("sleep 100000 | wc")).await.unwrap();
        pipeline.processes[0].kill();
        let output = pipeline.communicate(None).await.unwrap();
        assert_eq!((output.returncodes.as_slice(), output.stdout.as_deref()), (&[-9, 0][..], Some(&b"0"[..])));
    });
}

#[test]
fn the_first_of_a_pipeline_reads_what_its_parent_writes() {
    let system = Simulated::default();
    system.run(async {
        let mut specs = commands("cat | wc");
        specs[0].stdin = Stdin::Pipe;
        let mut pipeline = Pipeline::spawn(&system, specs).await.unwrap();
        pipeline.processes[0].write_stdin(b"banana").await.unwrap();
        let output = pipeline.communicate(None).await.unwrap();
        assert_eq!(output.stdout.as_deref(), Some(&b"6"[..]), "its stdin was closed for it");
    });
}

#[test]
fn one_that_does_not_start_ends_the_others() {
    let system = Simulated::default();
    system.run(async {
        let failed = Pipeline::spawn(&system, commands("yes | none | wc")).await;
        assert!(matches!(failed, Err(SpawnError::NotFound { .. })));
        assert_eq!(system.alive(), 0);
        assert!(matches!(Pipeline::spawn(&system, Vec::new()).await, Err(SpawnError::NoProgram)));
    });
}

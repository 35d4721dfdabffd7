//! `wc [-l | -w | -c]`: the lines, words and bytes of stdin, or one of them.
#![no_std]
#![no_main]
#![cfg(target_arch = "wasm32")]

use overlap_commands::count::Counts;
use overlap_commands::number::Decimal;
use overlap_commands::process::{Failure, Process, each_piece};

overlap_commands::command!("wc", wc);

fn wc(process: &mut Process<'_>) -> Result<(), Failure> {
    let which: fn(&Counts) -> &[u64] = match process.args {
        [] | [_] => |counts| counts.all(),
        [_, b"-l"] => |counts| &counts.all()[..1],
        [_, b"-w"] => |counts| &counts.all()[1..2],
        [_, b"-c"] => |counts| &counts.all()[2..],
        _ => return Err(Failure::Usage("wc [-l | -w | -c]")),
    };
    let mut counts = Counts::default();
    each_piece(|piece| {
        counts.add(piece);
        Ok(())
    })?;
    for (place, number) in which(&counts).iter().enumerate() {
        if place > 0 {
            process.write(b" ")?;
        }
        process.write(Decimal::new(*number).as_bytes())?;
    }
    process.write(b"\n")
}

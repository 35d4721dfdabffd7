//! `primes [-c] LIMIT`: the primes below LIMIT, one a line; with `-c`, only how many there are.
#![no_std]
#![no_main]
#![cfg(target_arch = "wasm32")]

use overlap_commands::number::{Decimal, parse};
use overlap_commands::primes::is_prime;
use overlap_commands::process::{Failure, Process};

overlap_commands::command!("primes", primes);

fn primes(process: &mut Process<'_>) -> Result<(), Failure> {
    let usage = Failure::Usage("primes [-c] LIMIT");
    let (counts, limit) = match process.args {
        [_, limit] => (false, limit),
        [_, b"-c", limit] => (true, limit),
        _ => return Err(usage),
    };
    let limit = parse(limit).and_then(|limit| u32::try_from(limit).ok()).ok_or(usage)?;
    let mut count: u64 = 0;
    for prime in (0..limit).filter(|number| is_prime(*number)) {
        count += 1;
        if !counts {
            process.write(Decimal::new(prime.into()).as_bytes())?;
            process.write(b"\n")?;
        }
    }
    if counts {
        process.write(Decimal::new(count).as_bytes())?;
        process.write(b"\n")?;
    }
    Ok(())
}

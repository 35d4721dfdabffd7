//! `printenv [NAME]`: the environment, one `NAME=VALUE` a line, or one variable's value; status 1 if it is not there.
#![no_std]
#![no_main]
#![cfg(target_arch = "wasm32")]

use overlap_commands::process::{Failure, Process, environ};

overlap_commands::command!("printenv", printenv);

fn printenv(process: &mut Process<'_>) -> Result<(), Failure> {
    let wanted = match process.args {
        [] | [_] => None,
        [_, name] => Some(*name),
        _ => return Err(Failure::Usage("printenv [NAME]")),
    };
    environ(|variables| {
        let mut found = wanted.is_none();
        for variable in variables {
            let line = match wanted {
                None => Some(*variable),
                Some(name) => variable.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")),
            };
            if let Some(line) = line {
                found = true;
                process.write(line)?;
                process.write(b"\n")?;
            }
        }
        if found { Ok(()) } else { Err(Failure::Status(1)) }
    })
}

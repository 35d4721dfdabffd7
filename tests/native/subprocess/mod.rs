//! Subprocesses on a simulated system: what of CPython's `test_subprocess.py` applies, by its names, and pipelines.

mod communicate;
mod pipeline;
mod popen;
mod run;
mod system;

//! The page's program: joins what is drawn to what runs. In a worker it does nothing by itself; `www/process.js` calls in.

fn main() {}

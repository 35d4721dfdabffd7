//! The timeline on known traces: what is drawn of them, as lists of shapes, and what keys and the pointer do.
//!
//! `UPDATE_EXPECT=1` writes the lists anew. Read the difference before it is committed.

mod hands;
mod pictures;
mod traces;

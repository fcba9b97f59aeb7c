//! The native command: argument parsing and calls into the library; nothing else.
fn main() {}

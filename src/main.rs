//! The browser app: mounts the interface; nothing else.
fn main() {}

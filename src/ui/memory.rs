//! Memory ahead of need.
//!
//! The allocator asks the browser for memory in pieces of 64 KB, and each time the browser has to make the program's memory
//! anew: V8 counts all of it as new garbage and soon collects, which may take ten milliseconds. So it is asked seldom, for
//! much at a time, between pieces of work. What is not used costs nothing but addresses.

use std::cell::Cell;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A page of Wasm's memory.
const PAGE: usize = 64 * 1024;
/// What is fetched at least.
const LEAST: usize = 8 * 1024 * 1024;

thread_local! {
    /// How many pages there were when it was last looked.
    static SEEN: Cell<usize> = const { Cell::new(0) };
}

/// If there was not enough memory for the last piece of work, fetches a quarter more for the next ones.
pub fn ahead() {
    let pages = core::arch::wasm32::memory_size(0);
    if SEEN.get() != pages {
        // What is given back stays with the allocator.
        drop(black_box(Vec::<u8>::with_capacity((pages * PAGE / 4).max(LEAST))));
        SEEN.set(core::arch::wasm32::memory_size(0));
    }
}

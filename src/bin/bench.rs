//! The scheduler's benchmark in Wasm: see `tools/bench-scheduler.mjs`. Natively it is `bottle bench --scheduler`.

fn main() {
    #[cfg(target_arch = "wasm32")]
    bottle::ui::bench::install();
}

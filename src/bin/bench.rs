//! The benchmarks in Wasm: see `tools/bench-scheduler.mjs` and `tools/bench-api.mjs`. Natively they are `bottle bench`.

fn main() {
    #[cfg(target_arch = "wasm32")]
    bottle::ui::bench::install();
}

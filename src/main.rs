//! The browser app: mounts the interface; nothing else.

fn main() {
    #[cfg(target_arch = "wasm32")]
    bottle::ui::start();
}

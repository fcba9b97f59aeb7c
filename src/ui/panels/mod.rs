//! What stands around the stage: one file for each panel.

mod actions;
mod dock;
mod events;
mod guide;
mod help;
mod inspector;
mod manifest;
mod problems;
mod scrubber;
mod top;
mod transcript;
mod transport;

pub use self::dock::Dock;
pub use self::guide::Guide;
pub use self::inspector::InspectorPanel;
pub use self::top::TopBar;
pub use self::transport::Transport;

//! What stands around the stage: one file for each panel.

mod actions;
mod branches;
mod dock;
mod events;
mod guide;
mod help;
mod inspector;
mod inspector_card;
mod inspector_state;
mod inspector_why;
mod manifest;
mod moment;
mod problems;
mod scrubber;
mod top;
mod transcript;
mod transport;

pub use self::branches::Branches;
pub use self::dock::Dock;
pub use self::guide::Guide;
pub use self::inspector::InspectorPanel;
pub use self::top::TopBar;
pub use self::transport::Transport;

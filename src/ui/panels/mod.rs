//! What stands around the stage: one file for each panel.

mod actions;
mod additions;
mod branches;
mod compare;
mod dock;
mod events;
mod guide;
mod help;
mod inspector;
mod inspector_card;
mod inspector_etcd;
mod inspector_history;
mod inspector_state;
mod inspector_why;
mod manifest;
mod moment;
mod palette;
mod problems;
mod request;
mod requests;
mod scheduling;
mod scrubber;
mod settings;
mod share;
mod sheet;
mod timeline;
mod top;
mod transcript;
mod transport;

pub use self::branches::branches;
pub use self::dock::dock;
pub use self::guide::guide;
pub use self::inspector::inspector;
pub use self::scheduling::{Scheduling, Tab as InspectorTab, question};
pub use self::top::top_bar;
pub use self::transport::transport;

//! The verbs: one folder for each real binary, and the world that they live in.
//!
//! Components meet only in the API server: list, watch, write. Nobody calls anybody. What they say to each other is
//! in [`wire`], what happened is in [`fact`], every duration is in [`timing`].

pub mod apiserver;
pub mod client;
pub mod etcd;
pub mod fact;
pub mod input;
pub mod machine;
pub mod timing;
pub mod view;
pub mod wire;

/// What a component's handler gets.
pub type Cx<'a> = crate::sim::Cx<'a, wire::Address, wire::Event, fact::Fact>;

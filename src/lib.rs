//! Ship in a Bottle: a whole Kubernetes cluster inside a browser tab.

pub mod api;
pub mod cluster;
pub mod sim;

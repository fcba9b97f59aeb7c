//! Ship in a Bottle: a whole Kubernetes cluster inside a browser tab.
//!
//! The repository is the diagram:
//!
//! ```text
//!   sim       a kernel with time, chance, cause and memory; no Kubernetes word in it
//!   api       the nouns: objects, requests, errors; plain data and pure functions
//!   cluster   the verbs: one folder for each real binary; components meet only in the API server
//!   scene     the harbour: (view, trace, time) → display list; pure
//!   inspect   what the panels tell of a thing: identity, why, desired and actual, events; pure
//!   i18n      every text, in Korean and English
//!   texts     the files behind them, and the schema of Kubernetes
//!   ui        leptos, in the browser only; `session` is the only place that changes anything
//!   bench     what the scheduler's benchmarks run
//!   headless  the same engine for the native command
//!   http      the API server's HTTP without its sockets: negotiation, discovery, tables; native only
//!   serve     the same server for any kubectl: `bottle serve`; native only
//!   verify    recordings of a real cluster, played against the engine; native only
//! ```
//!
//! Data flows one way: a person's [`cluster::input::Input`] goes into the [`cluster::History`]; the world handles
//! events in simulated time and notes facts with their causes; the view, the facts and the time make the picture.
//!
//! Invariants, absences included: the same seed and inputs give the same state hash natively and in Wasm; below `ui`
//! there is no wall clock, no browser and no global; only the API server addresses etcd; siblings in `cluster` never
//! import each other; the picture owns no clock and cannot influence the simulation.

pub mod api;
pub mod bench;
pub mod cluster;
pub mod examples;
#[cfg(not(target_arch = "wasm32"))]
pub mod headless;
#[cfg(not(target_arch = "wasm32"))]
pub mod http;
pub mod i18n;
pub mod inspect;
pub mod scene;
#[cfg(not(target_arch = "wasm32"))]
pub mod serve;
pub mod sim;
pub mod texts;
#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(not(target_arch = "wasm32"))]
pub mod verify;

//! The nouns: Kubernetes' objects, requests and errors as plain data and pure functions.
//!
//! - [`custom`]: kinds that somebody adds, and their schemas; [`cel`]: the language of rules.
//! - [`object`]: any object of any kind, shared ([`document`]: as a tree); [`kinds`]: one file for each kind and the
//!   registry [`kinds::KINDS`].
//! - [`request`]: the REST contract as data; [`status`]: the one error type of the API.
//! - [`meta`]: what all objects have: owner references, times, uids.
//! - [`pod`]: what a pod spec means; [`json`]: what Go reads and writes differently.
//! - [`rules`]: what the values of kinds kept as trees must be; [`tree`]: walking through them.
//! - [`volumes`]: which claims and volumes belong together.
//! - [`meta_validation`]: what the metadata of any object must be; [`check`], [`path`]: what validation is made of.
//! - [`table`]: what lists show; [`age`], [`names`], [`quantity`], [`selector`], [`cron`] (with [`calendar`]): texts with
//!   rules of their own.
//! - [`schema`]: which fields every kind has; what the strict decoder says.
//! - [`patch`]: JSON, merge and strategic merge patches, and the one that `kubectl apply` makes.
//! - [`manifest`]: YAML and JSON in and out, errors and fields with line and column.
//!
//! Nothing here happens over time, and nothing here knows a component.

pub mod age;
pub mod base64;
pub mod calendar;
pub mod cel;
pub mod check;
pub mod count;
pub mod cron;
pub mod custom;
pub mod document;
pub mod faces;
pub mod json;
pub mod jwt;
mod kind;
pub mod kinds;
pub mod managed;
pub mod manifest;
pub mod meta;
pub mod meta_validation;
pub mod metrics;
pub mod names;
pub mod object;
pub mod patch;
pub mod path;
pub mod pod;
pub mod quantity;
pub mod request;
pub mod rules;
pub mod schema;
pub mod selector;
pub mod service;
pub mod status;
pub mod table;
pub mod tree;
pub mod unified;
pub mod usage;
pub mod volumes;

pub use kinds::{Column, Kind};
pub use object::{Key, Object, ObjectRef, Ref, Typed};
pub use request::{Body, Options, Request, Target, Verb};
pub use status::{FieldError, Status};

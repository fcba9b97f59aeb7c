//! CEL, the language of `x-kubernetes-validations` and of admission policies.
//!
//! - [`parse`](mod@parse): text to a tree; [`eval`]: the tree on values; `functions`: what values can be asked;
//! - [`rules`]: the rules of a custom kind's schema;
//! - [`types`]: what can be said of an expression's types against the schema of a kind; `signatures`: what functions take;
//! - [`cost`]: what a rule costs at most.
//!
//! This is the language of the specification (cel-spec, `langdef.md`) with the functions that Kubernetes adds (strings,
//! lists, sets, regular expressions, URLs, quantities, addresses, optionals), evaluated with dynamic types. It is written
//! here because Kubernetes' functions and sentences are most of it; whether a crate under it would be smaller in the page
//! has not been measured.
//!
//! Left out: type checks of what [`types`] does not know for certain, cost counted while it runs (a bound on steps stands in), protocol
//! buffers, comprehensions of two variables, `authorizer`, formats with a locale.

pub mod cost;
mod escape;
mod eval;
mod functions;
mod lists;
mod networks;
mod parse;
mod quantities;
pub mod rules;
mod signatures;
mod times;
mod tokens;
pub mod types;
mod val;

pub use escape::RESERVED;
pub use eval::Scope;
pub use parse::{Program, SyntaxError};
pub use val::Val;

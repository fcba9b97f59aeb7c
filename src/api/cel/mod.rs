//! CEL, the language of `x-kubernetes-validations` and of admission policies.
//!
//! - [`parse`](mod@parse): text to a tree; [`eval`]: the tree on values; `functions`: what values can be asked;
//! - [`rules`]: the rules of a custom kind's schema;
//! - [`types`]: what can be said of an expression's types against the schema of a kind; `signatures`: what functions take;
//! - [`cost`]: what a rule costs at most.
//!
//! This is the language of the specification (cel-spec, `langdef.md`) with the functions that Kubernetes adds (strings,
//! lists, sets, regular expressions, URLs, quantities, addresses, optionals), evaluated with dynamic types.
//!
//! It is written here because a crate under it would bring less and weigh more. Measured with `cel` 0.15, the one that is
//! kept up: a program that does nothing but evaluate one expression is 430 KiB in the page (Brotli, `opt-level = "z"`, wasm-opt
//! -Oz), these modules are some 40 KiB with their regular expressions; it has no checker of types and no costs, which a rule
//! is refused by when it is written, and of Kubernetes' language it lacks `.?`, `cel.bind`, comprehensions of two
//! variables, `split`, `find`, `format`, `charAt`, `isSorted`, `sets`, `quantity`, `url` and `ip`.
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

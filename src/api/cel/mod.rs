//! CEL, the language of `x-kubernetes-validations` and of admission policies.
//!
//! - [`parse`](mod@parse): text to a tree (`expr`); [`eval`]: the tree on values; `functions`: what values can be asked;
//! - [`rules`]: the rules of a custom kind's schema;
//! - [`types`], `checker`: the types of an expression and what is wrong with them; `signatures`: what functions take and
//!   give; `unify`: which types fit where;
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
//! Left out: cost counted while it runs (a bound on steps stands in), protocol buffers, what `authorizer` answers, formats
//! with a locale.

mod checker;
pub mod cost;
mod escape;
mod eval;
mod expr;
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
mod unify;
mod val;

pub use escape::RESERVED;
pub use eval::Scope;
pub use parse::{Program, SyntaxError};
pub use val::Val;

//! What can be done with what is selected.

use leptos::prelude::*;

/// The actions.
#[component]
pub fn Actions() -> impl IntoView {}

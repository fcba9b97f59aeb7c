//! The focus in a part of the page that is made anew.

use super::El;
use leptos::prelude::document;
use web_sys::Element;

/// Which element of a part has the focus: what takes its place when the part is made anew gets it.
#[derive(Default)]
pub struct Focus(Option<Vec<usize>>);

impl Focus {
    /// Which of these elements has it, or an element within one.
    pub fn within(part: &[El]) -> Self {
        let Some(active) = document().active_element() else { return Self::default() };
        let Some(at) = part.iter().position(|element| element.0.contains(Some(&active))) else {
            return Self::default();
        };
        let mut path = Vec::new();
        let mut element = active;
        while element != part[at].0 {
            let Some(parent) = element.parent_element() else { return Self::default() };
            let before = std::iter::successors(element.previous_element_sibling(), Element::previous_element_sibling);
            path.push(before.count());
            element = parent;
        }
        path.push(at);
        Self(Some(path))
    }

    /// Gives it to the same place in what was made anew.
    pub fn give_to(self, part: &[El]) {
        let Some(mut path) = self.0 else { return };
        let mut element = path.pop().and_then(|at| part.get(at)).map(|element| element.0.clone());
        while let Some(at) = path.pop() {
            #[expect(clippy::cast_possible_truncation, reason = "the children of an element")]
            let child = element.and_then(|element| element.children().item(at as u32));
            element = child;
        }
        if let Some(element) = element {
            crate::ui::browser::call(&element, "focus", &[]);
        }
    }
}

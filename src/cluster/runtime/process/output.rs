//! What becomes of what is printed: the container's log, or the next command of a pipe.

use super::super::course;
use super::super::shell::Node;
use super::{Flow, Process};
use std::rc::Rc;

impl Process<'_> {
    /// What was printed goes to the container's log, unless somebody takes it.
    pub(super) fn write_log(&mut self) {
        if self.beside || self.captures > 0 || self.out.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.out);
        let room = course::LONGEST_LOG.saturating_sub(self.course.log.len());
        let lines = text.lines().take(room).map(|line| (self.clock, Rc::from(line)));
        self.course.log.extend(lines);
    }

    /// A filter that says nothing here lets everything pass.
    pub(super) fn pipe(&mut self, parts: &[Node], last: bool) -> Flow {
        let Some((end, before)) = parts.split_last() else { return Flow::Next(0) };
        let printed = self.out.len();
        if before.iter().any(|part| self.node(part, false) == Flow::Forever) {
            return Flow::Forever;
        }
        let passed = self.out.len();
        let flow = self.node(end, last);
        if self.out.len() > passed {
            self.out.replace_range(printed..passed, "");
        }
        flow
    }
}

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

    /// Each command gets what the one before it has printed; one that does not look at it lets it pass.
    pub(super) fn pipe(&mut self, parts: &[Node], last: bool) -> Flow {
        let printed = self.out.len();
        let mut flow = Flow::Next(0);
        let before = self.input.take();
        for (index, part) in parts.iter().enumerate() {
            let passed = self.out.split_off(printed.min(self.out.len()));
            self.input = (index > 0).then(|| passed.clone());
            let end = index + 1 == parts.len();
            flow = self.node(part, last && end);
            let unread = self.input.take().is_some();
            if unread && self.out.len() <= printed {
                self.out.push_str(&passed);
            }
            if flow == Flow::Forever && !end {
                break;
            }
        }
        self.input = before;
        flow
    }
}

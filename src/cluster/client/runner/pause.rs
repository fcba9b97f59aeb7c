//! What can befall a process full of controllers: one of them rests, or its certificate expires.

use super::{Cx, Runner};

impl Runner {
    /// Lets a controller rest, or work on; false if there is no such controller.
    pub fn pause(&mut self, cx: &mut Cx, name: &str, paused: bool) -> bool {
        let Some(desk) = self.desks.iter().position(|desk| desk.controller.name == name) else { return false };
        let name = self.desks[desk].controller.name;
        if paused {
            self.paused.insert(name);
        } else {
            self.paused.remove(name);
            if self.ready && self.leads() {
                self.work(cx, desk);
            }
        }
        true
    }

    /// Its certificate expires, or is renewed.
    pub fn expire(&mut self, expired: bool) {
        self.client.expire(expired);
    }
}

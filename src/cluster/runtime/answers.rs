//! What the runtime answers to questions: what there is, what a command says, what a port says.

use super::Runtime;
use super::process::{self, Change, Site};
use crate::cluster::wire::{CriError, CriReply};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Order, Time};
use std::rc::Rc;

impl Runtime {
    pub(super) fn list(&self, cx: &mut Cx, call: u64) {
        let ready = self.sandboxes.iter().filter(|(_, sandbox)| sandbox.ready);
        let sandboxes = ready.map(|(uid, sandbox)| (uid.clone(), sandbox.ip.clone())).collect();
        let containers = self.containers.iter().map(|(id, container)| container.status(id)).collect();
        let images = self.images.values().cloned().collect();
        self.reply(cx, call, timing::PROBE_ANSWER, Ok(CriReply::List { sandboxes, containers, images }));
    }

    pub(super) fn exec(&mut self, cx: &mut Cx, call: u64, id: &Rc<str>, (command, timeout): (&[Rc<str>], Duration)) {
        let argv: Vec<String> = command.iter().map(ToString::to_string).collect();
        let changed = |runtime: &Self| runtime.containers.get(id).map_or(0, |container| container.touched.len());
        let before = changed(self);
        match self.command(cx.now(), id, (&argv, timeout)) {
            Some((took, outcome)) => {
                if changed(self) != before {
                    self.think(cx, id);
                    self.think_around(cx, id);
                }
                self.reply(cx, call, took, outcome);
            }
            None => self.unknown(cx, call, id),
        }
    }

    /// Runs a command in a container: how long it takes, and its exit code with what it prints. `None`: it does not run.
    pub fn command(
        &mut self,
        now: Time,
        id: &Rc<str>,
        (argv, timeout): (&[String], Duration),
    ) -> Option<(Duration, Result<CriReply, CriError>)> {
        let mut seen = self.seen(id, now);
        let container = self.containers.get_mut(id)?;
        let since = container.since()?;
        let own = container.course.files.iter();
        seen.changes.extend(own.map(|change| Change { at: (since + change.at).since(now), ..change.clone() }));
        seen.changes.order_by_key(|change| change.at);
        let spec = container.spec.clone();
        let around = spec.surroundings(seen);
        let ran = process::exec(argv, &around, container.open(now).cloned().collect());
        Some(match ran {
            Err(why) => {
                let text = format!(
                    "failed to exec in container: failed to start exec \"{}\": OCI runtime exec failed: exec failed: unable to start container process: {why}",
                    &id[..12]
                );
                (timing::PROBE_ANSWER, Err(CriError::StartError(text.into())))
            }
            Ok((process::Flow::Next(code) | process::Flow::Exit(code), process)) if process.clock <= timeout => {
                let made = process.course.files.iter();
                let moved = |change: &Change<Duration>| Change {
                    at: now + change.at,
                    path: change.path.clone(),
                    file: change.file.clone(),
                };
                container.touched.extend(made.map(moved));
                (timing::PROBE_ANSWER + process.clock, Ok(CriReply::Exec { code, output: process.out.as_str().into() }))
            }
            Ok(_) => (timeout, Err(timed_out(argv, timeout))),
        })
    }

    pub(super) fn connect(
        &self,
        cx: &mut Cx,
        call: u64,
        pod: &Rc<str>,
        (port, path, tls): (u16, Option<&str>, Option<bool>),
    ) {
        let now = cx.now();
        let Some(sandbox) = self.sandboxes.get(pod) else { return self.unknown(cx, call, pod) };
        let containers = || sandbox.containers.iter().filter_map(|id| self.containers.get(id));
        let on = |wanted: u16| {
            containers()
                .find_map(|c| c.open(now).find(|l| l.port == wanted).map(|l| (l.site, l.from, c.since(), c.ready)))
        };
        let site = on(port).or_else(|| on(0));
        let outcome = match (site, path) {
            (None, _) => Err(CriError::ConnectionRefused(
                format!("dial tcp {}:{port}: connect: connection refused", sandbox.ip).into(),
            )),
            (Some(_), None) => Ok(CriReply::Connected(0)),
            (Some((Site::Raw, ..)), Some(_)) => Err(CriError::ConnectionRefused("EOF".into())),
            (Some((site, ..)), Some(_))
                if site.speaks_tls(on(port).map(|_| port)) == Some(false) && tls == Some(true) =>
            {
                Err(CriError::ConnectionRefused("http: server gave HTTP response to HTTPS client".into()))
            }
            // Go's servers say that somebody asks them in the clear.
            (Some((site, ..)), Some(_))
                if site.speaks_tls(on(port).map(|_| port)) == Some(true) && tls == Some(false) =>
            {
                Ok(CriReply::Connected(400))
            }
            (Some((Site::Groups(_), _, _, false)), Some("/readyz")) => Ok(CriReply::Connected(500)),
            (Some((site, from, since, _)), Some(path)) => {
                let age = since.map_or(Duration::ZERO, |since| now.since(since).saturating_sub(from));
                Ok(CriReply::Connected(site.status(path, age)))
            }
        };
        self.reply(cx, call, timing::PROBE_ANSWER, outcome);
    }
}

fn timed_out(argv: &[String], timeout: Duration) -> CriError {
    let text = format!("command timed out: \"{}\" timed out after {}s", argv.join(" "), timeout.as_secs());
    CriError::Timeout(text.into())
}

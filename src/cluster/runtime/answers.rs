//! What the runtime answers to questions: what there is, what a command says, what a port says.

use super::Runtime;
use super::process::{self, Site};
use crate::cluster::wire::{CriError, CriReply};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
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
        match self.command(cx.now(), id, (&argv, timeout)) {
            Some((took, outcome)) => self.reply(cx, call, took, outcome),
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
        let container = self.containers.get_mut(id).filter(|container| container.since().is_some())?;
        let spec = container.spec.clone();
        let around = spec.surroundings();
        let ran = process::exec(argv, &around, container.files(now), container.open(now).cloned().collect());
        Some(match ran {
            Err(why) => {
                let text = format!(
                    "failed to exec in container: failed to start exec \"{}\": OCI runtime exec failed: exec failed: unable to start container process: {why}",
                    &id[..12]
                );
                (timing::PROBE_ANSWER, Err(CriError::StartError(text.into())))
            }
            Ok((process::Flow::Next(code) | process::Flow::Exit(code), process)) if process.clock <= timeout => {
                for (_, path, exists) in &process.course.files {
                    container.touched.insert(path.clone(), *exists);
                }
                (timing::PROBE_ANSWER + process.clock, Ok(CriReply::Exec { code, output: process.out.as_str().into() }))
            }
            Ok(_) => (timeout, Err(timed_out(argv, timeout))),
        })
    }

    pub(super) fn connect(&self, cx: &mut Cx, call: u64, pod: &Rc<str>, (port, path): (u16, Option<&str>)) {
        let now = cx.now();
        let Some(sandbox) = self.sandboxes.get(pod) else { return self.unknown(cx, call, pod) };
        let containers = || sandbox.containers.iter().filter_map(|id| self.containers.get(id));
        let on = |wanted: u16| {
            containers().find_map(|c| c.open(now).find(|l| l.port == wanted).map(|l| (l.site, l.from, c.since())))
        };
        let site = on(port).or_else(|| on(0));
        let outcome = match (site, path) {
            (None, _) => Err(CriError::ConnectionRefused(
                format!("dial tcp {}:{port}: connect: connection refused", sandbox.ip).into(),
            )),
            (Some(_), None) => Ok(CriReply::Connected(0)),
            (Some((Site::Raw, ..)), Some(_)) => Err(CriError::ConnectionRefused("EOF".into())),
            (Some((Site::Metrics, ..)), Some("/readyz")) if !self.has_metrics() => Ok(CriReply::Connected(500)),
            (Some((site, from, since)), Some(path)) => {
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

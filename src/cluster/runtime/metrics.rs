//! The metrics server as a process in a container: it lives as long as the container, prints into its log, and speaks
//! for its machine. At most one of a machine answers.

use super::Runtime;
use super::course::{LONGEST_LOG, Site};
use super::programs::flag;
use crate::cluster::Cx;
use crate::cluster::metrics::MetricsServer;
use crate::cluster::wire::{Address, Message, Timer};
use std::rc::Rc;

/// The server, and its container's id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Metrics {
    container: Rc<str>,
    server: MetricsServer,
}

impl Metrics {
    /// Whether a timer is the server's.
    pub fn owns(timer: &Timer) -> bool {
        MetricsServer::owns(timer)
    }
}

impl Runtime {
    /// Whether there is something to serve.
    pub(super) fn has_metrics(&self) -> bool {
        self.metrics.as_ref().is_some_and(|metrics| metrics.server.is_ready())
    }

    /// Begins or ends the server with its container.
    pub(super) fn serve_metrics(&mut self, cx: &mut Cx) {
        let serves = |id: &Rc<str>| {
            let container = self.containers.get(id).filter(|container| container.since().is_some());
            container
                .is_some_and(|container| container.course.listens.iter().any(|listen| listen.site == Site::Metrics))
        };
        if self.metrics.as_ref().is_some_and(|metrics| serves(&metrics.container)) {
            return;
        }
        let next = self.containers.keys().find(|id| serves(id)).cloned();
        if let Some(mut gone) = self.metrics.take() {
            gone.server.stop(cx);
        }
        if let Some(container) = next {
            self.begin_metrics(cx, container);
        }
    }

    #[inline(never)]
    fn begin_metrics(&mut self, cx: &mut Cx, container: Rc<str>) {
        let Some(spec) = self.containers.get(&container).map(|found| found.spec.clone()) else { return };
        let Some(sandbox) = self.sandboxes.get(&spec.pod) else { return };
        let words: Vec<String> =
            spec.command.iter().chain(&spec.args).flat_map(|words| words.iter()).map(ToString::to_string).collect();
        let trusting = flag(&words, &["kubelet-insecure-tls"]).is_some_and(|value| value != "false")
            || words.iter().any(|word| word == "--kubelet-insecure-tls");
        let resolution = flag(&words, &["metric-resolution"]).unwrap_or_default();
        let mut server = MetricsServer::new(&sandbox.pod.key.namespace, trusting, resolution);
        server.start(cx);
        self.metrics = Some(Box::new(Metrics { container, server }));
    }

    #[inline(never)]
    pub(super) fn tell_metrics(&mut self, cx: &mut Cx, from: Address, message: Message) {
        match &mut self.metrics {
            Some(metrics) => metrics.server.handle(cx, from, message),
            None => MetricsServer::refuse(cx, from, &message),
        }
    }

    #[inline(never)]
    pub(super) fn metrics_due(&mut self, cx: &mut Cx, timer: &Timer) {
        let Some(metrics) = &mut self.metrics else { return };
        let lines = metrics.server.timer(cx, timer);
        let Some(container) = self.containers.get_mut(&metrics.container) else { return };
        let Some(since) = container.since() else { return };
        let log = &mut Rc::make_mut(&mut container.course).log;
        let lines = lines.into_iter().map(|line| (cx.now().since(since), line.into()));
        let space = LONGEST_LOG.saturating_sub(log.len());
        log.extend(lines.take(space));
    }
}

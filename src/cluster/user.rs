//! The person at the hut: turns inputs into the requests that kubectl would make, one after another.
//!
//! In Kubernetes this is `kubectl`. It is outside the cluster and has no rights but those of its credentials
//! (`kubernetes-admin`). Everything it does is a request to the API server; it keeps no cache and watches nothing.
//!
//! Modelled: `apply` with its three-way merge and its annotation, server-side dry run, `delete`, `scale`, `set image`,
//! `rollout undo` and `restart`, `cordon`, `drain`. Left out: everything that only prints (that is the later `kubectl` layer).

mod act;
mod apply;
mod drain;

use super::Cx;
use super::client::{Client, Notice, TIMER_PREFIX};
use super::fact::Fact;
use super::input::{Input, Name};
use super::timing;
use super::wire::{self, Event, Reply, Timer};
use crate::api::kinds::custom_resource_definition;
use crate::api::{Key, Kind, Ref, Request, Status};
use crate::sim::{FactId, Time};
use serde_json::Value;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The user's tool.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct User {
    client: Client,
    /// What is still to be done, in order.
    tasks: VecDeque<Task>,
    /// The request that is on its way for the first task.
    waiting: Option<u64>,
}

/// What one input asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Task {
    cause: Option<FactId>,
    dry_run: bool,
    jobs: VecDeque<Job>,
    lines: Vec<Rc<str>>,
    refused: Vec<(usize, Rc<Status>)>,
    warned: Vec<(usize, Rc<str>)>,
    /// Nothing of it is done before this moment.
    until: Option<Time>,
}

impl Task {
    fn new(cause: Option<FactId>, jobs: VecDeque<Job>) -> Self {
        let (lines, refused, warned) = (Vec::new(), Vec::new(), Vec::new());
        Self { cause, dry_run: false, jobs, lines, refused, warned, until: None }
    }
}

/// One object's share of a task: what to do, and how far it has come.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Job {
    /// The document's index in the manifest.
    index: usize,
    action: Action,
    /// How many answers it has had.
    step: u8,
}

/// What is to be done with one object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Action {
    /// `kubectl apply`, or `create` for a document with a generated name.
    Apply(Document),
    /// The same for a document of a kind that is not built in: what kinds there are is asked first.
    Discover(Rc<str>, Rc<str>, Written),
    /// Creates a namespace if it is not there.
    CreateNamespace(Rc<str>),
    /// One request whose success prints the word.
    Send(Rc<Request>, &'static str),
    /// `rollout undo`: of what, to which revision.
    Undo(Ref, i64),
    /// `drain` once the node is cordoned: which.
    Drain(Rc<str>),
    /// The eviction of a pod.
    Evict(Key),
    /// What could not even be asked.
    Fail(Rc<Status>),
}

/// A document as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Written(Rc<Value>);

impl Hash for Written {
    fn hash<H: Hasher>(&self, state: &mut H) {
        crate::api::object::hash_value(&self.0, state);
    }
}

/// A document and where it belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Document {
    kind: &'static Kind,
    namespace: Rc<str>,
    name: Rc<str>,
    value: Rc<Value>,
}

impl Hash for Document {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        crate::api::object::hash_value(&self.value, state);
    }
}

/// What follows an answer.
enum Next {
    /// Another request.
    Ask(Request),
    /// Something else is to be done in its place.
    Instead(Action),
    /// Done; kubectl prints this line.
    Done(String),
    /// Refused.
    Refused(Rc<Status>),
    /// Done; these follow.
    Jobs(Vec<Job>),
    /// The same again in a while.
    Later,
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

impl User {
    /// The cluster's administrator, as kubeadm makes him.
    #[must_use]
    pub fn new() -> Self {
        let admin = wire::User::new("kubernetes-admin", &["kubeadm:cluster-admins", "system:authenticated"]);
        Self { client: Client::new(admin), tasks: VecDeque::new(), waiting: None }
    }

    /// Nothing to do until somebody asks.
    #[expect(clippy::unused_self, reason = "every component has it")]
    pub fn start(&mut self, _cx: &mut Cx) {}

    /// The tool keeps nothing.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { client: self.client.restarted(), ..Self::new() }
    }

    /// Whether everything asked for has been answered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Begins what an input asks for. Faults are not the user's: the world carries them out.
    pub fn input(&mut self, cx: &mut Cx, input: &Input) {
        let (jobs, dry_run) = match input {
            Input::Apply { text, dry_run, create_namespaces } => (apply::jobs(text, *create_namespaces), *dry_run),
            other => (act::jobs(other, cx.now()), false),
        };
        let task = Task { dry_run, ..Task::new(cx.cause(), jobs) };
        self.tasks.push_back(task);
        self.go_on(cx);
    }

    /// Answers and timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        let notices = match event {
            Event::Message { message, .. } => self.client.handle(cx, message),
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => self.client.timer(cx, &timer),
            Event::Timer(_) => {
                self.go_on(cx);
                Vec::new()
            }
        };
        for notice in notices {
            if let Notice::Reply { id, outcome, .. } = notice
                && self.waiting == Some(id)
            {
                self.waiting = None;
                self.answered(cx, outcome);
                self.go_on(cx);
            }
        }
    }

    /// Starts the next job whenever nothing is under way.
    fn go_on(&mut self, cx: &mut Cx) {
        while self.waiting.is_none() {
            let now = cx.now();
            let due = |task: &Task| task.until.is_none_or(|until| until <= now);
            let Some(task) = self.tasks.iter().position(due).and_then(|place| self.tasks.remove(place)) else { return };
            self.tasks.push_front(task);
            let Some(task) = self.tasks.front() else { return };
            let Some(job) = task.jobs.front() else {
                self.finish(cx);
                continue;
            };
            // Each document follows from the input, not from the answer to the one before it.
            cx.because(task.cause);
            let next = first(job, task.dry_run);
            self.take(cx, next);
        }
    }

    fn answered(&mut self, cx: &mut Cx, outcome: Result<Reply, Rc<Status>>) {
        let Some(task) = self.tasks.front_mut() else { return };
        let dry_run = task.dry_run;
        let Some(job) = task.jobs.front_mut() else { return };
        job.step += 1;
        if let Ok(Reply::Object { warnings, .. }) = &outcome {
            task.warned.extend(warnings.iter().map(|text| (job.index, text.clone())));
        }
        let next = follow(job, dry_run, outcome);
        self.take(cx, next);
    }

    fn take(&mut self, cx: &mut Cx, next: Next) {
        let Some(task) = self.tasks.front_mut() else { return };
        match next {
            Next::Ask(request) => {
                self.waiting = Some(self.client.request(cx, request));
            }
            Next::Instead(action) => {
                if let Some(job) = task.jobs.front_mut() {
                    (job.action, job.step) = (action, 0);
                }
            }
            Next::Done(line) => {
                if !line.is_empty() {
                    task.lines.push(line.into());
                }
                task.jobs.pop_front();
            }
            Next::Refused(status) => {
                let index = task.jobs.front().map_or(0, |job| job.index);
                task.refused.push((index, status));
                task.jobs.pop_front();
            }
            Next::Jobs(jobs) => {
                task.jobs.pop_front();
                task.jobs.extend(jobs);
            }
            Next::Later => {
                // The others of the task are not kept waiting.
                task.jobs.rotate_left(1);
                task.until = Some(cx.now() + timing::DRAIN_RETRY);
                cx.after(timing::DRAIN_RETRY, Event::Timer(Timer::new("user/again")));
            }
        }
    }

    fn finish(&mut self, cx: &mut Cx) {
        let Some(task) = self.tasks.pop_front() else { return };
        let lines = task.lines.iter().cloned().collect();
        let (refused, warned) = (task.refused.into(), task.warned.into());
        cx.because(task.cause);
        cx.note_aside(Fact::Answer { lines, refused, warned, dry_run: task.dry_run });
    }
}

/// The first request of a job.
fn first(job: &Job, dry_run: bool) -> Next {
    match &job.action {
        Action::Apply(document) => apply::first(document, dry_run),
        Action::Discover(..) => Next::Ask(Request::list(&custom_resource_definition::KIND, "")),
        Action::CreateNamespace(name) => Next::Ask(apply::namespace(name)),
        Action::Send(request, _) => Next::Ask((**request).clone()),
        Action::Undo(object, _) => act::undo_first(object),
        Action::Drain(node) => drain::list(node),
        Action::Evict(key) => drain::eviction(key),
        Action::Fail(status) => Next::Refused(status.clone()),
    }
}

/// What follows an answer to a job's request.
fn follow(job: &Job, dry_run: bool, outcome: Result<Reply, Rc<Status>>) -> Next {
    match (&job.action, outcome) {
        (Action::Apply(document), outcome) => apply::follow(document, job.step, dry_run, outcome),
        (Action::Discover(version, kind, value), Ok(reply)) => apply::discovered(version, kind, &value.0, &reply),
        (Action::CreateNamespace(_), Err(status)) if status.reason == "AlreadyExists" => Next::Done(String::new()),
        (Action::CreateNamespace(name), Ok(_)) => Next::Done(format!("namespace/{name} created")),
        (Action::Undo(object, revision), Ok(reply)) => act::undo_follow(object, *revision, job.step, &reply),
        (Action::Send(request, word), Ok(_)) => {
            let object = &request.target.object;
            Next::Done(format!("{} {word}", label(object.kind, &object.key.name)))
        }
        (Action::Evict(key), outcome) => drain::evicted(key, job.step, outcome),
        (_, Err(status)) => Next::Refused(status),
        (Action::Drain(_), Ok(reply)) => drain::evictions(&reply),
        (Action::Fail(status), Ok(_)) => Next::Refused(status.clone()),
    }
}

/// An object as kubectl prints it: `deployment.apps/web`.
fn label(kind: &Kind, name: &str) -> String {
    if kind.group.is_empty() {
        format!("{}/{name}", kind.singular)
    } else {
        format!("{}.{}/{name}", kind.singular, kind.group)
    }
}

/// The kind that a name in an input means.
fn kind_of(name: &Name) -> Result<&'static Kind, Rc<Status>> {
    Kind::find(&name.api_version, &name.kind).ok_or_else(|| Rc::new(no_match(&name.kind, &name.api_version)))
}

/// What kubectl says when discovery does not know a kind.
fn no_match(kind: &str, api_version: &str) -> Status {
    Status { message: format!("no matches for kind \"{kind}\" in version \"{api_version}\""), ..Status::no_such_path() }
}

//! A controller at work, and one worker's work on one key: the data of the [runner](super::runner).

use super::Cx;
use super::controller::{Answer, Controller, Memory, Question, Step, Write};
use super::events::Recorder;
use super::workqueue::WorkQueue;
use crate::api::{Kind, Ref, Request, Status};
use crate::cluster::timing;
use crate::cluster::wire::{Event, Timer, User};
use crate::sim::{FactId, Sorted, Time};
use std::collections::VecDeque;
use std::rc::Rc;

/// The timer after which a worker has thought; its number is the round.
pub(super) const THINK: &str = "run/think";

/// A controller at work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Desk {
    pub(super) controller: &'static Controller,
    pub(super) user: User,
    pub(super) recorder: Recorder,
    pub(super) queue: WorkQueue,
    pub(super) memory: Memory,
    pub(super) busy: usize,
    pub(super) alarm: Option<Time>,
}

/// A worker's work on one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Round {
    pub(super) desk: usize,
    pub(super) key: Ref,
    pub(super) cause: Option<FactId>,
    pub(super) answers: Vec<Answer>,
    pub(super) steps: VecDeque<Step>,
    /// What is left of the batch at hand, and how many go next.
    pub(super) rest: VecDeque<Write>,
    pub(super) next: usize,
    pub(super) open: usize,
    /// What has been written: by kind, the last revision.
    pub(super) wrote: Sorted<&'static Kind, u64>,
    pub(super) error: Option<(Request, Rc<Status>)>,
    /// What `reconcile` itself complained of.
    pub(super) complaint: Option<Rc<str>>,
    /// Whether the controller has been told of the error.
    pub(super) told: bool,
}

/// A request of a round.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Asked {
    Write(Box<Write>),
    Question(Question),
}

impl Desk {
    /// A controller's desk; `process` is the user that it runs as, `reporter` the source of its events.
    pub(super) fn new(controller: &'static Controller, process: &User, reporter: Option<&str>) -> Self {
        let user = if controller.account.is_empty() {
            process.clone()
        } else {
            User::account("kube-system", controller.account)
        };
        Self {
            controller,
            recorder: Recorder::new(reporter.unwrap_or(controller.name), "").as_user(user.clone()),
            user,
            queue: WorkQueue::default(),
            memory: Memory::new(),
            busy: 0,
            alarm: None,
        }
    }
}

impl Round {
    pub(super) fn new(desk: usize, key: Ref, cause: Option<FactId>) -> Self {
        Self {
            desk,
            key,
            cause,
            answers: Vec::new(),
            steps: VecDeque::new(),
            rest: VecDeque::new(),
            next: 1,
            open: 0,
            wrote: Sorted::new(),
            error: None,
            complaint: None,
            told: false,
        }
    }
}

/// What a worker does with a key takes a moment.
pub(super) fn set_thinking(cx: &mut Cx, id: u64, cause: Option<FactId>) {
    let before = cx.cause();
    cx.because(cause);
    cx.after(timing::RECONCILE, Event::Timer(Timer::keyed(THINK, "", id)));
    cx.because(before);
}

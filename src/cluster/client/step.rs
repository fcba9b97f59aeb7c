//! What a controller records: requests, in order or in parallel, and what is to be said about them.

use crate::api::{Object, Options, Request, Status, Target};
use std::rc::Rc;

/// What is to be said in an event. In the message `{name}` stands for the name in the answer, `{error}` for the error.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Saying {
    /// About what.
    pub about: Object,
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason.
    pub reason: &'static str,
    /// The message.
    pub message: String,
}

impl Saying {
    /// A `Normal` event.
    pub fn normal(about: &Object, reason: &'static str, message: impl Into<String>) -> Self {
        Self { about: about.clone(), warning: false, reason, message: message.into() }
    }

    /// A `Warning` event.
    pub fn warning(about: &Object, reason: &'static str, message: impl Into<String>) -> Self {
        Self { about: about.clone(), warning: true, reason, message: message.into() }
    }
}

impl Saying {
    /// The same with something in the place of a blank.
    pub(super) fn filled(&self, blank: &str, text: &str) -> Self {
        Self { message: self.message.replace(blank, text), ..self.clone() }
    }
}

/// Errors that a controller takes for success.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tolerate {
    /// None.
    #[default]
    Nothing,
    /// 404: it is gone.
    NotFound,
    /// 404, and 409 of a uid or revision that is no longer the one meant.
    NotFoundOrConflict,
    /// 409: it exists.
    AlreadyExists,
    /// 403 because its namespace is being deleted.
    NamespaceTerminating,
}

impl Tolerate {
    /// Whether an error is one of them.
    #[must_use]
    pub fn tolerates(self, status: &Status) -> bool {
        match self {
            Self::Nothing => false,
            Self::NotFound => status.code == 404,
            Self::NotFoundOrConflict => status.code == 404 || status.reason == "Conflict",
            Self::AlreadyExists => status.reason == "AlreadyExists" || in_ending_namespace(status),
            Self::NamespaceTerminating => in_ending_namespace(status),
        }
    }
}

/// Whether something was refused because its namespace is being deleted (upstream: `NamespaceTerminatingCause`).
#[must_use]
pub fn in_ending_namespace(status: &Status) -> bool {
    let causes = status.details.as_ref().map_or(&[][..], |details| &details.causes);
    causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// A request that a controller wants, and what to say about it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Write {
    /// What is asked.
    pub request: Request,
    /// What to say when it has succeeded.
    pub success: Option<Saying>,
    /// What to say when it has failed.
    pub failures: Vec<Saying>,
    /// Which errors do not count.
    pub tolerate: Tolerate,
    /// Whether nothing is said of an object that exists already, which is an error all the same.
    pub silent_if_exists: bool,
}

impl Write {
    /// A request.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self { request, success: None, failures: Vec::new(), tolerate: Tolerate::Nothing, silent_if_exists: false }
    }

    /// … that is spoken of when it has succeeded.
    #[must_use]
    pub fn saying(mut self, saying: Saying) -> Self {
        self.success = Some(saying);
        self
    }

    /// … that is spoken of when it has failed.
    #[must_use]
    pub fn failing(mut self, saying: Saying) -> Self {
        self.failures.push(saying);
        self
    }

    /// … of which nothing is said when the object exists already.
    #[must_use]
    pub fn silent_if_exists(mut self) -> Self {
        self.silent_if_exists = true;
        self
    }

    /// … some of whose errors do not count.
    #[must_use]
    pub fn tolerating(mut self, tolerate: Tolerate) -> Self {
        self.tolerate = tolerate;
        self
    }
}

/// Requests that are sent in parallel: first some, then twice as many, and so on; after an error no more.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Batch {
    /// How many at first.
    pub first: usize,
    /// The requests.
    pub writes: Vec<Write>,
}

/// One step of what a controller wants.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// One request.
    Write(Box<Write>),
    /// Many.
    Batch(Batch),
    /// An event.
    Say(Saying),
    /// A question; the controller is called again when it is answered.
    Ask(Question),
}

/// What a controller asks the API server: for an object, or without a name for those that the labels select. Metrics have
/// a name and are of those that the labels select.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// Of what.
    pub target: Target,
    /// A label selector.
    pub labels: Rc<str>,
}

impl Question {
    /// The request that it is.
    #[must_use]
    pub fn request(&self) -> Request {
        let object = &self.target.object;
        let options = Options { label_selector: self.labels.clone(), ..Options::default() };
        if object.key.name.is_empty() {
            return Request::list(object.kind, &object.key.namespace).with(options);
        }
        let mut request = Request::get(object.kind, &object.key).with(options);
        request.target = self.target.clone();
        request
    }
}

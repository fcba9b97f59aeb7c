//! The CronJob controller: a Job at each time of a schedule.
//!
//! Upstream: `pkg/controller/cronjob/cronjob_controllerv2.go` and `utils.go`. One look at a CronJob:
//!
//! 1. finished Jobs beyond the history limits go, the oldest first;
//! 2. the list of active Jobs in the status is brought up to date;
//! 3. if the most recent time of the schedule has passed without a Job, and not too long ago, a Job is made, unless one
//!    is still running that forbids it, or instead of it;
//! 4. it looks again a tenth of a second after the next time.
//!
//! Upstream writes the new Job into the status in the same look. Here a look only records requests and learns the Job's
//! uid from the watch, so a second look follows; what has been made is remembered until then.

mod plan;

use self::plan::{Missed, Plan, rfc1123, rfc3339};
use super::job::spec::{Job, at};
use super::shared::subject;
use crate::api::calendar::Zone;
use crate::api::document::Document;
use crate::api::kinds::{cron_job, job};
use crate::api::meta::{EPOCH_SECOND, controller_ref, timestamp};
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::sim::{Order, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The annotation of a Job that says for which time it was made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "cronjob-controller",
    account: "cronjob-controller",
    workers: 5,
    watches: &[Watch::mapped(&cron_job::KIND, wake_by_cron_job), Watch::mapped(&job::KIND, wake_by_job)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// Another schedule counts from its next time on.
fn wake_by_cron_job(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old) else { return };
    if let (Some(old), Some(new)) = (old.and_then(Object::document), new.and_then(Object::document)) {
        let same = |path: &str| old.at(path) == new.at(path);
        if !same("spec.schedule") || !same("spec.timeZone") {
            if let Ok(plan) = Plan::read(object, new) {
                let wait = plan.wait(wake.now());
                wake.key_after(object.reference(), wait);
            }
            return;
        }
    }
    wake.object(object);
}

fn wake_by_job(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    for object in [old, new].into_iter().flatten() {
        wake.owner(object, &cron_job::KIND);
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(document) = object.document() else { return Ok(()) };
    let jobs: Vec<&Object> = reconcile.cache(&job::KIND).owned_by(object.uid()).collect();
    let active = document.list("status.active").to_vec();
    let status = document.at("status").cloned().unwrap_or_else(|| json!({}));
    let mut look = Look { object, document, jobs, active, status };
    look.forget_old(reconcile);
    look.see_jobs(reconcile);
    let known = look.see_missing(reconcile);
    if known && !object.is_terminating() {
        look.schedule(reconcile);
    }
    look.write(reconcile);
    Ok(())
}

/// What one look at a CronJob sees.
struct Look<'a> {
    object: &'a Object,
    document: &'a Document,
    jobs: Vec<&'a Object>,
    /// `status.active`.
    active: Vec<Value>,
    status: Value,
}

impl Look<'_> {
    fn say(&self, reconcile: &mut Reconcile, warning: bool, reason: &'static str, message: String) {
        reconcile.say(Saying { about: self.object.clone(), warning, reason, message });
    }

    /// Upstream: `cleanupFinishedJobs`.
    fn forget_old(&mut self, reconcile: &mut Reconcile) {
        for (limit, condition) in
            [("spec.successfulJobsHistoryLimit", "Complete"), ("spec.failedJobsHistoryLimit", "Failed")]
        {
            let Some(limit) = self.document.at(limit).and_then(Value::as_u64) else { continue };
            let ended = |object: &&&Object| Job::read(object).is_ok_and(|job| job.condition(condition).is_some());
            let mut ended: Vec<&Object> = self.jobs.iter().filter(ended).copied().collect();
            ended.order_by_key(|object| {
                let start = object.document().and_then(|job| at(job.at("status.startTime")?));
                (start.is_none(), start, object.name().to_owned())
            });
            let excess = ended.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
            for old in ended.into_iter().take(excess) {
                self.delete(reconcile, old);
            }
        }
    }

    /// Deletes a Job and takes it from the list (upstream: `deleteJob`).
    fn delete(&mut self, reconcile: &mut Reconcile, job: &Object) {
        let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
        let write = Write::new(Request::delete(&job::KIND, &job.key(), options))
            .saying(Saying::normal(self.object, "SuccessfulDelete", format!("Deleted job {}", job.name())))
            .failing(Saying::warning(self.object, "FailedDelete", "Deleted job: {error}"));
        reconcile.write(write);
        self.active.retain(|entry| entry["uid"] != job.uid());
        self.jobs.retain(|other| other.uid() != job.uid());
    }

    /// Brings the list of active Jobs and the time of the last success up to date.
    fn see_jobs(&mut self, reconcile: &mut Reconcile) {
        for object in self.jobs.clone() {
            let Ok(job) = Job::read(object) else { continue };
            let listed = self.active.iter().any(|entry| entry["uid"] == object.uid());
            match (listed, job.end()) {
                (false, None) => self.see_new(reconcile, object),
                (true, Some(end)) => {
                    self.active.retain(|entry| entry["uid"] != object.uid());
                    let condition = end["type"].as_str().unwrap_or_default();
                    let message = format!("Saw completed job: {}, condition: {condition}", object.name());
                    self.say(reconcile, false, "SawCompletedJob", message);
                }
                _ => {}
            }
            let completed = job.document.at("status.completionTime").filter(|_| job.condition("Complete").is_some());
            let last = at(&self.status["lastSuccessfulTime"]);
            if let Some(time) = completed.filter(|time| last.is_none_or(|last| at(time).is_some_and(|at| at > last))) {
                self.status["lastSuccessfulTime"] = time.clone();
            }
        }
    }

    /// A Job that is not in the list yet: the one just made, or one that nobody knows of.
    fn see_new(&mut self, reconcile: &mut Reconcile, job: &Object) {
        if let Some(Note::Moment(scheduled)) = reconcile.memory.get(&*job.key().to_string()) {
            self.status["lastScheduleTime"] = timestamp(*scheduled).0.to_string().into();
            self.active.push(json!({"kind": "Job", "namespace": job.namespace(), "name": job.name(),
                "uid": job.uid(), "apiVersion": "batch/v1", "resourceVersion": job.revision().to_string()}));
        } else {
            let message = format!("Saw a job that the controller did not create or forgot: {}", job.name());
            self.say(reconcile, true, "UnexpectedJob", message);
        }
    }

    /// Takes Jobs that are gone from the list. False: a question is open.
    fn see_missing(&mut self, reconcile: &mut Reconcile) -> bool {
        let gone = |entry: &Value| !self.jobs.iter().any(|job| entry["uid"] == job.uid());
        let missing: Vec<Value> =
            self.document.list("status.active").iter().filter(|entry| gone(entry)).cloned().collect();
        let missing: Vec<Value> =
            missing.into_iter().filter(|entry| self.active.iter().any(|own| own["uid"] == entry["uid"])).collect();
        let mut known = true;
        for entry in missing {
            let name = entry["name"].as_str().unwrap_or_default();
            match reconcile.ask(&job::KIND, &Key::new(self.object.namespace(), name)) {
                None => known = false,
                Some(Err(status)) if status.code == 404 => {
                    self.active.retain(|other| other["uid"] != entry["uid"]);
                    self.say(reconcile, false, "MissingJob", format!("Active job went missing: {name}"));
                }
                Some(_) => {}
            }
        }
        known
    }

    /// Upstream: `syncCronJob` from the time zone on.
    fn schedule(&mut self, reconcile: &mut Reconcile) {
        let zone = self.document.text("spec.timeZone");
        if Zone::find(zone).is_none() {
            let message = format!("invalid timeZone: {zone:?}: unknown time zone {zone}");
            return self.say(reconcile, true, "UnknownTimeZone", message);
        }
        if self.document.at("spec.suspend") == Some(&Value::Bool(true)) {
            return;
        }
        let mut plan = match Plan::read(self.object, self.document) {
            Ok(plan) => plan,
            Err(why) => {
                let schedule = self.document.text("spec.schedule");
                let message = format!("unparseable schedule: {schedule:?} : {why}");
                return self.say(reconcile, true, "UnparseableSchedule", message);
            }
        };
        plan.last = at(&self.status["lastScheduleTime"]).unwrap_or(plan.last);
        let now = reconcile.now();
        match plan.missed(now, true) {
            Err(why) => {
                let schedule = self.document.text("spec.schedule");
                return self.say(reconcile, true, "InvalidSchedule", format!("invalid schedule: {schedule} : {why}"));
            }
            Ok(Missed { latest: Some(scheduled), many, .. }) => {
                if many {
                    let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
                    self.say(reconcile, true, "TooManyMissedTimes", message.to_owned());
                }
                self.start(reconcile, scheduled, &plan);
            }
            Ok(_) => {}
        }
        reconcile.again_after(plan.wait(now));
    }

    /// Makes the Job of a time, unless something speaks against it.
    fn start(&mut self, reconcile: &mut Reconcile, scheduled: i64, plan: &Plan) {
        let moment = Time::from_secs(scheduled - EPOCH_SECOND);
        if plan.deadline.is_some_and(|seconds| moment + crate::sim::Duration::from_secs(seconds) < reconcile.now()) {
            let message = format!("Missed scheduled time to start a job: {}", rfc1123(scheduled));
            return self.say(reconcile, true, "MissSchedule", message);
        }
        let key = Key::new(self.object.namespace(), &format!("{}-{}", self.object.name(), scheduled.div_euclid(60)));
        let listed = self.active.iter().any(|entry| entry["name"] == *key.name);
        if listed || at(&self.status["lastScheduleTime"]) == Some(moment) {
            return;
        }
        let remembered: Rc<str> = key.to_string().into();
        if reconcile.lookup(&job::KIND, &key).is_some() && reconcile.memory.contains_key(&remembered) {
            return;
        }
        match self.document.text("spec.concurrencyPolicy") {
            "Forbid" if !self.active.is_empty() => {
                let message =
                    "Not starting job because prior execution is running and concurrency policy is Forbid".to_owned();
                return self.say(reconcile, false, "JobAlreadyActive", message);
            }
            "Replace" => {
                let mut running = self.jobs.clone();
                running.retain(|job| self.active.iter().any(|entry| entry["uid"] == job.uid()));
                for old in running {
                    self.delete(reconcile, old);
                }
            }
            _ => {}
        }
        let Some(new) = self.job(&key, scheduled, plan) else { return };
        let write = Write::new(Request::create(new))
            .saying(Saying::normal(self.object, "SuccessfulCreate", "Created job {name}"))
            .failing(Saying::warning(self.object, "FailedCreate", "Error creating job: {error}"))
            .tolerating(Tolerate::AlreadyExists);
        reconcile.memory.insert(remembered, Note::Moment(moment));
        reconcile.write(write);
    }

    /// Upstream: `getJobFromTemplate2`.
    fn job(&self, key: &Key, scheduled: i64, plan: &Plan) -> Option<Object> {
        let template = self.document.at("spec.jobTemplate")?;
        let texts = |field: &str| -> Option<BTreeMap<String, String>> {
            let mut found = BTreeMap::new();
            for (name, text) in template["metadata"][field].as_object()? {
                found.insert(name.clone(), text.as_str().unwrap_or_default().to_owned());
            }
            Some(found)
        };
        let mut annotations = texts("annotations").unwrap_or_default();
        annotations.insert(SCHEDULED.to_owned(), rfc3339(scheduled, &plan.zone));
        let metadata = ObjectMeta {
            name: Some((*key.name).to_owned()),
            namespace: Some((*key.namespace).to_owned()),
            labels: texts("labels"),
            annotations: Some(annotations),
            owner_references: Some(vec![controller_ref(self.object)]),
            ..ObjectMeta::default()
        };
        let mut document = Document::new(&job::KIND, metadata);
        document.set("spec", template["spec"].clone());
        Some(Object::from_document(document))
    }

    fn write(&self, reconcile: &mut Reconcile) {
        let mut status = self.status.clone();
        if let Some(fields) = status.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
            if self.active.is_empty() {
                fields.remove("active");
            } else {
                fields.insert("active".to_owned(), Value::Array(self.active.clone()));
            }
        }
        if Some(&status) != self.document.at("status") && !(status == json!({}) && self.document.at("status").is_none())
        {
            let mut object = self.object.clone();
            if let Some(document) = object.document_mut() {
                document.set("status", status);
            }
            reconcile.request(Request::update_status(object));
        }
    }
}

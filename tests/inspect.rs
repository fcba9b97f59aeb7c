//! What the inspector tells over a real run: why chains end at the person's own line, and what is missing is said.

use bottle::api::Kind;
use bottle::api::kinds;
use bottle::api::object::{Object, ObjectRef, Ref};
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::input::Input;
use bottle::cluster::view::View;
use bottle::cluster::{History, World};
use bottle::i18n::Language;
use bottle::inspect::field::{self, Origin};
use bottle::inspect::history::{self as past, Additions};
use bottle::inspect::story::{self, End, Search, Story};
use bottle::inspect::{Objects, Shown, compare, deeds, events, identity, lack};
use bottle::sim::{Duration, Simulation, Time};

struct Looked<'a>(&'a World);

impl Objects for Looked<'_> {
    fn object(&self, object: &ObjectRef) -> Option<&Object> {
        self.0.object(object.kind, &object.key)
    }

    fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
        self.0.objects(kind).collect()
    }
}

fn harbour() -> History {
    boot(&Scenario::named("three-ships").expect("the scenario is there"), 42)
}

fn apply(history: &mut History, example: &str) {
    let text = bottle::examples::find(example).expect("the example is there").text().to_owned();
    history.input(Input::Apply { text, dry_run: false, create_namespaces: false });
}

fn run(history: &mut History, seconds: u64) {
    let to = history.world().now() + Duration::from_secs(seconds);
    history.run_until(to);
}

fn shown<T>(history: &History, read: impl FnOnce(&Shown) -> T) -> T {
    let view: View = history.world().view();
    let objects = Looked(history.world());
    let now = history.world().now();
    read(&Shown { now, view: &view, trace: history.trace(), objects: &objects, language: Language::En })
}

fn pods(history: &History, namespace: &str) -> Vec<Ref> {
    let all = history.world().objects(&kinds::pod::KIND);
    all.filter(|pod| pod.namespace() == namespace).map(Object::reference).collect()
}

fn why(history: &History, object: &Ref) -> Story {
    let last = Search::default().last_change(history.trace(), object).expect("it has changed");
    shown(history, |shown| story::story(shown, last, lack::trouble(shown, object).as_ref()))
}

#[test]
fn a_pod_of_a_deployment_exists_because_of_the_line_that_asks_for_replicas() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 30);
    let pod = pods(&history, "default").remove(0);
    let story = why(&history, &pod);
    assert_eq!(story.end, End::Person, "{story:#?}");
    let last = story.links.last().expect("there is a cause");
    assert_eq!(last.actor.letter, "U");
    let source = last.source.as_ref().expect("the line is known");
    assert!(source.text.starts_with("replicas:"), "{source:?}");
    let letters: Vec<&str> = story.links.iter().map(|link| link.actor.letter).collect();
    for actor in ["C", "S", "R"] {
        assert!(letters.contains(&actor), "{letters:?}");
    }
    assert!(
        story.links.iter().all(|link| !link.sentence.is_empty() && !link.sentence.contains("caption-")),
        "{story:#?}"
    );
    assert!(story.links.windows(2).all(|pair| pair[0].fact > pair[1].fact), "nearest first");
    let (sign, lack, rows) = shown(&history, |shown| {
        (identity::of_object(shown, &pod).sign, lack::of_object(shown, &pod), compare::of_object(shown, &pod))
    });
    assert_eq!(sign.map(|sign| (sign.shape, sign.word)), Some((identity::Shape::Tick, "Running".to_owned())));
    assert_eq!(lack, None);
    assert!(rows[0].rows.iter().all(|row| row.same), "{rows:#?}");
}

#[test]
fn a_bad_image_is_said_and_the_chain_ends_at_its_line() {
    let mut history = harbour();
    apply(&mut history, "bad-image");
    run(&mut history, 60);
    let pod = pods(&history, "default").remove(0);
    let lack = shown(&history, |shown| lack::of_object(shown, &pod)).expect("something is missing");
    assert!(lack.sentences[0].contains("ImagePullBackOff") || lack.sentences[0].contains("ErrImagePull"), "{lack:?}");
    let story = why(&history, &pod);
    let told: Vec<&str> = story.links.iter().map(|link| link.sentence.as_str()).collect();
    assert!(told[0].contains("waits before it fetches") && told[1].contains("could not fetch"), "{told:#?}");
    let source = story.links.last().and_then(|link| link.source.clone()).expect("the line is known");
    assert!(source.text.contains("image:"), "{source:?}");
    let list = shown(&history, |shown| events::of_object(shown, &pod, 20));
    assert!(list.rows.iter().any(|row| row.reason == "Failed" && row.kind == "Warning"), "{list:#?}");
}

#[test]
fn nodes_that_were_refused_are_listed_with_the_reasons() {
    let mut history = harbour();
    apply(&mut history, "too-big");
    run(&mut history, 10);
    let pod = pods(&history, "default").remove(0);
    let lack = shown(&history, |shown| lack::of_object(shown, &pod)).expect("something is missing");
    assert!(lack.sentences[0].starts_with("0 of 4 nodes passed the filters"), "{lack:?}");
    let verdicts = lack.verdicts.expect("the scheduler has tried");
    assert_eq!(verdicts.rows.len(), 4);
    assert!(verdicts.rows.iter().all(|(_, reason)| !reason.is_empty()), "{verdicts:?}");
    assert!(lack.quote.starts_with("0/4 nodes are available"), "{}", lack.quote);
}

#[test]
fn a_lost_ship_is_explained_by_what_the_person_did() {
    let mut history = harbour();
    run(&mut history, 5);
    let node = ObjectRef::new(&kinds::node::KIND, "", "node-1");
    history.input(Input::Kubelet { node: "node-1".to_owned(), stop: true });
    let stopped = history.trace().head() - 1;
    run(&mut history, 10);
    let unnoticed = shown(&history, |shown| lack::of_object(shown, &node)).expect("something is missing");
    assert!(unnoticed.sentences[0].contains("still believes"), "{unnoticed:?}");
    let believed = shown(&history, |shown| compare::of_object(shown, &node));
    assert!(!believed[0].rows[0].same, "{believed:#?}");
    run(&mut history, 60);
    let silent = shown(&history, |shown| lack::of_object(shown, &node)).expect("something is missing");
    assert!(silent.sentences[0].contains("Nothing has been heard"), "{silent:?}");
    assert!(stopped > 0);
    let can = shown(&history, |shown| deeds::of_object(shown, &node));
    let again = deeds::Deed::Fault("stop", "kubelet/node-1".to_owned(), false, "Start".to_owned());
    assert!(can.contains(&again), "{can:?}");
}

#[test]
fn a_ship_without_power_is_not_one_whose_kubelet_is_stopped() {
    let mut history = harbour();
    history.input(Input::Fault { fault: "power".to_owned(), of: "node-1".to_owned(), on: true });
    run(&mut history, 10);
    let node = ObjectRef::new(&kinds::node::KIND, "", "node-1");
    let lack = shown(&history, |shown| lack::of_object(shown, &node)).expect("something is missing");
    assert!(lack.sentences[1].contains("no power") && lack.sentences.len() == 2, "{lack:?}");
    // One thing is wrong with it, and what does not run there can be neither stopped nor started.
    let can = shown(&history, |shown| deeds::of_object(shown, &node));
    let faults = can.iter().filter_map(|deed| match deed {
        deeds::Deed::Fault(fault, _, on, _) => Some((*fault, *on)),
        _ => None,
    });
    assert_eq!(faults.clone().filter(|(_, on)| !on).collect::<Vec<_>>(), [("power", false)]);
    assert!(faults.clone().all(|(fault, _)| fault != "stop" && fault != "crash"), "{can:?}");
}

#[test]
fn what_came_of_a_deed_is_told() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let name =
        history.world().objects(&kinds::deployment::KIND).find(|d| d.namespace() == "default").map(Object::reference);
    let deployment = name.expect("the deployment is there");
    let place = history.trace().head();
    history.input(Input::Scale { object: deeds::name(&deployment), replicas: 5 });
    assert_eq!(shown(&history, |shown| deeds::outcome(shown, place)), None, "the answer is on its way");
    run(&mut history, 30);
    let outcome = shown(&history, |shown| deeds::outcome(shown, place)).expect("it has been answered");
    assert_eq!((outcome.refused, outcome.lines.len()), (false, 1));
    assert!(outcome.lines[0].ends_with("scaled"), "{outcome:?}");
    let sign = shown(&history, |shown| identity::of_object(shown, &deployment).sign).expect("it exists");
    assert_eq!(sign.word, "5/5 Ready");
    let place = history.trace().head();
    history.input(Input::Scale { object: deeds::name(&deployment), replicas: -1 });
    run(&mut history, 5);
    let refused = shown(&history, |shown| deeds::outcome(shown, place)).expect("it has been answered");
    assert!(refused.refused, "{refused:?}");
}

#[test]
fn a_search_that_goes_on_finds_what_a_new_one_finds() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    let object = ObjectRef::new(&kinds::deployment::KIND, "default", "web");
    let mut search = Search::default();
    for _ in 0..20 {
        let to = history.world().now() + Duration::from_millis(300);
        history.run_until(to);
        let fresh = Search::default().last_change(history.trace(), &object);
        assert_eq!(search.last_change(history.trace(), &object), fresh);
    }
    assert!(search.last_change(history.trace(), &object).is_some());
    history.seek(Time::ZERO);
    assert_eq!(search.last_change(history.trace(), &object), None);
}

#[test]
fn events_are_listed_newest_first_and_filtered() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 30);
    let all = shown(&history, |shown| events::list(shown, &events::Filter::default(), 200));
    assert!(all.rows.windows(2).all(|pair| pair[0].seen >= pair[1].seen));
    for reason in ["Scheduled", "Pulled", "Started", "ScalingReplicaSet", "SuccessfulCreate"] {
        assert!(all.rows.iter().any(|row| row.reason == reason), "{reason}: {all:#?}");
    }
    let filter = events::Filter { kind: String::new(), words: "deployment/".to_owned() };
    let some = shown(&history, |shown| events::list(shown, &filter, 1));
    assert!(
        some.rows.iter().all(|row| row.object.starts_with("deployment.apps/") || row.object.starts_with("deployment/")),
        "{some:#?}"
    );
    assert_eq!(some.rows.len(), 1);
}

#[test]
fn a_pod_that_waited_for_the_image_of_another_is_explained_by_its_own_manifest() {
    let pod = |name: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  nodeName: node-1\n  containers:\n  \
             - {{name: c, image: '{image}'}}\n"
        )
    };
    let mut history = harbour();
    for (name, image) in [("first", "nginx:1.27"), ("second", "redis:7.4")] {
        let text = pod(name, image);
        history.input(Input::Apply { text, dry_run: false, create_namespaces: false });
    }
    run(&mut history, 30);
    let second = pods(&history, "default").into_iter().find(|pod| &*pod.key.name == "second").expect("it is there");
    let story = why(&history, &second);
    assert_eq!(story.end, End::Person, "{story:#?}");
    let sentences = story.links.iter().map(|link| link.sentence.as_str());
    assert!(sentences.clone().any(|sentence| sentence.contains("second")), "{story:#?}");
    assert!(sentences.clone().all(|sentence| !sentence.contains("first")), "{story:#?}");
}

#[test]
fn a_pod_that_runs_can_be_resized_by_what_its_containers_have() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let pod = pods(&history, "default").remove(0);
    let sizes = |history: &History| {
        let can = shown(history, |shown| deeds::of_object(shown, &pod));
        can.into_iter().find_map(|deed| if let deeds::Deed::Resize(sizes) = deed { Some(sizes) } else { None })
    };
    let before = sizes(&history).expect("it runs");
    let (container, [cpu, memory, ..]) = before[0].clone();
    let patch = format!(r#"{{"{}":{{"{}":"150m"}}}}"#, deeds::AMOUNTS[0].0, deeds::AMOUNTS[0].1);
    history.input(Input::Resize { object: deeds::name(&pod), container, patch });
    run(&mut history, 20);
    let after = sizes(&history).expect("it still runs");
    assert_ne!(cpu, "150m");
    assert_eq!((after[0].1[0].as_str(), &after[0].1[1]), ("150m", &memory));
}

#[test]
fn a_pod_that_runs_can_be_debugged_and_what_was_added_is_seen() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let pod = pods(&history, "default").remove(0);
    let can = shown(&history, |shown| deeds::of_object(shown, &pod));
    let debug = can.into_iter().find_map(|deed| match deed {
        deeds::Deed::Debug(name, targets) => Some((name, targets)),
        _ => None,
    });
    let (name, targets) = debug.expect("it runs");
    assert_eq!((name.as_str(), targets.len()), ("debugger-1", 1));
    let object = deeds::name(&pod);
    history.input(Input::Debug {
        object,
        name: name.clone(),
        image: "busybox".to_owned(),
        container: targets[0].clone(),
        text: "echo here".to_owned(),
    });
    run(&mut history, 10);
    let view = history.world().view();
    let seen = view.nodes.iter().flat_map(|node| &node.pods).find(|seen| seen.object == pod).expect("it is on a ship");
    assert_eq!(seen.debuggers.len(), 1, "{seen:?}");
    assert_eq!(&*seen.debuggers[0].name, "debugger-1");
    let printed = history.world().logs(&pod.key, &name, false).expect("it has printed");
    assert_eq!(&*printed[0].1, "here");
    // What a static pod is stands in its file.
    let node = ObjectRef::new(&kinds::node::KIND, "", "node-1");
    assert!(shown(&history, |shown| deeds::of_object(shown, &node)).contains(&deeds::Deed::Manifest));
    let mirror = pods(&history, "kube-system").into_iter().find(|pod| pod.key.name.starts_with("etcd-"));
    let can = shown(&history, |shown| deeds::of_object(shown, &mirror.expect("the control plane is there")));
    assert!(!can.iter().any(|deed| matches!(deed, deeds::Deed::Debug(..))), "{can:?}");
    let place = history.trace().head();
    history.input(Input::Manifest {
        node: "node-1".to_owned(),
        name: "a.yaml".to_owned(),
        text: "kind: Pod".to_owned(),
    });
    let outcome = shown(&history, |shown| deeds::outcome(shown, place)).expect("it is noticed at once");
    assert!(outcome.lines[0].contains("a.yaml"), "{outcome:?}");
}

/// A run with its past.
struct Told<'a>(&'a History);

impl Objects for Told<'_> {
    fn object(&self, object: &ObjectRef) -> Option<&Object> {
        self.0.world().object(object.kind, &object.key)
    }

    fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
        self.0.world().objects(kind).collect()
    }

    fn versions(&self, object: &ObjectRef) -> bottle::inspect::history::Versions {
        self.0.world().versions(object.kind, &object.key)
    }

    fn passage(&self, call: &bottle::cluster::fact::Call, at: Time) -> Vec<bottle::cluster::fact::Fact> {
        self.0.fork(at).passage(call)
    }
}

#[test]
fn each_field_bears_the_mark_of_whoever_wrote_it_and_conditions_are_told_by_their_type() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 30);
    let (view, now) = (history.world().view(), history.world().now());
    let objects = Told(&history);
    let shown = Shown { now, view: &view, trace: history.trace(), objects: &objects, language: Language::En };
    let pod = pods(&history, "default").remove(0);
    let lines = past::lines(&shown, &pod, &mut Additions::default());
    for (text, letter) in [
        // What the template says is the controller's, even where the server once filled in the template.
        ("- image: nginx:1.26", "C"),
        ("restartPolicy: Always", "C"),
        ("generateName: web-", "C"),
        // The name it makes, defaults, and what admission plugins add are the server's.
        ("name: web-", "A"),
        ("enableServiceLinks: true", "A"),
        ("priority: 0", "A"),
        ("- name: kube-api-access", "A"),
        ("path: ca.crt", "A"),
        ("tolerationSeconds: 300", "A"),
        ("qosClass: Burstable", "A"),
        ("resourceVersion: ", "A"),
        ("generation: 1", "A"),
        ("nodeName: node-", "S"),
        ("podIP: 10.", "K"),
        ("phase: Running", "K"),
    ] {
        let line = lines.iter().find(|line| line.text.trim_start().starts_with(text));
        let line = line.unwrap_or_else(|| panic!("{text} is not there"));
        let actor = line.actor.as_ref().unwrap_or_else(|| panic!("{text} is nobody's"));
        assert_eq!(actor.letter, letter, "{text}");
        assert!(line.at.is_some() && line.revision > 0, "{text}");
    }
    let opens = |text: &str| text.ends_with(':') || text.ends_with("- serviceAccountToken:");
    let nobody = lines.iter().filter(|line| line.actor.is_none() && !opens(&line.text));
    assert_eq!(nobody.map(|line| &line.text).collect::<Vec<_>>(), Vec::<&String>::new());
    let revisions = bottle::inspect::history::revisions(&shown, &pod);
    let ready = revisions[0].changes.iter().find(|change| change.path == "status.conditions[Ready].status");
    assert_eq!(ready.map(|change| (change.before.as_str(), change.after.as_str())), Some(("False", "True")));
}

/// Why a field has its value: the sentences, whose they are, and the line at the end.
fn origin(history: &History, object: &Ref, path: &str) -> (Origin, Vec<(&'static str, String)>, Option<String>) {
    let (view, now) = (history.world().view(), history.world().now());
    let objects = Told(history);
    let shown = Shown { now, view: &view, trace: history.trace(), objects: &objects, language: Language::En };
    let origin = field::origin(&shown, object, path).unwrap_or_else(|| panic!("{path} is not there"));
    let links = origin.story.as_ref().map(|story| story.links.clone()).unwrap_or_default();
    let line = links.last().and_then(|link| link.source.as_ref()).map(|source| source.text.clone());
    (origin, links.into_iter().map(|link| (link.actor.letter, link.sentence)).collect(), line)
}

fn deployment(history: &History) -> Ref {
    let all = history.world().objects(&kinds::deployment::KIND).map(Object::reference);
    all.into_iter().find(|object| &*object.key.namespace == "default").expect("it is there")
}

#[test]
fn a_field_that_was_scaled_is_explained_by_the_command_and_its_copies_with_it() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let web = deployment(&history);
    let (first, _, line) = origin(&history, &web, "spec.replicas");
    assert_eq!((first.before, line.as_deref().map(|line| line.starts_with("replicas:"))), (None, Some(true)));
    let started = history.trace().head();
    history.input(Input::Scale { object: deeds::name(&web), replicas: 5 });
    run(&mut history, 30);
    let (scaled, links, line) = origin(&history, &web, "spec.replicas");
    assert_eq!((scaled.before.as_deref(), line), (Some("3"), None));
    assert_eq!(links[0].0, "U");
    let story = scaled.story.expect("the write is known");
    assert_eq!((story.end, story.links.len()), (End::Person, 1), "{story:#?}");
    assert!(story.links[0].fact >= started && story.links[0].sentence.contains('5'), "{story:#?}");
    // The ReplicaSet's number is the Deployment's.
    let sets = history.world().objects(&kinds::replica_set::KIND).find(|set| set.namespace() == "default");
    let set = sets.map(Object::reference).expect("it has one");
    let (_, links, _) = origin(&history, &set, "spec.replicas");
    assert!(links[0].1.contains("comes from spec.replicas of Deployment web"), "{links:#?}");
    assert_eq!((links[0].0, &links[1].1), ("C", &story.links[0].sentence));
    // A pod that came with the scaling still has the image of the line that was applied.
    let pods: Vec<Ref> = pods(&history, "default");
    let newest = pods.iter().max_by_key(|pod| {
        let seen = |object: &&Object| object.reference() == **pod;
        history
            .world()
            .objects(&kinds::pod::KIND)
            .find(seen)
            .map(|pod| pod.meta().creation_timestamp.clone().map(|t| t.0))
    });
    let (_, links, line) = origin(&history, newest.expect("there are pods"), "spec.containers[web].image");
    let letters: Vec<&str> = links.iter().map(|(letter, _)| *letter).collect();
    assert_eq!(letters, ["C", "C", "U"], "{links:#?}");
    assert!(line.is_some_and(|line| line.contains("image: nginx:1.26")), "{links:#?}");
    // What the controller counts follows the last pod that became ready.
    let (ready, links, _) = origin(&history, &web, "status.readyReplicas");
    assert_eq!((ready.before.as_deref(), links[0].0), (Some("4"), "C"), "{links:#?}");
    assert!(links.iter().any(|(letter, _)| *letter == "K" || *letter == "R"), "{links:#?}");
    assert_eq!(ready.story.map(|story| story.end), Some(End::Person));
}

#[test]
fn a_field_that_the_server_or_the_scheduler_wrote_says_so_and_why() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let (web, pod) = (deployment(&history), pods(&history, "default").remove(0));
    for (object, path, letter, said, line) in [
        (&web, "spec.template.spec.restartPolicy", "U", "filled in the default", "spec:"),
        (&web, "spec.strategy.type", "U", "filled in the default", "name: web"),
        (&web, "metadata.generation", "U", "writes this field by itself", "name: web"),
        (&web, "spec.template.spec.containers[web].image", "U", "", "image: nginx:1.26"),
        (&pod, "spec.restartPolicy", "C", "comes from spec.template.spec.restartPolicy of ReplicaSet", "spec:"),
        (&pod, "spec.enableServiceLinks", "C", "filled in the default", "replicas: 3"),
        (&pod, "spec.tolerations[0].tolerationSeconds", "C", "plugin DefaultTolerationSeconds filled", "replicas: 3"),
        (&pod, "metadata.name", "C", "writes this field by itself", "replicas: 3"),
        (&pod, "metadata.labels.app", "C", "comes from spec.template.metadata.labels.app", "labels:"),
        (&pod, "spec.nodeName", "S", "node-", "replicas: 3"),
    ] {
        let (origin, links, found) = origin(&history, object, path);
        assert_eq!(links[0].0, letter, "{path}: {links:#?}");
        assert!(links[0].1.contains(said), "{path}: {links:#?}");
        assert!(found.as_ref().is_some_and(|found| found.starts_with(line)), "{path}: {found:?}");
        assert_eq!(origin.story.map(|story| story.end), Some(End::Person), "{path}");
        assert!(links.windows(2).all(|pair| pair[0] != pair[1]), "{path}: {links:#?}");
    }
}

#[test]
fn an_image_that_a_second_manifest_changed_leads_to_its_line_there() {
    let mut history = harbour();
    apply(&mut history, "deployment");
    run(&mut history, 20);
    let text = bottle::examples::find("deployment").expect("the example is there").text();
    let text = format!("# Another one.\n{}", text.replace("nginx:1.26", "nginx:1.27"));
    history.input(Input::Apply { text: text.clone(), dry_run: false, create_namespaces: false });
    run(&mut history, 60);
    for pod in pods(&history, "default") {
        let (image, links, _) = origin(&history, &pod, "spec.containers[web].image");
        let story = image.story.expect("the write is known");
        let source = story.links.last().and_then(|link| link.source.clone()).expect("the line is known");
        let line = text.lines().position(|line| line.contains("nginx:1.27")).expect("it is there");
        assert_eq!(source.line, line + 1, "{links:#?}");
    }
    let (image, ..) = origin(&history, &deployment(&history), "spec.template.spec.containers[web].image");
    assert_eq!(image.before.as_deref(), Some("nginx:1.26"));
    let (name, ..) = origin(&history, &deployment(&history), "metadata.name");
    let first = name.story.and_then(|story| story.links.last().map(|link| link.at));
    assert!(first < image.at, "the name is still that of the first manifest");
}

#[test]
fn what_was_written_while_the_cluster_started_ends_there() {
    let mut history = harbour();
    run(&mut history, 5);
    let node = ObjectRef::new(&kinds::node::KIND, "", "node-1");
    let (origin, links, _) = origin(&history, &node, "spec.podCIDR");
    assert!(origin.at.is_some_and(|at| at < Time::ZERO) && origin.revision > 0, "{origin:#?}");
    assert_eq!(origin.story.map(|story| story.end), Some(End::Boot));
    assert_eq!(links[0].0, "C", "{links:#?}");
}

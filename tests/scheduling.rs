//! What the scheduler view tells: a known case cell by cell, its exports, what would help (verified by doing it), what a
//! guess is told, and what is to be done to make a thought real.

use bottle::api::Kind;
use bottle::api::object::{Object, ObjectRef};
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::{Attempt, AttemptResult, Fact};
use bottle::cluster::input::Input;
use bottle::cluster::what_if::{Edit, Thought};
use bottle::cluster::{History, World};
use bottle::i18n::Language;
use bottle::inspect::scheduling::attempts::{self, Search};
use bottle::inspect::scheduling::matrix::{self, Answer, Matrix};
use bottle::inspect::scheduling::{export, guess, queue, suggest, what_if};
use bottle::inspect::{Objects, Shown, deeds};
use bottle::sim::{Duration, Simulation, Time};
use std::rc::Rc;

struct Looked<'a>(&'a World);

impl Objects for Looked<'_> {
    fn object(&self, object: &ObjectRef) -> Option<&Object> {
        self.0.object(object.kind, &object.key)
    }

    fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
        self.0.objects(kind).collect()
    }
}

fn harbour(nodes: usize) -> History {
    boot(&Scenario::named("three-ships").expect("the scenario is there").with_workers(nodes), 42)
}

fn act(history: &mut History, input: Input) {
    history.input(input);
    let to = history.world().now() + Duration::from_secs(15);
    history.run_until(to);
}

fn apply(history: &mut History, text: &str) {
    act(history, Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
}

fn pod(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn requests(cpu: &str) -> String {
    format!("containers: [{{name: app, image: 'nginx:1.27', resources: {{requests: {{cpu: '{cpu}'}}}}}}]")
}

fn patch(history: &mut History, node: &str, patch: &str) {
    let object = bottle::cluster::input::Name {
        api_version: "v1".to_owned(),
        kind: "Node".to_owned(),
        namespace: String::new(),
        name: node.to_owned(),
    };
    act(history, Input::Patch { object, patch: patch.to_owned() });
}

fn last(history: &History) -> (Time, u64, Rc<Attempt>) {
    let mut all = history.trace().range(0, history.trace().head()).rev();
    let found = all.find_map(|record| match &record.fact {
        Fact::Attempted(attempt) => Some((record.at, record.id.0, attempt.clone())),
        _ => None,
    });
    found.expect("something was tried")
}

fn thought(history: &History) -> Thought {
    let (at, _, attempt) = last(history);
    history.fork(at).thought(&attempt).expect("the pod was there")
}

fn in_language<T>(history: &History, language: Language, read: impl FnOnce(&Shown) -> T) -> T {
    let (view, objects, now) = (history.world().view(), Looked(history.world()), history.world().now());
    read(&Shown { now, view: &view, trace: history.trace(), objects: &objects, language })
}

fn shown<T>(history: &History, read: impl FnOnce(&Shown) -> T) -> T {
    in_language(history, Language::En, read)
}

/// Names and short texts, as a person would read them.
fn read(matrix: &Matrix) -> Vec<Vec<String>> {
    let head = std::iter::once(String::new()).chain(matrix.columns.iter().map(|column| column.name.clone()));
    let row = |row: &matrix::Row| {
        let name = format!("{}{}", row.node, if row.wins { " *" } else { "" });
        std::iter::once(name).chain(row.cells.iter().map(|cell| matrix::short(&cell.answer))).collect()
    };
    std::iter::once(head.collect()).chain(matrix.rows.iter().map(row)).collect()
}

/// node-1 carries a pod of 2 CPUs, node-2 a taint; a pod of 1 CPU then goes to node-3, or to node-2 if that is opened.
fn known() -> History {
    let mut history = harbour(3);
    apply(&mut history, &pod("big", &format!("nodeSelector: {{kubernetes.io/hostname: node-1}}, {}", requests("2"))));
    patch(&mut history, "node-2", r#"{"spec":{"taints":[{"key":"gpu","value":"true","effect":"NoSchedule"}]}}"#);
    apply(&mut history, &pod("small", &requests("1")));
    history
}

#[test]
fn a_known_case_cell_by_cell() {
    let history = known();
    let (_, place, attempt) = last(&history);
    let matrix = shown(&history, |shown| matrix::of(shown, &attempt));
    let taint = "✕ node(s) had untolerated taint(s)";
    let tainted = ["✓", "✓", taint, "–", "–", "–", "–", "–", "–", "–"];
    let scored = |fit: &'static str, total| {
        let zero = ["0 → 0 × 2 = 0", "68 → 68 × 1 = 68", "0 → 0 × 1 = 0"];
        [["✓"; 4].as_slice(), &["0 → 100 × 3 = 300", fit], &zero, &[total]].concat()
    };
    let plugins = "NodeUnschedulable NodeName TaintToleration NodeResourcesFit TaintToleration NodeResourcesFit \
                   DynamicResources NodeResourcesBalancedAllocation ImageLocality Total";
    let row = |name, cells: &[&str]| [&[name], cells].concat().join(" | ");
    let expected = [
        row("", &plugins.split_whitespace().collect::<Vec<_>>()),
        row("node-3 *", &scored("86 → 86 × 1 = 86", "454")),
        row("node-1", &scored("60 → 60 × 1 = 60", "428")),
        row("control-plane", &tainted),
        row("node-2", &tainted),
    ];
    let found: Vec<String> = read(&matrix).iter().map(|row| row.join(" | ")).collect();
    assert_eq!(found, expected);
    assert_eq!(matrix.columns[4].weight, Some(3));
    assert!(matrix.columns.iter().all(|column| !column.meaning.is_empty()), "every plugin is explained");
    let outcome = shown(&history, |shown| attempts::outcome(shown, &attempt));
    assert_eq!(outcome.sentences, ["node-3 was chosen with 454 points. 2 of 4 nodes passed the filters."]);
    let way = shown(&history, |shown| queue::way(shown, place, &attempt));
    let way: Vec<(&str, &str)> = way.iter().map(|step| (step.queue.as_str(), step.event.as_str())).collect();
    assert_eq!(way, [("Active queue", "UnschedulablePodAdd")]);
    assert_eq!(matrix.rows[2].cells[2].words, "taint");
    let korean = in_language(&history, Language::Ko, |shown| matrix::of(shown, &attempt));
    assert_eq!(korean.rows[0].cells[4].words, "원점수 0, 정규화 100, 가중치 3: 300점");
}

#[test]
fn the_matrix_can_be_taken_along() {
    let history = known();
    let (_, _, attempt) = last(&history);
    let markdown = shown(&history, |shown| export::markdown(shown, &attempt));
    assert!(
        markdown
            .starts_with("### default/small · attempt 1\n\n- Woken by: `UnschedulablePodAdd`\n- Result: **node-3**\n")
    );
    let lines: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(lines.len(), 6, "{markdown}");
    assert!(lines[0].starts_with("| Node | NodeUnschedulable |") && lines[0].contains("| TaintToleration × 3 |"));
    assert!(
        lines[2].starts_with("| **node-3** | ✓ | ✓ | ✓ | ✓ | 0 → 100 × 3 = 300 | 86 → 86 × 1 = 86 |"),
        "{}",
        lines[2]
    );
    let csv = shown(&history, |shown| export::csv(shown, &attempt));
    let rows: Vec<Vec<&str>> = csv.split_terminator("\r\n").map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{csv}");
    assert_eq!(
        rows[0][6..10],
        ["raw", "normalized", "weight", "weighted"].map(|part| format!("TaintToleration {part}"))
    );
    assert_eq!(rows[1][..10], ["node-3", "true", "passed", "passed", "passed", "passed", "0", "100", "3", "300"]);
    assert_eq!(rows[3][4], "node(s) had untolerated taint(s)");
}

#[test]
fn a_guess_is_told_what_made_the_difference() {
    let history = known();
    let (_, _, attempt) = last(&history);
    let told = |guess: Option<&str>| shown(&history, |shown| guess::verdict(shown, &attempt, guess));
    let right = told(Some("node-3"));
    assert!(right.right && right.sentences[0].contains("NodeResourcesFit made most of the difference: 86 to 60"));
    let fewer = told(Some("node-1"));
    assert!(!fewer.right && fewer.sentences[0].contains("node-1 has 428. NodeResourcesFit made most"), "{fewer:?}");
    let refused = told(Some("node-2"));
    assert!(!refused.right && refused.sentences[0].contains("TaintToleration refused node-2"), "{refused:?}");
    assert!(refused.sentences[1].starts_with("A node’s taints repel pods"), "the plugin is explained");
    assert!(!told(None).right);
}

#[test]
fn the_suggestions_are_the_smallest_and_come_true_when_they_are_carried_out() {
    let mut helped = 0;
    for name in ["too-big", "node-selector", "taint", "cordon", "full"] {
        let mut history = harbour(3);
        let taint = r#"{"spec":{"taints":[{"key":"gpu","value":"true","effect":"NoSchedule"}]}}"#;
        match name {
            "taint" => {
                for node in ["node-1", "node-2", "node-3"] {
                    patch(&mut history, node, taint);
                }
                apply(&mut history, &pod("p", &requests("1")));
            }
            "cordon" => {
                for node in ["node-1", "node-2", "node-3"] {
                    act(&mut history, Input::Cordon { node: node.to_owned(), on: true });
                }
                apply(&mut history, &pod("p", &requests("1")));
            }
            "full" => {
                for (place, cpu) in ["3.5", "3.7", "3.6"].iter().enumerate() {
                    let here =
                        format!("nodeSelector: {{kubernetes.io/hostname: node-{}}}, {}", place + 1, requests(cpu));
                    apply(&mut history, &pod(&format!("fill-{place}"), &here));
                }
                apply(&mut history, &pod("p", &requests("1")));
            }
            example => apply(&mut history, bottle::examples::find(example).expect("an example").text()),
        }
        let thought = thought(&history);
        let suggestions = shown(&history, |shown| suggest::of(shown, &thought));
        assert!(!suggestions.is_empty(), "{name}");
        for suggestion in &suggestions {
            let mut other = history.clone();
            let edits = [suggestion.edit.clone()];
            let plan = shown(&other, |shown| what_if::plan(shown, &thought, &edits, None));
            for input in plan.inputs {
                act(&mut other, input);
            }
            let really = last(&other).2;
            assert!(matches!(really.result, AttemptResult::Chosen(_)), "{name}: {} {really:#?}", suggestion.sentence);
            helped += 1;
        }
        if name == "full" {
            let sentences: Vec<&str> = suggestions.iter().map(|s| s.sentence.as_str()).collect();
            assert_eq!(sentences[0], "Ask for 500m less cpu (500m in all)");
            let a_little_more =
                Edit::Request { container: "app".into(), resource: "cpu".into(), amount: "501m".into() };
            assert!(!thought.with(&a_little_more).expect("an amount").fits(), "it is the smallest");
        }
        if name == "taint" {
            assert_eq!(suggestions[0].sentence, "Remove the taint gpu=true:NoSchedule from node-1");
        }
    }
    assert!(helped >= 8, "{helped}");
}

#[test]
fn what_is_thought_stands_beside_what_was() {
    let history = known();
    let (_, _, attempt) = last(&history);
    let edits = ["gpu=true:NoSchedule-"].map(|text| what_if::read("node-2", text).expect("a taint"));
    let changed = thought(&history).with(&edits[0]).expect("a good change");
    let (old, mut new) = shown(&history, |shown| (matrix::of(shown, &attempt), matrix::of(shown, &changed.attempt())));
    let differ = matrix::compare(&old, &mut new);
    let row = new.rows.iter().find(|row| row.node == "node-2").expect("a row");
    assert!(row.feasible && row.cells[2].answer == Answer::Passes, "{row:?}");
    assert_eq!(row.cells[2].before.as_deref(), Some("taint"));
    assert_eq!(row.cells[3].before.as_deref(), Some(""), "it had not been asked");
    assert_eq!(differ, new.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.before.is_some()).count());
    let weight = Edit::Weight { plugin: "NodeResourcesFit".to_owned(), weight: 10 };
    let heavier = thought(&history).with(&weight).expect("a weight").attempt();
    assert_eq!(heavier.nodes.iter().map(|answer| answer.rating.total).max(), Some(454 + 9 * 86));
    assert!(shown(&history, |shown| what_if::plan(shown, &changed, &[weight], None)).inputs.is_empty());
}

#[test]
fn a_weight_that_was_thought_comes_true_when_it_is_applied() {
    let mut history = harbour(3);
    apply(&mut history, &pod("first", &requests("1")));
    let edits = [Edit::Weight { plugin: "NodeResourcesFit".to_owned(), weight: 10 }];
    let thought = thought(&history).with(&edits[0]).expect("a weight");
    let expected = thought.attempt();
    assert_eq!(
        shown(&history, |shown| what_if::verdict(shown, &expected)),
        "node-3 would be chosen: 3 of 4 nodes would pass the filters."
    );
    let weighed = history.world().weighed("default-scheduler", &[("NodeResourcesFit", 10)]);
    let plan = shown(&history, |shown| what_if::plan(shown, &thought, &edits, weighed));
    let [restart] = &plan.inputs[..] else { panic!("{plan:?}") };
    act(&mut history, restart.clone());
    let first = deeds::name(&ObjectRef::new(&bottle::api::kinds::pod::KIND, "default", "first"));
    act(&mut history, Input::Delete { object: first });
    apply(&mut history, &pod("again", &requests("1")));
    let really = last(&history).2;
    // On the third ship there is an image now.
    let of = |attempt: &Attempt| attempt.nodes.iter().find(|answer| &*answer.node == "node-2").cloned();
    assert_eq!((&really.scorers, of(&really)), (&expected.scorers, of(&expected)));
    assert_eq!(history.world().weighed("nobody", &[("NodeResourcesFit", 10)]), None);
}

#[test]
fn all_attempts_of_a_pod_are_found_and_its_way_through_the_queues() {
    let mut history = harbour(3);
    apply(&mut history, bottle::examples::find("node-selector").expect("an example").text());
    patch(&mut history, "node-3", r#"{"metadata":{"labels":{"disktype":"ssd"}}}"#);
    apply(&mut history, &pod("other", &requests("1")));
    let wanted = ObjectRef::new(&bottle::api::kinds::pod::KIND, "default", "wants-ssd");
    let mut search = Search::default();
    let found = search.attempts(history.trace(), Some(&wanted)).to_vec();
    assert_eq!(found.len(), 2);
    assert_eq!(search.attempts(history.trace(), Some(&wanted)), found);
    let lines =
        shown(&history, |shown| found.iter().filter_map(|id| attempts::line(shown, *id, false)).collect::<Vec<_>>());
    assert_eq!(
        lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
        ["attempt 1 → no node", "attempt 2 → node-3"]
    );
    let second = attempts::at(history.trace(), found[1].0).expect("an attempt");
    let way = shown(&history, |shown| queue::way(shown, found[1].0, &second));
    let events: Vec<&str> = way.iter().map(|step| step.event.as_str()).collect();
    assert_eq!(events, ["ScheduleAttemptFailure", "NodeUpdateNodeLabel"]);
    assert_eq!(way[1].meaning, "The labels of a node have changed.");
    let all = Search::default().attempts(history.trace(), None).to_vec();
    assert!(all.len() > 2 && all.ends_with(&[last(&history).1].map(bottle::sim::FactId)), "those of other pods, too");
    history.seek(lines[0].at);
    assert!(search.attempts(history.trace(), Some(&wanted)).is_empty(), "the past does not know them yet");
}

#[test]
fn in_a_large_cluster_the_reasons_are_counted_as_in_the_event() {
    let mut history = harbour(60);
    apply(&mut history, bottle::examples::find("too-big").expect("an example").text());
    let (_, _, attempt) = last(&history);
    let (matrix, outcome) = shown(&history, |shown| (matrix::of(shown, &attempt), attempts::outcome(shown, &attempt)));
    assert_eq!((matrix.rows.len(), matrix.more), (20, 41));
    assert_eq!(outcome.reasons.iter().map(|(count, _)| count).sum::<usize>(), 61);
    for (count, reason) in &outcome.reasons {
        assert!(outcome.event.contains(&format!("{count} {reason}")), "{}", outcome.event);
    }
}

#[test]
fn preemption_names_the_candidates_and_their_victims() {
    let mut history = harbour(2);
    apply(&mut history, &pod("low-1", &requests("3")));
    apply(&mut history, &pod("low-2", &requests("3")));
    let class = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n";
    apply(&mut history, class);
    let text = pod("urgent", &format!("priorityClassName: high, {}", requests("2")));
    apply(&mut history, &text);
    let urgent = ObjectRef::new(&bottle::api::kinds::pod::KIND, "default", "urgent");
    let found = Search::default().attempts(history.trace(), Some(&urgent)).to_vec();
    let attempt = attempts::at(history.trace(), found[0].0).expect("an attempt");
    let outcome = shown(&history, |shown| attempts::outcome(shown, &attempt));
    assert!(!outcome.chosen && outcome.candidates.len() == 2, "{outcome:?}");
    assert!(outcome.candidates.iter().all(|(_, victims)| victims.len() == 1 && victims[0].starts_with("default/low-")));
}

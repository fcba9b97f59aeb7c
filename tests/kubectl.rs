//! A real `kubectl` against `bottle serve`: the recorded sessions (`tests/oracle/kubectl`), and the verbs that they lack.
//!
//! `tools/setup.sh kubectl` puts one of v1.36 into `.tools`, where there is Debian's package; without one these tests have
//! nothing to say, which they say on the terminal itself.

use bottle::serve::{Serve, start};
use bottle::verify::{Report, collect, kubectl};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The kubectl, installed if it can be.
fn installed() -> Option<&'static Path> {
    static READY: OnceLock<Option<&'static Path>> = OnceLock::new();
    *READY.get_or_init(|| {
        let said = Command::new("bash").arg("tools/setup.sh").arg("kubectl").current_dir(root()).output();
        let found = kubectl();
        if found.is_none() {
            let why =
                said.map_or_else(|error| error.to_string(), |said| String::from_utf8_lossy(&said.stdout).into_owned());
            // Past the harness, which shows nothing of tests that pass.
            let _ = writeln!(std::io::stderr(), "\nSKIPPED: tests/kubectl.rs has no kubectl of v1.36. {}", why.trim());
        }
        found
    })
}

fn play(session: &str) -> Report {
    let path: PathBuf = root().join("tests/oracle/kubectl").join(session);
    collect(&[path], None, &mut std::io::sink()).expect("a report")
}

/// Repeats sessions. What differs once may be a machine that stood still for a moment; what differs twice is a difference.
fn sessions(names: &[&str], steps: usize) {
    if installed().is_none() {
        return;
    }
    let (mut passed, mut differ) = (0, Vec::new());
    for name in names {
        let report = play(name);
        passed += report.passed + report.failed.len();
        if !report.failed.is_empty() {
            let again: BTreeSet<String> = play(name).failed.into_iter().map(|(_, case, _)| case).collect();
            differ.extend(report.failed.into_iter().filter(|(_, case, _)| again.contains(case)));
        }
    }
    let lines: Vec<String> = differ.iter().map(|(_, case, difference)| format!("{case}: {difference}")).collect();
    assert!(lines.is_empty(), "{} of {passed} steps differ:\n{}", lines.len(), lines.join("\n"));
    assert_eq!(passed, steps, "all steps are played");
}

#[test]
fn sessions_without_objects_are_as_recorded() {
    sessions(&["empty.json.gz", "errors.json.gz", "dryrun-generators.json.gz"], 221);
}

#[test]
fn a_session_that_reads_is_as_recorded() {
    sessions(&["shop-read.json.gz"], 88);
}

#[test]
fn a_session_that_changes_is_as_recorded() {
    sessions(&["shop-mutate.json.gz"], 134);
}

/// A server, and a folder for manifests.
struct Bench {
    kubectl: &'static Path,
    server: String,
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Option<Self> {
        Self::of(name, &Serve::oracle())
    }

    fn of(name: &str, serve: &Serve) -> Option<Self> {
        let kubectl = installed()?;
        let address = start(serve).expect("a server");
        let folder = std::env::temp_dir().join(format!("bottle-{name}-{}", address.port()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Some(Self { kubectl, server: format!("http://{address}"), folder })
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(self.kubectl);
        command.args(["--server", &self.server]).args(arguments.split(' '));
        command.current_dir(&self.folder).env("HOME", &self.folder).env("KUBECONFIG", self.folder.join("none"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command; gives what it printed on both sides, and its exit status.
    fn run(&self, arguments: &str) -> (String, i32) {
        let output = self.command(arguments).output().expect("kubectl runs");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (text.into_owned(), output.status.code().unwrap_or(-1))
    }

    /// Runs a command that must end so, and say this among other things.
    fn says(&self, arguments: &str, exit: i32, words: &[&str]) {
        let (text, code) = self.run(arguments);
        assert_eq!(code, exit, "kubectl {arguments}: {text}");
        for word in words {
            assert!(text.contains(word), "kubectl {arguments}: no {word:?} in {text}");
        }
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("a file");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx:1.27}]}
";

/// Every verb of a learner's first week, one after the other.
#[test]
fn the_verbs_work_against_the_server() {
    let Some(bench) = Bench::new("verbs") else { return };
    bench.file("web.yaml", WEB);
    let steps: &[(&str, i32, &[&str])] = &[
        ("api-resources --namespaced=false -o name", 0, &["nodes\n", "customresourcedefinitions.apiextensions.k8s.io"]),
        ("create -f web.yaml --dry-run=server", 0, &["deployment.apps/web created (server dry run)"]),
        ("get deploy web", 1, &["Error from server (NotFound): deployments.apps \"web\" not found"]),
        ("diff -f web.yaml", 1, &["+  replicas: 2"]),
        ("apply -f web.yaml", 0, &["deployment.apps/web created"]),
        ("apply -f web.yaml", 0, &["deployment.apps/web unchanged"]),
        ("rollout status deploy/web --timeout=30s", 0, &["successfully rolled out"]),
        ("diff -f web.yaml", 0, &[]),
        ("get deploy web", 0, &["NAME   READY   UP-TO-DATE   AVAILABLE   AGE", "web    2/2"]),
        ("get deploy web -o wide", 0, &["CONTAINERS   IMAGES       SELECTOR", "nginx:1.27   app=web"]),
        ("get deploy web -o yaml", 0, &["kind: Deployment\n", "  replicas: 2\n"]),
        ("get deploy web -o json", 0, &["\"kind\": \"Deployment\"", "\"replicas\": 2"]),
        ("get deploy web -o jsonpath={.spec.replicas}/{.status.readyReplicas}", 0, &["2/2"]),
        ("describe deploy web", 0, &["2 desired | 2 updated | 2 total | 2 available", "Scaled up replica set web-"]),
        ("label deploy web tier=front", 0, &["deployment.apps/web labeled"]),
        (
            "patch deploy web --type=json -p [{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":2}]",
            0,
            &["patched"],
        ),
        ("scale deploy web --replicas=3", 0, &["deployment.apps/web scaled"]),
        ("wait --for=jsonpath={.status.readyReplicas}=3 deploy/web --timeout=30s", 0, &["condition met"]),
        ("set image deploy/web nginx=nginx:1.28", 0, &["image updated"]),
        ("rollout status deploy/web --timeout=30s", 0, &["successfully rolled out"]),
        ("rollout history deploy/web", 0, &["1         <none>\n2         <none>\n"]),
        ("rollout undo deploy/web", 0, &["rolled back"]),
        ("explain deployment.spec.strategy", 0, &["FIELD: strategy <DeploymentStrategy>", "rollingUpdate"]),
        ("auth can-i delete nodes", 0, &["yes"]),
        ("auth can-i delete nodes --as=jane", 1, &["no"]),
        ("get pods --as=jane", 1, &["User \"jane\" cannot list resource \"pods\" in API group \"\""]),
        ("delete deploy web --wait=true", 0, &["deployment.apps \"web\" deleted from default namespace"]),
        ("wait --for=delete pod -l app=web --timeout=30s", 0, &[]),
        ("get all", 0, &["service/kubernetes"]),
    ];
    for (command, exit, words) in steps {
        bench.says(command, *exit, words);
    }
}

/// Server-side apply: two managers, a conflict, force, and a field that is given up.
#[test]
fn managers_share_an_object_by_server_side_apply() {
    let Some(bench) = Bench::new("managers") else { return };
    bench.file("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: one, b: two}\n");
    bench.file("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {b: three}\n");
    bench.file("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: one}\n");
    let data = "get cm shared -o jsonpath={.data}";
    bench.says("apply --server-side --field-manager=first -f a.yaml", 0, &["configmap/shared serverside-applied"]);
    bench.says("apply --server-side --field-manager=first -f a.yaml", 0, &["configmap/shared serverside-applied"]);
    bench.says("apply --server-side --field-manager=second -f b.yaml", 1, &["conflict with \"first\": .data.b"]);
    bench.says("apply --server-side --field-manager=second -f b.yaml --force-conflicts", 0, &["serverside-applied"]);
    bench.says(data, 0, &[r#"{"a":"one","b":"three"}"#]);
    // The first gives up a field that is the second's now: it stays.
    bench.says("apply --server-side --field-manager=first -f c.yaml", 0, &["serverside-applied"]);
    bench.says(data, 0, &[r#"{"a":"one","b":"three"}"#]);
    bench.says(
        "get cm shared -o yaml --show-managed-fields",
        0,
        &["manager: first", "manager: second", "operation: Apply"],
    );
}

/// A kind that somebody adds is a kind like the others.
#[test]
fn added_kinds_are_explained() {
    let Some(bench) = Bench::new("customs") else { return };
    bench.file("crd.yaml", WIDGETS);
    bench.file("widget.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 2}\n");
    bench.says("apply -f crd.yaml", 0, &["customresourcedefinition.apiextensions.k8s.io/widgets.example.com created"]);
    bench.says("wait --for=condition=Established crd/widgets.example.com --timeout=30s", 0, &["condition met"]);
    bench.says("apply -f widget.yaml", 0, &["widget.example.com/one created"]);
    bench.says("get wd", 0, &["NAME   AGE\none    "]);
    let words = ["GROUP:      example.com", "KIND:       Widget", "Standard object's metadata.", "What it is for."];
    bench.says("explain widgets", 0, &words);
    bench.says("explain widgets.spec", 0, &["FIELD: spec <Object>", "size\t<integer>", "How large it is."]);
    bench.says("delete -f crd.yaml", 0, &["\"widgets.example.com\" deleted"]);
}

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            description: What it is for.
            type: object
            properties: {size: {type: integer, description: How large it is.}}
";

/// What pods and nodes use: nobody knows before the add-on is ready, and when it is gone.
#[test]
fn top_tells_what_is_used() {
    let serve = Serve { scenario: "three-ships".to_owned(), speed: 10.0, ..Serve::oracle() };
    let Some(bench) = Bench::of("top", &serve) else { return };
    bench.file("metrics-server.yaml", bottle::examples::find("metrics-server").expect("the example").text());
    bench.says("top nodes", 1, &["error: Metrics API not available"]);
    bench.says(
        "apply -f metrics-server.yaml",
        0,
        &["apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io created"],
    );
    bench.says("top pods -A", 1, &["error: Metrics API not available"]);
    bench.says("get --raw /apis/metrics.k8s.io/v1beta1/nodes", 1, &["currently unable to handle the request"]);
    bench.says(
        "wait --for=condition=Available apiservice/v1beta1.metrics.k8s.io --timeout=60s",
        0,
        &["apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io condition met"],
    );
    bench.says("get apiservice v1beta1.metrics.k8s.io", 0, &["kube-system/metrics-server   True"]);
    let heads =
        ["NAME            CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)", "control-plane   ", "node-3          "];
    bench.says("top nodes", 0, &heads);
    bench.says("top pods -n kube-system", 0, &["CPU(cores)   MEMORY(bytes)", "coredns-", "metrics-server-", "Mi"]);
    bench.says("top pods -n kube-system --containers -l k8s-app=kube-dns", 0, &["POD ", "NAME ", "coredns   "]);
    bench.says("api-resources --api-group=metrics.k8s.io", 0, &["nodes", "NodeMetrics", "pods", "PodMetrics"]);
    bench.says("get nodes.metrics.k8s.io node-1", 0, &["NAME     CPU", "MEMORY", "WINDOW", "15s"]);
    bench.says(
        "get --raw /apis/metrics.k8s.io/v1beta1/nodes/node-1",
        0,
        &["\"kind\":\"NodeMetrics\"", "\"window\":\"15s\""],
    );
    bench.says("auth can-i list pods.metrics.k8s.io --as=jane", 1, &["no"]);
    bench.says("scale deploy metrics-server -n kube-system --replicas=0", 0, &["scaled"]);
    bench.says(
        "wait --for=condition=Available=False apiservice/v1beta1.metrics.k8s.io --timeout=60s",
        0,
        &["condition met"],
    );
    bench.says("top nodes", 1, &["error: Metrics API not available"]);
    bench.says("api-resources --api-group=metrics.k8s.io", 0, &["NAME   SHORTNAMES"]);
}

/// A watch tells of what happens while it is open.
#[test]
fn a_watch_tells_what_happens() {
    let Some(bench) = Bench::new("watch") else { return };
    let mut watch = bench.command("get pods -w --output-watch-events --no-headers");
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("kubectl runs");
    let mut lines = BufReader::new(watch.stdout.take().expect("its output")).lines();
    bench.says("run one --image=nginx:1.27", 0, &["pod/one created"]);
    let mut next = || lines.next().expect("another event").expect("a line");
    // The watch has begun, whether the pod was there before it or not.
    assert!(next().starts_with("ADDED      one"));
    bench.says("delete pod one", 0, &["pod \"one\" deleted"]);
    let last = std::iter::repeat_with(next).find(|line| !line.starts_with("MODIFIED"));
    assert!(last.is_some_and(|line| line.starts_with("DELETED    one")));
    watch.kill().expect("it is running");
    watch.wait().expect("it ends");
}

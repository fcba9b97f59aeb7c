//! Kubernetes' own programs: the pause container, the control plane, `CoreDNS`, and the test image `agnhost`.

use super::{Program, flag, port};
use crate::api::metrics;
use crate::cluster::runtime::process::{Flow, OnTerm, Process, Site};
use crate::sim::Duration;

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["pause"], run: |process, _| process.serve(&[], Site::Raw) },
    Program { names: &["agnhost"], run: agnhost },
    Program { names: &["liveness"], run: |process, _| failing(process) },
    Program { names: &["server"], run: |process, _| failing(process) },
    Program {
        names: &["serve-hostname", "serve_hostname"],
        run: |process, _| process.serve(&[9376], Site::Everything),
    },
    Program { names: &["test-webserver"], run: |process, _| process.serve(&[80], Site::Everything) },
    Program { names: &["coredns"], run: coredns },
    Program { names: &["kube-apiserver"], run: |process, _| process.serve(&[6443], Site::Everything) },
    Program { names: &["kube-controller-manager"], run: |process, _| process.serve(&[10257], Site::Everything) },
    Program { names: &["kube-scheduler"], run: |process, _| process.serve(&[10259], Site::Everything) },
    Program { names: &["kube-proxy"], run: |process, _| process.serve(&[10249, 10256], Site::Everything) },
    Program { names: &["metrics-server"], run: |process, argv| group_server(process, argv, &[metrics::GROUP]) },
    Program { names: &["adapter"], run: |process, argv| group_server(process, argv, metrics::OTHER_GROUPS) },
    Program { names: &["kube-webhook-certgen"], run: |_, _| Flow::Next(0) },
];

fn coredns(process: &mut Process, _: &[String]) -> Flow {
    let flow = process.serve(&[53, 8080, 8181, 9153], Site::Everything);
    // lameduck: it answers for five seconds more.
    process.course.on_term = OnTerm::Exit(Duration::from_secs(5), 0);
    flow
}

/// What it says on its port is asked of the server itself ([`crate::cluster::metrics`]).
fn group_server(process: &mut Process, argv: &[String], groups: &'static [&'static str]) -> Flow {
    process.serve(&[flag(argv, &["secure-port"]).and_then(port).unwrap_or(443)], Site::Groups(groups))
}

/// The documentation's example of a liveness probe: fine for ten seconds.
fn failing(process: &mut Process) -> Flow {
    let flow = process.serve(&[8080], Site::Failing);
    process.course.on_term = OnTerm::Exit(Duration::from_millis(50), 2);
    flow
}

fn agnhost(process: &mut Process, argv: &[String]) -> Flow {
    match argv.get(1).map(String::as_str) {
        Some("netexec") => {
            let number = flag(argv, &["http-port"]).and_then(port).unwrap_or(8080);
            process.serve(&[number], Site::Netexec)
        }
        Some("liveness") => failing(process),
        Some("serve-hostname") => {
            process.serve(&[flag(argv, &["port"]).and_then(port).unwrap_or(9376)], Site::Everything)
        }
        Some("test-webserver") => process.serve(&[80], Site::Everything),
        Some("nettest" | "porter" | "webhook" | "guestbook" | "grpc-health-checking" | "net") => {
            process.serve(&[0], Site::Everything)
        }
        Some("help" | "--help" | "version") => Flow::Next(0),
        _ => process.serve(&[], Site::Raw),
    }
}

//! Programs of well-known examples.

use super::{Program, flag, port};
use crate::cluster::runtime::process::{Flow, Process, Site};

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["hello"], run: |_, _| Flow::Next(0) },
    Program { names: &["hello-app", "echo-server"], run: web },
    Program { names: &["httpd-8000"], run: |process, _| process.serve(&[8000], Site::Everything) },
    Program { names: &["httpbin"], run: |process, _| process.serve(&[80], Site::Everything) },
    Program { names: &["go-httpbin"], run: web },
    Program { names: &["whoami"], run: |process, _| process.serve(&[80], Site::Everything) },
    Program { names: &["podinfo"], run: podinfo },
    Program {
        names: &["podcli"],
        run: |process, argv| super::find("curl").map_or(Flow::Next(0), |curl| (curl.run)(process, argv)),
    },
];

/// A web server on 8080 or `$PORT`.
fn web(process: &mut Process, argv: &[String]) -> Flow {
    let number = flag(argv, &["port"]).and_then(port).or_else(|| port(process.var("PORT"))).unwrap_or(8080);
    process.serve(&[number], Site::Everything)
}

fn podinfo(process: &mut Process, argv: &[String]) -> Flow {
    let named = |name: &str, default: u16| flag(argv, &[name]).and_then(port).unwrap_or(default);
    let ports = [named("port", 9898), named("port-metrics", 9797), named("grpc-port", 9999)];
    process.serve(&ports, Site::Everything)
}

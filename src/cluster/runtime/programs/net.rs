//! Tools that talk to others, and small servers. What they ask of others succeeds; what they ask of their own container is
//! answered truly.

use super::{Program, flag, port};
use crate::cluster::runtime::process::{Flow, OnTerm, Process, Site};
use crate::sim::Duration;

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["curl", "wget"], run: fetch },
    Program { names: &["nc", "ncat", "netcat"], run: netcat },
    Program { names: &["nslookup", "dig", "host", "getent"], run: lookup },
    Program { names: &["ping", "traceroute"], run: ping },
    Program { names: &["httpd"], run: busybox_httpd },
    Program { names: &["http-echo"], run: http_echo },
    Program { names: &["grpc_health_probe"], run: grpc_health },
    Program { names: &["socat"], run: |process, _| process.serve(&[0], Site::Raw) },
    Program { names: &["kubectl", "helm", "gcloud", "aws", "az"], run: lookup },
];

/// The port of a URL or address that means this very container.
fn own_port(text: &str) -> Option<u16> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let place = bare.split('/').next()?;
    let (host, number) = place.split_once(':').unwrap_or((place, if text.starts_with("https") { "443" } else { "80" }));
    ["localhost", "127.0.0.1", "0.0.0.0", ""].contains(&host).then(|| number.parse().ok()).flatten()
}

/// What answers on one of the container's own ports at this moment.
fn answer(process: &Process, number: u16, path: Option<&str>) -> Option<u16> {
    let open = |listen: &&crate::cluster::runtime::process::Listen| listen.port == number || listen.port == 0;
    let listen = process.course.listens.iter().find(open)?;
    Some(path.map_or(0, |path| listen.site.status(path, listen.from)))
}

fn fetch(process: &mut Process, argv: &[String]) -> Flow {
    let name = argv[0].clone();
    let Some(url) = argv[1..].iter().rev().find(|word| {
        !word.starts_with('-') && (word.contains('/') || word.contains('.') || word.contains("localhost"))
    }) else {
        return Flow::Next(2);
    };
    process.pass(Duration::from_millis(20));
    let Some(number) = own_port(url) else { return Flow::Next(0) };
    let bare = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = bare.find('/').map_or("/", |at| &bare[at..]);
    match answer(process, number, Some(path)) {
        Some(0..400) => Flow::Next(0),
        Some(code) if name == "wget" => {
            process.print(&format!("wget: server returned error: HTTP/1.1 {code}\n"));
            Flow::Next(1)
        }
        // curl only fails on an error of the server when it is told to.
        Some(_) => Flow::Next(
            if argv
                .iter()
                .any(|word| word == "--fail" || word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
            {
                22
            } else {
                0
            },
        ),
        None if name == "wget" => {
            process.print("wget: can't connect to remote host (127.0.0.1): Connection refused\n");
            Flow::Next(1)
        }
        None => {
            process.print(&format!("curl: (7) Failed to connect to localhost port {number}: Connection refused\n"));
            Flow::Next(7)
        }
    }
}

fn netcat(process: &mut Process, argv: &[String]) -> Flow {
    let listens = argv[1..].iter().any(|word| word.starts_with('-') && word.contains('l'));
    let number = argv.iter().rev().find_map(|word| word.parse::<u16>().ok());
    if listens {
        return process.serve(&[number.unwrap_or(0)], Site::Everything);
    }
    let host = argv[1..].iter().find(|word| !word.starts_with('-') && word.parse::<u16>().is_err());
    let own = host.is_some_and(|host| ["localhost", "127.0.0.1"].contains(&host.as_str()));
    match number {
        Some(number) if own => Flow::Next(i32::from(answer(process, number, None).is_none())),
        _ => Flow::Next(0),
    }
}

fn lookup(process: &mut Process, _: &[String]) -> Flow {
    process.pass(Duration::from_millis(10));
    Flow::Next(0)
}

fn ping(process: &mut Process, argv: &[String]) -> Flow {
    let Some(count) = flag(argv, &["c"]).and_then(|count| count.parse().ok()) else {
        process.course.on_term = OnTerm::Ignore;
        return Flow::Forever;
    };
    process.pass(Duration::from_secs(count));
    Flow::Next(0)
}

/// busybox' `httpd -p 8080`: in the foreground with `-f`; otherwise it leaves a server behind and ends.
fn busybox_httpd(process: &mut Process, argv: &[String]) -> Flow {
    let number = flag(argv, &["p"]).and_then(port).unwrap_or(80);
    let foreground =
        argv[1..].iter().any(|word| word.starts_with('-') && word.contains('f') || word.contains("FOREGROUND"));
    let flow = process.serve(&[number], Site::Everything);
    if foreground { flow } else { Flow::Next(0) }
}

fn http_echo(process: &mut Process, argv: &[String]) -> Flow {
    if flag(argv, &["text"]).is_none() && process.var("ECHO_TEXT").is_empty() {
        process.print("Missing -text option!\n");
        return Flow::Next(127);
    }
    let number = flag(argv, &["listen"]).and_then(port).unwrap_or(5678);
    process.serve(&[number], Site::Everything)
}

fn grpc_health(process: &mut Process, argv: &[String]) -> Flow {
    let number = flag(argv, &["addr"]).and_then(port).unwrap_or(0);
    if answer(process, number, None).is_some() {
        return Flow::Next(0);
    }
    process.print(&format!("timeout: failed to connect service \":{number}\" within 1s\n"));
    Flow::Next(2)
}

//! Web servers and language runtimes.

use super::{Program, flag, port, service};
use crate::cluster::runtime::process::{Flow, OnTerm, Process, Site};

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["nginx", "docker-entrypoint.sh"], run: nginx },
    Program { names: &["nginx-unprivileged"], run: |process, _| process.serve(&[8080], NGINX) },
    Program { names: &["nginx-debug", "openresty"], run: nginx },
    Program {
        names: &["httpd-foreground", "apache2-foreground", "apachectl"],
        run: |process, _| process.serve(&[80], Site::Everything),
    },
    Program { names: &["caddy"], run: |process, _| process.serve(&[80, 443, 2019], Site::Everything) },
    Program { names: &["haproxy", "envoy"], run: |process, _| process.serve(&[0], Site::Everything) },
    Program { names: &["traefik"], run: |process, _| process.serve(&[80, 8080], Site::Everything) },
    Program { names: &["catalina.sh"], run: |process, _| exits(process, &[8080], 143) },
    Program { names: &["java"], run: |process, _| exits(process, &[0], 143) },
    Program { names: &["python", "python3"], run: python },
    Program { names: &["node", "nodejs", "ruby", "perl", "php", "deno", "bun"], run: interpreter },
    Program {
        names: &["gunicorn", "uvicorn", "flask", "uwsgi", "rails", "puma"],
        run: |process, _| process.serve(&[0], Site::Everything),
    },
];

/// What is in the image's document root.
const NGINX: Site = Site::Pages(&["/", "/index.html", "/50x.html", ""]);

fn nginx(process: &mut Process, argv: &[String]) -> Flow {
    if argv[1..].iter().any(|word| ["-t", "-T", "-v", "-V"].contains(&word.as_str())) {
        return Flow::Next(0);
    }
    if argv[0].ends_with("docker-entrypoint.sh") && argv.len() > 1 {
        return process.run(&argv[1..]);
    }
    if process.course.log.is_empty() {
        process.print("/docker-entrypoint.sh: Configuration complete; ready for start up\n");
    }
    // A configuration from outside may open any port.
    process.serve(&[80], NGINX)
}

fn exits(process: &mut Process, ports: &[u16], code: i32) -> Flow {
    let flow = process.serve(ports, Site::Everything);
    if let OnTerm::Exit(_, on_term) = &mut process.course.on_term {
        *on_term = code;
    }
    flow
}

fn python(process: &mut Process, argv: &[String]) -> Flow {
    process.course.on_term = OnTerm::Ignore;
    if flag(argv, &["m"]) == Some("http.server") {
        let number = argv.iter().find_map(|word| port(word)).unwrap_or(8000);
        process.listen(number, Site::Everything);
        return Flow::Forever;
    }
    interpreter(process, argv)
}

/// An interpreter without a script ends (there is no terminal); a one-liner runs to its end; a script is a service.
fn interpreter(process: &mut Process, argv: &[String]) -> Flow {
    process.course.on_term = OnTerm::Ignore;
    let one_liner = argv[1..].iter().position(|word| {
        ["-c", "-e", "--eval", "-p", "-r"].contains(&word.as_str()) || word.starts_with("-Mbignum") || word == "-wle"
    });
    let Some(at) = one_liner else {
        return if argv.len() < 2 { Flow::Next(0) } else { service::unknown(process) };
    };
    let code = argv[1 + at..].join(" ");
    let exit = ["sys.exit(", "process.exit(", "exit("].iter().find_map(|call| {
        let (_, rest) = code.split_once(call)?;
        rest.split(')').next()?.trim().parse().ok()
    });
    let endless = ["while True", "while(true)", "while (true)", "serve", "listen(", "http.server", "loop do"];
    if endless.iter().any(|word| code.contains(word)) {
        return service::unknown(process);
    }
    let seconds = code.split_once("sleep(").and_then(|(_, rest)| rest.split([')', '.']).next()?.trim().parse().ok());
    let calculating = if code.contains("bpi") { 4 } else { 0 };
    process.pass(crate::sim::Duration::from_secs(seconds.unwrap_or(calculating)));
    Flow::Next(exit.unwrap_or(0))
}

//! Databases, queues, caches, and the tools that ask whether they live.

use super::{Program, flag, port};
use crate::cluster::runtime::process::{Flow, OnTerm, Process, Site};
use crate::sim::Duration;

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["redis-server", "valkey-server"], run: redis },
    Program { names: &["redis-sentinel"], run: |process, _| process.serve(&[26379], Site::Raw) },
    Program { names: &["mysqld", "mariadbd"], run: mysql },
    Program { names: &["postgres"], run: postgres },
    Program { names: &["mongod", "mongos"], run: |process, _| process.serve(&[27017], Site::Raw) },
    Program { names: &["memcached"], run: |process, _| process.serve(&[11211], Site::Raw) },
    Program { names: &["rabbitmq-server"], run: |process, _| process.serve(&[5672, 15672], Site::Everything) },
    Program { names: &["nats-server"], run: |process, _| process.serve(&[4222, 8222], Site::Everything) },
    Program { names: &["zkServer.sh"], run: |process, _| process.serve(&[2181], Site::Raw) },
    Program { names: &["etcd"], run: |process, _| process.serve(&[2379, 2380, 2381], Site::Everything) },
    Program { names: &["minio"], run: |process, _| process.serve(&[9000, 9001], Site::Everything) },
    Program {
        names: &[
            "redis-cli",
            "mysqladmin",
            "mysql",
            "pg_isready",
            "psql",
            "mongo",
            "mongosh",
            "rabbitmq-diagnostics",
            "rabbitmqctl",
            "etcdctl",
        ],
        run: ask,
    },
];

fn redis(process: &mut Process, argv: &[String]) -> Flow {
    let number = flag(argv, &["port"]).and_then(port).unwrap_or(6379);
    process.print("* Server initialized\n* Ready to accept connections tcp\n");
    process.serve(&[number], Site::Raw)
}

/// The image's entrypoint refuses to make a database without a root password.
fn mysql(process: &mut Process, argv: &[String]) -> Flow {
    let ways = [
        "ROOT_PASSWORD",
        "ALLOW_EMPTY_PASSWORD",
        "ALLOW_EMPTY_ROOT_PASSWORD",
        "RANDOM_ROOT_PASSWORD",
        "ROOT_PASSWORD_FILE",
        "ROOT_PASSWORD_HASH",
    ];
    let given = |prefix: &str| ways.iter().any(|way| !process.var(&format!("{prefix}_{way}")).is_empty());
    if !given("MYSQL") && !given("MARIADB") && argv.len() < 2 {
        process.print("[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n");
        process.pass(Duration::from_secs(1));
        return Flow::Exit(1);
    }
    // It makes its database first.
    process.pass(Duration::from_secs(8));
    process.serve(&[3306, 33060], Site::Raw)
}

fn postgres(process: &mut Process, argv: &[String]) -> Flow {
    let given = ["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"].iter().any(|name| !process.var(name).is_empty());
    if !given && process.var("POSTGRES_HOST_AUTH_METHOD") != "trust" && argv.len() < 2 {
        process.print("Error: Database is uninitialized and superuser password is not specified.\n");
        return Flow::Exit(1);
    }
    process.pass(Duration::from_secs(3));
    process.serve(&[5432], Site::Raw)
}

/// A client asks its own container's server; against others it succeeds.
fn ask(process: &mut Process, argv: &[String]) -> Flow {
    process.pass(Duration::from_millis(20));
    let other = flag(argv, &["h", "host"]).is_some_and(|host| !["localhost", "127.0.0.1"].contains(&host));
    if other || !process.course.listens.is_empty() || process.course.on_term == OnTerm::Ignore {
        return Flow::Next(0);
    }
    process.print("could not connect to server: Connection refused\n");
    Flow::Next(1)
}

//! The native command: argument parsing and calls into the library; nothing else.

#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use bottle::bench::Workload;
    use bottle::headless::scheduling::{self, SchedulerBench};
    use bottle::headless::workloads::WorkloadsBench;
    use bottle::headless::{self, Bench, Output, Run};
    use bottle::serve::{Pace, Serve, serve};
    use bottle::verify::{account, verify};
    use clap::{Parser, Subcommand};
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::time::Duration;

    /// A whole Kubernetes cluster, simulated: the engine of Ship in a Bottle without its window.
    #[derive(Parser)]
    #[command(name = "bottle", version)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Boots a cluster, applies manifests at t=0, runs it, and prints what there is.
        Run {
            /// The scenario that says which machines there are.
            #[arg(long, default_value = "three-ships")]
            scenario: String,
            /// So many workers instead of the scenario's own.
            #[arg(long)]
            nodes: Option<usize>,
            /// The seed of all chance.
            #[arg(long, default_value_t = 42)]
            seed: u64,
            /// A `KubeSchedulerConfiguration`: the scheduler is restarted with it at t=0.
            #[arg(long)]
            scheduler_config: Option<PathBuf>,
            /// A manifest, or a folder of manifests; may be given several times.
            #[arg(short = 'f', long = "filename")]
            files: Vec<PathBuf>,
            /// Sends everything through the server's gates and stores nothing.
            #[arg(long)]
            dry_run: bool,
            /// Creates the namespaces that the manifests name.
            #[arg(long)]
            create_namespaces: bool,
            /// How long to run, in simulated time: 500ms, 60s, 5m, 1h.
            #[arg(long = "for", default_value = "60s", value_parser = duration)]
            length: Duration,
            /// What to print.
            #[arg(short = 'o', long = "output", default_value = "summary")]
            output: Output,
        },
        /// Applies Deployments and reports what it cost until all their pods were Ready.
        Bench {
            /// Workers.
            #[arg(long, default_value_t = 100)]
            nodes: usize,
            /// Pods in all.
            #[arg(long, default_value_t = 1000)]
            pods: usize,
            /// Measures the scheduler alone.
            #[arg(long)]
            scheduler: bool,
            /// Measures the API server alone.
            #[arg(long, conflicts_with = "scheduler")]
            api: bool,
            /// Measures pods of all kinds of workloads, a rollout, the loss of a tenth of the nodes, each also at a quarter of
            /// the size, and rest. `--nodes 500 --pods 5000` is what the README reports.
            #[arg(long, conflicts_with_all = ["scheduler", "api"])]
            workloads: bool,
            /// What the pods ask of it: plain, antiaff, spread or preemption.
            #[arg(long, default_value = "plain", requires = "scheduler")]
            workload: Workload,
            /// Prints JSON.
            #[arg(long)]
            json: bool,
        },
        /// Serves the simulated API server over HTTP, for any kubectl: `kubectl --server http://127.0.0.1:8001 …`.
        Serve {
            /// Where to listen; port 0 takes a free one.
            #[arg(long, default_value = "127.0.0.1:8001")]
            listen: SocketAddr,
            /// The scenario; `oracle` is the cluster of the recorded kubectl sessions.
            #[arg(long, default_value = "three-ships")]
            scenario: String,
            /// The seed of all chance.
            #[arg(long, default_value_t = 42)]
            seed: u64,
            /// Simulated seconds for each real one: `real`, or a number.
            #[arg(long, default_value = "real", value_parser = speed)]
            speed: f64,
            /// Who callers are unless they impersonate somebody.
            #[arg(long, default_value = "kubernetes-admin")]
            as_user: String,
            /// His groups; may be given several times.
            #[arg(long, default_value = "system:masters")]
            as_group: Vec<String>,
        },
        /// Plays recordings of a real cluster against the engine and says where it differs.
        Verify {
            /// Recordings or folders of them, plain or gzip.
            #[arg(required = true)]
            paths: Vec<PathBuf>,
            /// The folder of the manifests that a corpus' verdicts are about.
            #[arg(long)]
            corpus: Option<PathBuf>,
            /// Writes the numbers of the fidelity page: `bottle verify tests/oracle --report assets/fidelity.json`.
            #[arg(long)]
            report: Option<PathBuf>,
        },
    }

    pub fn main() -> ExitCode {
        let result = match Arguments::parse().command {
            Command::Run {
                scenario,
                nodes,
                seed,
                scheduler_config,
                files,
                dry_run,
                create_namespaces,
                length,
                output,
            } => headless::run(&Run {
                scenario,
                nodes,
                seed,
                scheduler_config,
                files,
                dry_run,
                create_namespaces,
                length,
                output,
            }),
            Command::Bench { api: true, json, .. } => headless::api::api(json),
            Command::Bench { nodes, pods, workloads: true, json, .. } => {
                headless::workloads::workloads(&WorkloadsBench { nodes, pods, json })
            }
            Command::Bench { nodes, pods, scheduler: true, workload, json, .. } => {
                scheduling::scheduler(&SchedulerBench { nodes, pods, workload, json })
            }
            Command::Bench { nodes, pods, json, .. } => headless::bench(&Bench { nodes, pods, json }),
            Command::Serve { listen, scenario, seed, speed, as_user, as_group } => {
                let (user, groups, pace) = (as_user, as_group, Pace::default());
                serve(&Serve { listen, scenario, seed, speed, user, groups, pace })
            }
            Command::Verify { paths, report: Some(file), .. } => account(&paths, &file),
            Command::Verify { paths, corpus, .. } => verify(&paths, corpus.as_deref()),
        };
        match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(sentence) => {
                eprintln!("bottle: {sentence}");
                ExitCode::from(2)
            }
        }
    }

    fn speed(text: &str) -> Result<f64, String> {
        let speed = if text == "real" { Ok(1.0) } else { text.parse() };
        speed
            .ok()
            .filter(|speed: &f64| speed.is_finite() && *speed > 0.0)
            .ok_or_else(|| "use real, or a number above 0".to_owned())
    }

    fn duration(text: &str) -> Result<Duration, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: f64 =
            digits.parse().map_err(|_| format!("\"{text}\" is no duration: write 500ms, 60s, 5m or 1h"))?;
        let unit = match &text[digits.len()..] {
            "ms" => 0.001,
            "s" | "" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            other => return Err(format!("unknown unit \"{other}\": use ms, s, m or h")),
        };
        Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())
    }
}

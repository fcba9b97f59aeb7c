//! Every duration, with its source. Upstream defaults are those of v1.36 (see `tests/oracle`); what Kubernetes does
//! not set (wires, processors, disks) is marked "ours" and chosen to look like a small idle cluster.

use crate::sim::Duration;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}
const fn micros(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// One way over the network between two processes. Ours.
pub const LINK: Duration = micros(500);
/// What the API server's gates take for one request. Ours.
pub const API_GATES: Duration = micros(300);
/// What etcd takes to write a transaction to disk. Ours (a fast local disk's fsync).
pub const ETCD_COMMIT: Duration = ms(1);
/// The API server lets etcd forget old revisions so often. Upstream: `--etcd-compaction-interval` 5m.
pub const COMPACTION: Duration = secs(300);
/// The API server gives up on etcd after this. Upstream: `etcd/server/config`, `ReqTimeout`: 5 s + 2 elections of 1 s.
pub const ETCD_TIMEOUT: Duration = secs(7);
/// How long the watch cache keeps changes at least. Upstream: `cacher/watch_cache.go`, `DefaultEventFreshDuration`.
pub const WATCH_HISTORY: Duration = secs(75);
/// How long Events are kept. Upstream: kube-apiserver `--event-ttl` 1h.
pub const EVENT_TTL: Duration = secs(3600);
/// Events written within this time share a lease. Upstream: kube-apiserver `--lease-reuse-duration-seconds` 60.
pub const EVENT_LEASE_REUSE: Duration = secs(60);
/// How long a controller thinks about one key. Ours.
pub const RECONCILE: Duration = micros(200);
/// How long the scheduler thinks about one pod. Ours.
pub const SCHEDULE: Duration = ms(1);

/// First back-off of a pod that could not be scheduled, doubling. Upstream: `podInitialBackoffSeconds`.
pub const POD_BACKOFF: Duration = secs(1);
/// … up to this. Upstream: `podMaxBackoffSeconds`.
pub const POD_BACKOFF_MAX: Duration = secs(10);
/// An unschedulable pod is tried again after this time whatever happened.
/// Upstream: `pod-max-in-unschedulable-pods-duration`.
pub const POD_MAX_UNSCHEDULABLE: Duration = secs(300);
/// How often the scheduler looks whether a pod's claims are bound. Upstream: `volumeBinder.BindPodVolumes`.
pub const VOLUME_BINDING_POLL: Duration = secs(1);
/// How often the scheduler looks for such pods. Upstream: `PriorityQueue.Run`, `flushUnschedulablePodsLeftover`.
pub const FLUSH_UNSCHEDULABLE: Duration = secs(30);

/// A client gives up waiting for an answer. Upstream: kubelet's heartbeat client, `timeout: 10s`.
pub const REQUEST_TIMEOUT: Duration = secs(10);
/// A broken watch is opened again after this, doubling. Upstream: `client-go/tools/cache/reflector.go`, backoff 800 ms.
pub const REFLECTOR_BACKOFF: Duration = ms(800);
/// … up to this.
pub const REFLECTOR_BACKOFF_MAX: Duration = secs(30);
/// A watch that has been silent for so long is taken for dead (bookmarks come every minute).
/// Upstream: `apimachinery/pkg/util/net/http.go`, HTTP/2 read idle timeout 30 s + ping timeout 15 s.
pub const WATCH_IDLE: Duration = secs(45);
/// How often a quiet watch is told how far it is. Upstream: `cacher.go`, `defaultBookmarkFrequency`.
pub const BOOKMARK: Duration = secs(60);

/// A controller's first retry of a key that failed, doubling. Upstream: `workqueue.DefaultTypedControllerRateLimiter`.
pub const RETRY: Duration = ms(5);
/// … up to this.
pub const RETRY_MAX: Duration = secs(1000);

/// How long emptying a recycled volume may take at least, of a machine's folder. Upstream: kube-controller-manager
/// `--pv-recycler-minimum-timeout-hostpath`.
pub const RECYCLE_HOST_PATH: Duration = secs(60);
/// … of a file server's. Upstream: `--pv-recycler-minimum-timeout-nfs`.
pub const RECYCLE_NFS: Duration = secs(300);
/// … and for each Gi. Upstream: `--pv-recycler-increment-timeout-nfs`, `--pv-recycler-timeout-increment-hostpath`.
pub const RECYCLE_INCREMENT: Duration = secs(30);

/// Node lease renewal. Upstream: `kubelet`, `nodeLeaseDurationSeconds` 40 × 0.25.
pub const LEASE_RENEW: Duration = secs(10);
/// `leaseDurationSeconds` of a node's Lease. Upstream: default of `KubeletConfiguration`.
pub const LEASE_DURATION: Duration = secs(40);
/// How often the kubelet looks whether its node status has changed. Upstream: `nodeStatusUpdateFrequency`.
pub const NODE_STATUS: Duration = secs(10);
/// How often it is reported when nothing has changed. Upstream: `nodeStatusReportFrequency`.
pub const NODE_STATUS_REPORT: Duration = secs(300);
/// How often node health is looked at. Upstream: kube-controller-manager `--node-monitor-period`.
pub const NODE_MONITOR_PERIOD: Duration = secs(5);
/// Silence after which a node is Unknown. Upstream: `--node-monitor-grace-period`.
pub const NODE_MONITOR_GRACE: Duration = secs(50);
/// The same for a node that has never reported. Upstream: `--node-startup-grace-period`.
pub const NODE_STARTUP_GRACE: Duration = secs(60);
/// How long pods stay on a node that is not ready or unreachable. Upstream: admission `DefaultTolerationSeconds`.
pub const DEFAULT_TOLERATION: Duration = secs(300);

/// First wait before a crashed container is started again, doubling. Upstream: kubelet, `backOffPeriod` 10 s.
pub const CRASH_BACKOFF: Duration = secs(10);
/// … up to this. Upstream: kubelet, `MaxContainerBackOff`.
pub const CRASH_BACKOFF_MAX: Duration = secs(300);
/// The kubelet looks at every pod at least so often. Upstream: `syncFrequency`; housekeeping and pod worker 1–1.5 min.
pub const POD_SYNC: Duration = secs(60);
/// Orphaned and finished pods are collected so often. Upstream: `podgc/gc_controller.go`, `gcCheckPeriod`.
pub const POD_GC: Duration = secs(20);

/// Different messages of one reason about one object are combined when they come within this time of each other.
/// Upstream: `client-go/tools/record/events_cache.go`, `defaultAggregateIntervalInSeconds`.
pub const EVENT_SIMILAR_WITHIN: Duration = secs(600);
/// How long a source must be quiet about an object to earn one more event. Upstream: `defaultSpamQPS`, 1 / 300 s.
pub const EVENT_SPAM_REFILL: Duration = secs(300);
/// How often an event is sent to a server that does not answer. Upstream: `record/event.go`, `maxTriesPerEvent`.
pub const EVENT_TRIES: u32 = 12;

/// How often the garbage collector looks around for kinds. Upstream: `controllermanager/app/core.go`,
/// `go garbageCollector.Sync(ctx, discoveryClient, 30*time.Second)`.
pub const DISCOVERY_SYNC: Duration = secs(30);

/// A namespace is emptied so long after its deletion. Upstream: `namespace_controller.go`, `namespaceDeletionGracePeriod`.
pub const NAMESPACE_GRACE: Duration = secs(5);
/// How long finalizers of content are guessed to take. Upstream: `namespaced_resources_deleter.go`,
/// `finalizerEstimateSeconds`.
pub const NAMESPACE_FINALIZERS: Duration = secs(15);
/// How long a leader that is silent stays the leader. Upstream: `--leader-elect-lease-duration`.
pub const LEADER_LEASE: Duration = secs(15);
/// A leader that could not renew its lease for so long stops. Upstream: `--leader-elect-renew-deadline`.
pub const LEADER_DEADLINE: Duration = secs(10);
/// How often the lease is renewed, or tried for (then up to 1.2 times longer more). Upstream:
/// `--leader-elect-retry-period`.
pub const LEADER_RETRY: Duration = secs(2);
/// How often the API server renews the lease that says it is there. Upstream: `IdentityLeaseRenewIntervalPeriod`.
pub const IDENTITY_LEASE_RENEW: Duration = secs(10);
/// A node that pods name and that is missing gets so long to appear. Upstream: `gc_controller.go`, `quarantineTime`.
pub const POD_GC_QUARANTINE: Duration = secs(40);
/// A DaemonSet's failed pod is replaced at once, the next one on the same node not before this, doubling. Upstream:
/// `cmd/kube-controller-manager/app/apps.go`.
pub const DAEMON_BACKOFF: Duration = secs(1);
/// … up to this.
pub const DAEMON_BACKOFF_MAX: Duration = secs(900);
/// Volumes and claims are looked at again so often. Upstream: `--pvclaimbinder-sync-period`.
pub const VOLUME_SYNC: Duration = secs(15);
/// One node in so much time gets the taint that evicts its pods. Upstream: `--node-eviction-rate`, 0.1 a second.
pub const NODE_EVICTION_PAUSE: Duration = secs(10);
/// … in a large zone most of whose nodes are lost. Upstream: `--secondary-node-eviction-rate`, 0.01 a second.
pub const NODE_EVICTION_PAUSE_SLOW: Duration = secs(100);

/// The kubelet reads the manifests of its static pods anew. Upstream: `fileCheckFrequency`.
pub const FILE_CHECK: Duration = secs(20);
/// Resizes that wait are tried again. Upstream: `allocation_manager.go`, `retryDelay`.
pub const RESIZE_RETRY: Duration = secs(180);
/// The kubelet asks its runtime what has changed. Upstream: `kubelet.go`, `genericPlegRelistPeriod`.
pub const PLEG_RELIST: Duration = secs(1);
/// A pod whose sync failed is tried again after this, up to half as much longer. Upstream: `kubelet.go`, `backOffPeriod`.
pub const POD_SYNC_BACKOFF: Duration = secs(10);
/// First wait before an image is pulled again, doubling. Upstream: `kubelet.go`, `imageBackOffPeriod`.
pub const IMAGE_BACKOFF: Duration = secs(10);
/// … up to this. Upstream: `kubelet.go`, `MaxImageBackOff`.
pub const IMAGE_BACKOFF_MAX: Duration = secs(300);
/// A status that could not be written is written again. Upstream: `status_manager.go`, `syncPeriod`.
pub const STATUS_SYNC: Duration = secs(10);
/// A volume that could not be set up is tried again, doubling. Upstream: `exponential_backoff.go`, `initialDurationBeforeRetry`.
pub const MOUNT_RETRY: Duration = ms(500);
/// … up to this. Upstream: `exponential_backoff.go`, `maxDurationBeforeRetry`.
pub const MOUNT_RETRY_MAX: Duration = secs(122);
/// The shortest time that a container gets to end. Upstream: `kuberuntime_container.go`, `minimumGracePeriodInSeconds`.
pub const MINIMUM_GRACE: Duration = secs(2);
/// Registration is tried again, doubling. Upstream: `kubelet_node_status.go`, `registerWithAPIServer`.
pub const REGISTER_RETRY: Duration = ms(100);
/// … up to this.
pub const REGISTER_RETRY_MAX: Duration = secs(7);
/// A container that has run for so long when its kubelet starts was there before. Upstream: `prober_manager.go`,
/// `kubeletRestartGracePeriod`.
pub const RESTART_GRACE: Duration = secs(10);
/// A fresh kubelet asks so often whether its node has become ready. Upstream: `kubelet.go`, `fastNodeStatusUpdate`.
pub const NODE_STATUS_FAST: Duration = ms(100);

/// The pause container and the pod's network: at least … Ours (containerd with a bridge plugin: 0.1–0.3 s).
pub const SANDBOX: Duration = ms(100);
/// … and up to so much more.
pub const SANDBOX_SPREAD: Duration = ms(200);
/// Giving the pod's network back. Ours.
pub const SANDBOX_STOP: Duration = ms(50);
/// Creating a container: its snapshot and its configuration. Ours.
pub const CONTAINER_CREATE: Duration = ms(30);
/// Starting a container's process. Ours.
pub const CONTAINER_START: Duration = ms(50);
/// A registry answers that there is no such image. Ours.
pub const REGISTRY_ANSWER: Duration = ms(900);
/// What a pull costs before and after the bytes: manifest, and unpacking. Ours.
pub const PULL_OVERHEAD: Duration = ms(600);
/// Bytes that a registry delivers in a second. Ours: 400 Mbit/s.
pub const PULL_BYTES_PER_SECOND: u64 = 50_000_000;
/// A probe's connection, or a command in a container. Ours.
pub const PROBE_ANSWER: Duration = ms(2);
/// What a slow way between two processes adds to each message. Ours.
pub const SLOW_LINK: Duration = ms(1500);
/// How many times longer a slow image takes. Ours.
pub const SLOW_IMAGE: u32 = 30;
/// A control-plane process that has crashed is started again by its kubelet, which finds it at its next look. Upstream:
/// `kubelet.go`, `genericPlegRelistPeriod`.
pub const STATIC_POD_RESTART: Duration = PLEG_RELIST;
/// systemd starts a crashed kubelet again. Upstream: kubeadm's `kubelet.service`, `RestartSec=10`.
pub const KUBELET_RESTART: Duration = secs(10);
/// … and a crashed containerd. Upstream: `containerd.service`, `RestartSec=5`.
pub const RUNTIME_RESTART: Duration = secs(5);
/// A runtime that has not answered for so long is down. Upstream: `kubelet.go`, `maxWaitForContainerRuntime`.
pub const RUNTIME_DOWN: Duration = secs(30);
/// A look that has not succeeded for so long makes a node not ready. Upstream: `pleg/generic.go`, `RelistThreshold`.
pub const PLEG_DOWN: Duration = secs(180);
/// A kubelet asks again for what its runtime did not answer. Upstream: `kubelet.go`, `runtimeState` every 5 s.
pub const RUNTIME_RETRY: Duration = secs(5);
/// A node is under pressure so long after the last time that a threshold was met. Upstream:
/// `evictionPressureTransitionPeriod`.
pub const PRESSURE_TRANSITION: Duration = secs(300);
/// Images that nothing uses are looked for so often. Upstream: `kubelet.go`, `ImageGCPeriod`.
pub const IMAGE_GC: Duration = secs(300);
/// What an evicted pod gets to end. Upstream: `eviction_manager.go`, `immediateEvictionGracePeriodSeconds`.
pub const EVICTION_GRACE: Duration = secs(1);
/// How far a skewed clock is ahead. Ours.
pub const CLOCK_SKEW: Duration = secs(600);

/// A hook that never ends is given up after this. Ours (upstream has no limit for `postStart`).
pub const HOOK: Duration = secs(86_400);

/// Changes of a Job's pods are gathered for so long. Upstream: `job_controller.go`, `syncJobBatchPeriod`.
pub const JOB_BATCH: Duration = secs(1);
/// A Job waits so long after a failed pod, doubling. Upstream: `job_controller.go`, `DefaultJobPodFailureBackOff`.
pub const JOB_BACKOFF: Duration = secs(10);
/// … up to this. Upstream: `MaxJobPodFailureBackOff`.
pub const JOB_BACKOFF_MAX: Duration = secs(600);
/// A Job whose writes were refused is looked at again after this, doubling. Upstream: `DefaultJobApiBackOff`.
pub const JOB_RETRY: Duration = secs(1);
/// … up to this. Upstream: `MaxJobApiBackOff`.
pub const JOB_RETRY_MAX: Duration = secs(60);
/// A Service whose slices could not be written is looked at again after this, doubling. Upstream:
/// `endpointslice_controller.go`, `defaultSyncBackOff`; the mirroring controller has the same.
pub const SLICE_RETRY: Duration = secs(1);
/// … up to this. Upstream: `maxSyncBackOff`.
pub const SLICE_RETRY_MAX: Duration = secs(1000);
/// … the mirroring controller up to this. Upstream: `endpointslicemirroring_controller.go`, `maxSyncBackOff`.
pub const MIRROR_RETRY_MAX: Duration = secs(100);
/// A Service is looked at so long after somebody has changed one of its slices. Upstream: `endpointslice_controller.go`,
/// `endpointSliceChangeMinSyncDelay`.
pub const SLICE_CHANGED: Duration = secs(1);
/// A namespace whose content could not be deleted is looked at again after at most this. Upstream:
/// `namespace_controller.go`, its rate limiter.
pub const NAMESPACE_RETRY_MAX: Duration = secs(60);
/// A CronJob is looked at so long after each time of its schedule. Upstream: `cronjob_controllerv2.go`,
/// `nextScheduleDelta`.
pub const CRON_DELTA: Duration = ms(100);
/// A pod whose eviction is announced counts as gone for so long. Upstream: `disruption.go`, `DeletionTimeout` and
/// `stalePodDisruptionTimeout`.
pub const EVICTION_ANNOUNCED: Duration = secs(120);
/// Autoscalers look so often. Upstream: `--horizontal-pod-autoscaler-sync-period`.
pub const AUTOSCALE: Duration = secs(15);
/// They go down only to what was the highest recommendation in this time. Upstream:
/// `--horizontal-pod-autoscaler-downscale-stabilization`.
pub const AUTOSCALE_WINDOW: Duration = secs(300);
/// What a pod's processor does in its first minutes does not count before it is ready. Upstream:
/// `--horizontal-pod-autoscaler-cpu-initialization-period`.
pub const AUTOSCALE_CPU_START: Duration = secs(300);
/// A pod that is not ready after this time has been ready before. Upstream:
/// `--horizontal-pod-autoscaler-initial-readiness-delay`.
pub const AUTOSCALE_FIRST_READY: Duration = secs(30);
/// The metrics server asks the kubelets so often if nothing else is said. Upstream: metrics-server,
/// `--metric-resolution`, whose manifest says 15 s.
pub const SCRAPE_DEFAULT: Duration = secs(60);
/// A custom metric that does not tell over which time it was measured stands for so long. Upstream:
/// `podautoscaler/metrics/client.go`, `metricServerDefaultMetricWindow`.
pub const AUTOSCALE_METRIC_WINDOW: Duration = secs(60);
/// Prometheus asks the kubelets so often. Source: kube-prometheus, `scrapeInterval` of its `Prometheus`.
pub const PROMETHEUS_SCRAPE: Duration = secs(30);
/// A container that runs for so long can be told of after one scrape. Upstream: metrics-server, `storage/pod.go`,
/// `freshContainerMinMetricsResolution`.
pub const SCRAPE_FRESH: Duration = secs(10);
/// Servers behind the API server are tried so often even if nothing seems to change, and have so long to answer.
/// Upstream: `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go`.
pub const API_SERVICE_RESYNC: Duration = secs(30);
/// … so long.
pub const API_SERVICE_TIMEOUT: Duration = secs(5);
/// `kubectl drain` tries a refused eviction again after this. Upstream: `kubectl/pkg/drain`, 5 s.
pub const DRAIN_RETRY: Duration = secs(5);
/// A finished request for a certificate stays so long. Upstream: `cleaner.go`, `approvedExpiration`, `deniedExpiration`.
pub const REQUEST_FINISHED: Duration = secs(3600);
/// … another one. Upstream: `pendingExpiration`.
pub const REQUEST_PENDING: Duration = secs(86_400);
/// … and such are looked for so often. Upstream: `cleaner.go`, `pollingInterval`.
pub const REQUEST_LOOK: Duration = secs(3600);
/// How long a certificate lasts. Upstream: `--cluster-signing-duration`, a year.
pub const CERTIFICATE: Duration = secs(365 * 86_400);
/// A storage driver makes a volume. Ours.
pub const CSI_CREATE: Duration = ms(600);
/// … removes it. Ours.
pub const CSI_DELETE: Duration = ms(400);
/// … attaches it to a node. Ours.
pub const CSI_ATTACH: Duration = ms(800);
/// … takes it off. Ours.
pub const CSI_DETACH: Duration = ms(500);
/// … expands it. Ours.
pub const CSI_EXPAND: Duration = ms(700);
/// … mounts it on the node and into the pod. Ours.
pub const CSI_MOUNT: Duration = ms(300);
/// An attachment that nobody has made after so long has failed. Upstream: `csi_plugin.go`, `csiTimeout`.
pub const CSI_TIMEOUT: Duration = secs(120);
/// A volume that a lost kubelet does not let go of is taken off after this. Upstream: `attach_detach_controller.go`,
/// `ReconcilerMaxWaitForUnmountDuration`.
pub const DETACH_TIMEOUT: Duration = secs(360);
/// … and looked at again this often. Upstream: `--attach-detach-reconcile-sync-period`.
pub const DETACH_LOOK: Duration = secs(60);
/// A sidecar of a storage driver tries again after this, doubling. Upstream: `--retry-interval-start`.
pub const CSI_RETRY: Duration = secs(1);
/// … up to this. Upstream: `--retry-interval-max`.
pub const CSI_RETRY_MAX: Duration = secs(300);
/// Quotas are counted anew so often. Upstream: `--resource-quota-sync-period`.
pub const QUOTA_SYNC: Duration = secs(300);

/// The first and the longest wait of a controller after a failure. Upstream: the controllers' rate limiters.
#[must_use]
pub fn retry(controller: &str) -> (Duration, Duration) {
    match controller {
        "job-controller" => (JOB_RETRY, JOB_RETRY_MAX),
        "endpoint-slice-controller" => (SLICE_RETRY, SLICE_RETRY_MAX),
        "endpoint-slice-mirroring-controller" => (SLICE_RETRY, MIRROR_RETRY_MAX),
        "external-provisioner" | "external-attacher" | "external-resizer" => (CSI_RETRY, CSI_RETRY_MAX),
        "attachdetach-controller" => (MOUNT_RETRY, MOUNT_RETRY_MAX),
        "namespace-controller" => (RETRY, NAMESPACE_RETRY_MAX),
        // Upstream: `podautoscaler/rate_limiters.go`, `FixedItemIntervalRateLimiter`.
        "horizontal-pod-autoscaler" => (AUTOSCALE, AUTOSCALE),
        _ => (RETRY, RETRY_MAX),
    }
}

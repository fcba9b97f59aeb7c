# Ship in a Bottle: every sentence of the interface.

## Names in the harbour
stage-hut = Me · kubectl
stage-registry = Image registry
stage-api-server = API server
stage-etcd = etcd
stage-controllers = Controllers
stage-scheduler = Scheduler
stage-queue = Queue
stage-outside = Outside clients
stage-more = { $count } more
stage-more-ships = { $count } more nodes
stage-revision = rev { $revision }
stage-image-there = already there
stage-exit = { $reason } ({ $code })

## Who
actor-user = kubectl
actor-api-server = the API server
actor-etcd = etcd
actor-scheduler = the scheduler
actor-controllers = the controller manager
actor-controller = { $name }
actor-kubelet = the kubelet on { $node }
actor-runtime = the container runtime on { $node }

## What
kind-pod = Pod
kind-node = Node
kind-namespace = Namespace
kind-deployment = Deployment
kind-replica-set = ReplicaSet
kind-replication-controller = ReplicationController
kind-service = Service
kind-service-account = ServiceAccount
kind-config-map = ConfigMap
kind-secret = Secret
kind-endpoints = Endpoints
kind-endpoint-slice = EndpointSlice

## States of a pod
status-pending = pending
status-creating = being created
status-running = running, not ready
status-ready = running, ready
status-succeeded = succeeded
status-failed = failed
status-terminating = terminating
status-unknown = unknown
status-evicted = evicted

## Probes
probe-startup = startup probe
probe-liveness = liveness probe
probe-readiness = readiness probe

## Captions: what a person did
caption-input-apply = You submit a manifest (kubectl apply).
caption-input-dry-run = You ask the server beforehand (kubectl apply --dry-run=server). Nothing is stored.
caption-input-delete = You have { $object } deleted (kubectl delete).
caption-input-scale = You have { $object } scaled to { $count } (kubectl scale).
caption-input-set-image = You have the image of { $object } changed to { $image } (kubectl set image).
caption-input-undo = You have { $object } rolled back (kubectl rollout undo).
caption-input-cordon = You close { $node } for new pods (kubectl cordon).
caption-input-uncordon = You open { $node } for pods again (kubectl uncordon).
caption-input-kubelet-stop = You stop the kubelet on { $node }.
caption-input-kubelet-start = You start the kubelet on { $node } again.
caption-input-cut = You cut the network of { $node }.
caption-input-join = You join the network of { $node } again.
caption-input-crash = You crash the process of a container of pod { $pod }.
caption-answer = kubectl shows the answer: { $line }
caption-answer-refused = kubectl shows the error: { $message }

## Captions: requests and watches
caption-creates = Request to the API server by { $actor }: create { $object } ({ $path }).
caption-deletes = Request to the API server by { $actor }: delete { $object } ({ $path }).
caption-changes = Request to the API server by { $actor }: change { $object } ({ $path }).
caption-reads = Request to the API server by { $actor }: read { $object } ({ $path }).
caption-binds = Request to the API server by { $actor }: record the binding of { $object } ({ $path }). The scheduler loads nothing; it only writes this down.
caption-evicts = Request to the API server by { $actor }: evict { $object } ({ $path }).
caption-refused = Refused ({ $code }): { $message } Nothing was written to etcd.
caption-watched-created = By its watch, { $actor } learns of the new { $object }.
caption-watched-updated = By its watch, { $actor } learns that { $object } has changed.
caption-watched-deleted = By its watch, { $actor } learns that { $object } is gone.
caption-watch-lost = The watch of { $actor } has broken.
caption-reconciled = The controller { $actor } reconciles { $object }: { $writes ->
    [one] { $writes } write
   *[other] { $writes } writes
}.

## Captions: scheduling
caption-queued = { $object } enters the scheduler's queue. So far it exists only in etcd.
caption-queued-backoff = { $object } waits in the queue until its back-off ends.
caption-queued-unschedulable = { $object } has no feasible node and waits in the queue for the cluster to change.
caption-queued-gated = { $object } waits for its scheduling gates to open.
caption-chosen = { $object }: { $node } is chosen with the highest score, { $score }. The scheduler loads nothing; it only writes this down.
caption-chosen-only = { $object }: { $node } is chosen; no other node is feasible. The scheduler loads nothing; it only writes this down.
caption-unschedulable = No node was found for { $object }: { $message }

## Captions: on the ships
caption-accepted = The kubelet on { $node } takes on { $object }.
caption-pod-refused = The kubelet on { $node } refuses { $object }: { $reason }.
caption-sandbox = On { $node } the sandbox of { $object } stands; the pod's address is { $ip }.
caption-pulling = { $object }: { $node } fetches image { $image } straight from the registry (not through the API server).
caption-pulled = { $object }: { $node } has fetched image { $image }.
caption-pulled-cached = { $object }: image { $image } is on { $node } already.
caption-pull-failed = { $object }: { $node } could not fetch image { $image }.
caption-container-started = At the word of the kubelet on { $node } the runtime has started container { $container } of { $object }.
caption-start-failed = On { $node } a container of { $object } could not be started: { $reason }.
caption-exited = On { $node } a container of { $object } has ended with exit code { $code } ({ $reason }).
caption-back-off = The kubelet on { $node } waits before it restarts the container of { $object }; { $restarts ->
    [one] { $restarts } restart
   *[other] { $restarts } restarts
} so far.
caption-back-off-pull = The kubelet on { $node } waits before it fetches the image of { $object } again.
caption-probe-ok = The kubelet on { $node }: the { $probe } of { $object } now succeeds.
caption-probe-failed = The kubelet on { $node }: the { $probe } of { $object } now fails.
caption-stopping = The kubelet on { $node } begins to end { $object }: SIGTERM, { $seconds } s of grace.
caption-killed = { $node }: a container of { $object } did not end in time and gets SIGKILL.
caption-pod-stopped = On { $node } the containers and the sandbox of { $object } are gone.
caption-stopped = Stopped: { $actor }.
caption-started = Started again: { $actor }.
caption-cut = The network of { $node } is cut. The control plane cannot know whether the node is dead; it only hears nothing of it.
caption-joined = The network of { $node } is joined again.

## Gallery
gallery-workload = workload { $number }

## Things in the harbour
sprite-hut = hut: kubectl
sprite-registry = image registry
sprite-control-ship = control ship
sprite-bridge = bridge: API server
sprite-log-room = log room: etcd
sprite-controllers = controllers’ room
sprite-scheduler = crane: scheduler
sprite-light-cone = the crane’s light
sprite-score-plate = score plate
sprite-refusal-flag = not feasible
sprite-queue-board = scheduler’s queue
sprite-ship = cargo ship: node
sprite-kubelet = captain: kubelet
sprite-pod = crate: pod
sprite-ghost = a pod on paper only
sprite-launch = launch: an answer
sprite-slip = slip: a request
sprite-pulse = watch pulse
sprite-ping = probe
sprite-barge = image barge
sprite-octagon = refusal
sprite-triangle = failure
sprite-ring = time to wait
sprite-tag = termination tag
sprite-tick = ready
sprite-chain = cordoned node
sprite-taint = taint
sprite-cut = network cut
sprite-fog = fog: not heard of
sprite-service = buoy: Service
sprite-lighthouse = lighthouse: outside
sprite-skyline = skyline: cloud
sprite-quay = quay
sprite-sea = sea

## Examples
example-pod = A pod
example-deployment = A Deployment of three pods
example-service = A Service
example-rolling-update = Rolling update
example-rollback = Rollback
example-probes = Probes
example-init-container = Init container
example-crash-loop = Crash loop
example-bad-image = An image that does not exist
example-node-selector = An impossible nodeSelector
example-too-big = Too big a request
example-taints = Taints and tolerations
example-node-loss = Losing a node
example-broken = A broken manifest

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
stage-revision = rev { $revision }
stage-image-there = already there
stage-exit = { $reason } ({ $code })

## Who
actor-user = kubectl
actor-api-server = the API server
actor-etcd = etcd
actor-scheduler = the scheduler
actor-other-scheduler = the scheduler { $name }
actor-sidecar = the program { $name }
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
kind-stateful-set = StatefulSet
kind-daemon-set = DaemonSet
kind-controller-revision = ControllerRevision
kind-persistent-volume = PersistentVolume
kind-persistent-volume-claim = PersistentVolumeClaim
kind-storage-class = StorageClass
kind-volume-attachment = VolumeAttachment
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
caption-input-patch = You have { $object } changed (kubectl patch).
caption-input-resize = You give container { $container } of { $object } other resources while it runs (kubectl patch --subresource resize).
caption-input-debug = You add the ephemeral container { $container } to { $object } while it runs (kubectl debug).
caption-input-undo = You have { $object } rolled back (kubectl rollout undo).
caption-input-restart = You have all pods of { $object } replaced, one after another (kubectl rollout restart).
caption-input-cordon = You close { $node } for new pods (kubectl cordon).
caption-input-drain = You close { $node } and have its pods evicted, as far as disruption budgets agree (kubectl drain).
caption-input-uncordon = You open { $node } for pods again (kubectl uncordon).
caption-input-kubelet-stop = You stop the kubelet on { $node }.
caption-input-kubelet-start = You start the kubelet on { $node } again.
caption-input-cut = You cut the network of { $node }.
caption-input-manifest = You write { $file } into /etc/kubernetes/manifests on { $node }.
caption-input-manifest-removed = You remove { $file } from /etc/kubernetes/manifests on { $node }.
caption-manifest-read = The kubelet on { $node } reads { $file }: it runs { $object } as a static pod, and the API shows it by a mirror pod.
caption-manifest-wrong = The kubelet on { $node } cannot use { $file }: { $message }. What it ran because of the file ends within 20 seconds.
caption-manifest-gone = The kubelet on { $node } sees that { $file } is gone, and ends its static pod.
caption-input-join = You join the network of { $node } again.
caption-scheduler-refused = The scheduler does not start with this file: { $message }. Nothing has changed.
caption-input-scheduler = You restart the scheduler with another configuration.
caption-input-other-scheduler = You start the scheduler { $name } beside the first.
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
caption-leads = { $actor } leads: it holds the lease { $lease } and begins its work.
caption-leads-no-more = { $actor } could not renew the lease { $lease } in time: it leads no longer and stops working.
caption-stopped = Stopped: { $actor }.
caption-started = Started again: { $actor }.
caption-cut = The network of { $node } is cut. The control plane cannot know whether the node is dead; it only hears nothing of it.
caption-joined = The network of { $node } is joined again.
caption-input-fault = You do this to { $of }: { $deed }.
caption-evicted-by-node = The kubelet on { $node } evicts { $object }: the node is low on { $resource }.
caption-memory-pressure = { $node } runs short of memory: its kubelet says MemoryPressure and begins to evict pods.
caption-memory-pressure-ends = { $node } has had enough memory for five minutes: MemoryPressure ends.
caption-disk-pressure = { $node } runs short of disk: its kubelet says DiskPressure, removes images and begins to evict pods.
caption-disk-pressure-ends = { $node } has had enough disk for five minutes: DiskPressure ends.
caption-image-removed = The kubelet on { $node } removes image { $image }, which nothing uses.
caption-volume-written = The kubelet on { $node } brings volume { $volume } of { $object } up to date.
caption-resize-deferred = { $node } cannot give { $object } what it asks for now, and keeps the resize for later: { $message }
caption-resize-infeasible = { $node } can never give { $object } what it asks for: { $message }
caption-resize-started = The kubelet on { $node } begins to resize { $object }.
caption-resize-completed = { $object } on { $node } has its new resources.
caption-resize-failed = The kubelet on { $node } cannot resize { $object }: { $message }
deed-faults = Let something go wrong
deed-faults-wrong = { $count } going on
fault-network = Cut the network
fault-network-ends = Join the network
fault-stop = Stop
fault-stop-ends = Start
fault-crash = Crash
fault-crash-ends = Start
fault-slow = Slow its line
fault-slow-ends = Repair its line
caption-fault-slow = The line of { $of } is slow: each message takes a second and a half longer.
caption-fault-slow-ends = The line of { $of } is fast again.
fault-cut = Cut its line
fault-cut-ends = Join its line
caption-fault-cut = The line of { $of } is cut: what it says is heard by nobody, and it hears nothing.
caption-fault-cut-ends = The line of { $of } is joined again.
fault-certificate = Let its certificate expire
fault-certificate-ends = Renew its certificate
caption-fault-certificate = The certificate of { $of } has expired: the API server answers each of its requests with 401 Unauthorized. Watches that are open stay open.
caption-fault-certificate-ends = The certificate of { $of } is renewed.
fault-power = Switch off
fault-power-ends = Switch on
caption-fault-power = { $of } has lost its power: kubelet, runtime and all containers are gone. The control plane will only hear nothing.
caption-fault-power-ends = { $of } has power again: its kubelet finds what was on the disk and starts the containers anew.
fault-disk = Fill the disk
fault-disk-ends = Empty the disk
caption-fault-disk = The disk of { $of } is filled from outside: less than a tenth is free. Its kubelet will notice within ten seconds.
caption-fault-disk-ends = The disk of { $of } has room again. The kubelet waits five minutes before it says so.
fault-memory = Exhaust the memory
fault-memory-ends = Free the memory
caption-fault-memory = Something on { $of } takes the memory: less than 100 MiB are free. Its kubelet will notice within ten seconds.
caption-fault-memory-ends = The memory of { $of } is free again. The kubelet waits five minutes before it says so.
fault-clock = Put the clock forward
fault-clock-ends = Set the clock right
caption-fault-clock = The clock of { $of } is ten minutes ahead: its heartbeats and statuses carry wrong times. Who judges by his own clock is not deceived.
caption-fault-clock-ends = The clock of { $of } is right again.
fault-controller = Pause
fault-controller-ends = Let it work on
caption-fault-controller = { $of } does nothing: what it should do queues up.
caption-fault-controller-ends = { $of } works on and begins with what has queued up.
fault-image = Make it come slowly
fault-image-ends = Let it come fast
caption-fault-image = Image { $of } comes thirty times slower.
caption-fault-image-ends = Image { $of } comes as fast as ever.
fault-registry = Corrupt
fault-registry-ends = Repair
caption-fault-registry = The registry { $of } delivers what does not fit its digests: pulls fail.
caption-fault-registry-ends = The registry { $of } is sound again; the next tries succeed.

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
sprite-outdated = pod of an older revision
sprite-moored = static pod
sprite-lantern = lantern: leads
sprite-rollout = rollout: its bounds
sprite-lock = lock: budget (PDB)
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
example-job = Job: six pieces of work
example-cron-job = CronJob: every minute
example-stateful-set = StatefulSet
example-storage = Storage driver
example-daemon-set = DaemonSet
example-probes = Probes
example-init-container = Init container
example-crash-loop = Crash loop
example-bad-image = An image that does not exist
example-node-selector = An impossible nodeSelector
example-too-big = Too big a request
example-taints = Taints and tolerations
example-node-loss = Losing a node
example-broken = A broken manifest

## The page
title = Ship in a Bottle: Kubernetes in a browser tab
product = Ship in a Bottle
scenario-three-ships = Three ships
scenario-nodes = { $count ->
    [one] { $count } ship
   *[other] { $count } ships
}
scenario-seed = seed { $seed }
theme-light = Light theme
theme-dark = Dark theme
skip-label = Skip links
skip-stage = To the harbour
skip-dock = To the manifest
gallery-title = Gallery
gallery-statuses = Cargo by status and workload
gallery-sprites = Things in the harbour
gallery-motions = Motions
gallery-picture = A sheet of pictures with their names

## Components and states
component-user = Me, with kubectl
component-api-server = API server
component-etcd = etcd
component-scheduler = Scheduler
component-controllers = Controller manager
component-kubelet = kubelet on { $node }
component-runtime = Container runtime on { $node }
component-sidecar = Program { $node }
state-runs = running
state-stopped = stopped
state-not-ready = not ready
count = { $count }
count-pods = { $count ->
    [one] { $count } pod
   *[other] { $count } pods
}

## Guide
guide-label = Guide
guide-title = A harbour that tidies itself
guide-text = This is a whole Kubernetes cluster, simulated in your browser: a control ship and cargo ships that carry pods. Submit a manifest and watch who does what to make it true.
guide-ask = Three pods are wanted. Who makes them, who picks their ships, who starts them?
guide-try = Try this
try-deployment = Ask for them, and watch
try-broken = Submit a mistake
try-broken-look = Which gate refuses it, and what reaches etcd?
try-crash-loop = Run a program that crashes
try-crash-loop-look = How long does the kubelet wait before each restart?
tree-title = Everything on the stage
tree-label = Everything on the stage: components, ships and pods
tree-control-plane = Control plane
tree-workloads = Workloads and services
tree-pending = Waiting for a ship

## Stage
stage-label = Harbour
stage-view-label = View of the harbour
stage-keys = Arrow keys move the view, plus and minus zoom, zero shows everything. All that is drawn here is also listed in the tree of the guide.
caption-heartbeat = Quiet, but alive: the kubelet on { $node } renewed its lease. Ask for something, and watch.
caption-quiet = The harbour is quiet. Submit a manifest, or press one of the buttons in the guide.
caption-quiet-embed = The harbour is quiet. Press play to let time pass.
camera-label = View
camera-in = Zoom in
camera-out = Zoom out
camera-whole = Show everything
past = You are looking at the past.
past-leave = To the present
rest-missing = A part of the program has not arrived: until it does, you can look around, but time stands still.
rest-again = Fetch it again
skipping = { $seconds } s of quiet are skipped

## Transport
transport-label = Time
transport-start = To the start
transport-back = One beat back
transport-forward = One beat forward
transport-play = Play
transport-pause = Pause
speed-label = Speed
speed-adaptive = Adaptive
clock-revision = rev { $revision }
scrubber-label = Moment of the run
scrubber-value = { $time }, revision { $revision }. { $caption }

## Dock
tabs-label = Panels
tab-guide = Guide
tab-manifest = Manifest
tab-events = Events
tab-transcript = Transcript
tab-inspector = Inspector
transcript-empty = Nothing has been told yet.
inspector-label = Inspector
inspector-empty = Select a ship, a pod or a room to see what it is, why it is so, and what can be done with it.
inspector-close = Close

## Manifest
editor-label = Manifest (YAML). Escape, then Tab leaves the field.
editor-find = Find
editor-replace = Replace
editor-next = next
editor-previous = previous
editor-all = all
editor-match-case = match case
editor-regexp = regular expression
editor-by-word = whole words
editor-replace-one = replace
editor-replace-all = replace all
editor-close = close
editor-fold = Fold line
editor-unfold = Unfold line
editor-folded = folded text
editor-diagnostics = Problems
editor-no-diagnostics = No problems
editor-completions = Completions
examples-label = Examples
examples = Examples…
example-pod = One pod
example-deployment = Deployment
example-service = Service
example-rolling-update = Rolling update
example-rollback = Rollout gone wrong
example-job = Job
example-cron-job = CronJob
example-probes = Probes
example-metrics-server = metrics-server: what is used
example-prometheus-adapter = prometheus-adapter: scaling by other metrics
example-autoscaler = HorizontalPodAutoscaler
example-init-container = Init containers
example-crash-loop = Crash loop
example-bad-image = Image that does not exist
example-node-selector = No node fits
example-too-big = Too big a request
example-taints = Taint and toleration
example-node-loss = Losing a node
example-broken = Wrong on purpose
open-files = Open files (or drop them here)
dry-run = Dry run
apply = Apply

## What came of it
problems-label = Answers and problems
problems-empty = What the server answers will stand here.
problems-waiting = On its way to the API server…
problems-nothing-stored = Nothing of what was refused was written to etcd.
problem-gate = Refused at { $gate } ({ $code })
problem-kubectl = Not sent: kubectl refuses it
problem-place = line { $line }, column { $column }
gate-authentication = authentication
gate-authorization = authorization
gate-decoding = decoding
gate-mutating = mutating admission
gate-validation = validation
gate-validating = validating admission
gate-storage = storage
notice-no-page = There is no page “{ $page }”; this is the sandbox.
notice-bad-key = In the address, { $key }={ $value } could not be understood and was left out.
notice-png = This browser cannot make so large a picture: please choose a smaller one.
notice-outlines = The outlines of the letters did not arrive: the words in this picture need the font Pretendard where it is opened.
notice-storage = This browser stores nothing (or its storage is full): the manifest will not survive a reload.
notice-restored = The page had broken. Here is the run again as it was, standing still.
notice-file-large = { $name } is larger than 4 MiB and was not opened.
notice-file-binary = { $name } is not a text (UTF-8) and was not opened.
notice-file-unreadable = { $name } could not be read.
broken-title = The program has broken
broken-text = This is our mistake. Your manifest and everything you did are kept; the link opens the same moment again.
broken-reload = Reload and go on
broken-log = Save what was done (a file)

## Help
help = Help
help-title = What is what
help-text = Everything that moves here really happens in the simulated cluster: the same steps, in the same order, with the same texts as in Kubernetes v1.36. Point at something to see its name, select it to see why it is so. Pause at any time; step beat by beat; go back as far as you like.
help-parts = In the harbour
help-keys = Keys
help-limits = What is simplified
help-limits-text = etcd has one member. No packets travel: kube-proxy, DNS answers and network policies do nothing yet. Webhooks are stored but not called. Programs in containers are known by their image and command; images that are not known are assumed to exist and to run on. The whole list is one click away:
help-more = More
help-more-text = Settings, in the top bar, change theme, motion, whose words label the harbour, and any single key. Share gives a link that opens exactly this moment, a file, pictures, and a line that puts the harbour into a page of your own.
help-close = Close
key-play = Play, pause
key-step = One beat forward
key-step-back = One beat back
key-home = To the start
key-end = To the present
key-apply = Apply the manifest
key-zoom = Zoom in, out, show everything
key-leave-editor = Leave the editor
part-user = You stand outside the cluster. All you can do is ask the API server.
part-api-server = The bridge. Everybody talks to it and only to it; its lamps are the gates that each request must pass.
part-etcd = The log room. What is written here is the truth; only the API server writes.
part-controllers = Each window is a controller that compares what should be with what is, and asks for the difference.
part-scheduler = The crane with the light. It chooses a ship for each pod and writes that down; it loads nothing.
part-ship-name = Cargo ship
part-ship = A node. Its captain is the kubelet: it starts what is bound to it and reports what is so.
part-crate-name = Crate
part-crate = A pod. Dashed: it exists only in etcd. Filled: its containers run. With a tick: it is ready.
part-registry = Images come from here straight to the ships, not through the API server.

## Inspector: what a thing is
insp-component = Component
insp-gone = Does not exist at this moment.
insp-stored = stored
insp-progressing = in progress
insp-node-unknown = nothing is heard of it
insp-age = { $age } old
insp-ago = { $age } ago
insp-namespace = Namespace { $namespace }
insp-in-harbour = In the harbour: { $harbour }
process-running = running
process-stopped = stopped
process-outside = outside the cluster
network-cut = network cut
network-joined = network joined
harbour-pod = a crate of containers
harbour-node = a cargo ship
harbour-control-plane = the control ship
harbour-deployment = a standing order for crates
harbour-replica-set = a count of equal crates
harbour-stateful-set = an order for numbered crates
harbour-daemon-set = an order for one crate on every ship that fits
harbour-persistent-volume = a store
harbour-persistent-volume-claim = a claim to a store
harbour-service = a buoy with an address
harbour-event = a note in the log
harbour-lease = a sign of life with a time limit
harbour-record = a record in the log room
harbour-user = the hut on the quay
harbour-api-server = the bridge
harbour-etcd = the log room
harbour-scheduler = the crane with the light cone
harbour-controllers = the room with the eight windows
harbour-kubelet = the captain in the cabin
harbour-runtime = the engine
harbour-sidecar = a specialist aboard

## Inspector: why
why-title = Why is it so?
why-none = Nothing has happened to it since the cluster started.
why-more = { $count ->
    [one] { $count } earlier cause
   *[other] { $count } earlier causes
}
why-fewer = Fewer causes
why-seek = Go to { $time }: { $sentence }
why-end-boot = The chain ends at the start of the cluster.
why-end-clock = The chain ends at a clock: a period had passed.
why-end-person = The chain ends at you.
why-line = Line { $line } of your manifest
why-show-line = Show in the editor
why-reconciled-created = The controller { $actor } looked at { $owner } and created { $object }.
why-reconciled-updated = The controller { $actor } looked at { $owner } and changed { $object }.
why-reconciled-deleted = The controller { $actor } looked at { $owner } and deleted { $object }.
why-reconciled-itself = The controller { $actor } looked at { $object } and wrote down what it found.
why-created = Created by { $actor }: { $object }.
why-updated = Changed by { $actor }: { $object }.
why-deleted = Deleted by { $actor }: { $object }.

## Inspector: what is missing
lack-title = What is missing
lack-go-on = Look at { $name }
lack-verdicts = Scheduler, attempt { $attempt } ({ $time })
lack-node = Node
lack-reason = Reason against it
lack-feasible = feasible
lack-more-nodes = { $count ->
    [one] { $count } more node
   *[other] { $count } more nodes
}
lack-turn = Next to act:
lack-attempt = It has no node yet: the scheduler has not looked at it so far.
lack-no-node = { $count } of { $all } nodes passed the filters: { $reasons }
lack-refused-before = Before any node was looked at, it was refused: { $reasons }
lack-kubelet = It has a node, but the kubelet on { $node } has not reported anything about it yet.
lack-readiness = Container { $container } runs, but its readiness probe has not succeeded yet.
lack-terminating = It is being deleted: { $seconds } s of its grace period are left.
lack-failed = It has failed for good: { $reason }
lack-image = { $reason }: image { $image } of container { $container } cannot be fetched.
lack-image-back-off = { $reason }: image { $image } of container { $container } could not be fetched; the kubelet waits before it tries again.
lack-image-name = { $reason }: { $image } is not a valid image name (container { $container }).
lack-crash-loop = { $reason }: the process of container { $container } ends again and again; the kubelet waits longer each time.
lack-creating = Container { $container } is being created: sandbox, image, start.
lack-initializing = Container { $container } waits for the init containers to finish.
lack-completed = The process of container { $container } has ended by itself.
lack-container = Container { $container } does not run: { $reason }
lack-exit-code = Its last exit code was { $code }.
lack-restarts = { $count ->
    [one] Restarted { $count } time.
   *[other] Restarted { $count } times.
}
lack-next-try = The next try is in { $wait }.
lack-node-unnoticed = The API still believes that { $node } is Ready: nobody has noticed yet.
lack-node-not-ready = The kubelet on { $node } reports that the node is not ready.
lack-node-silent = Nothing has been heard of { $node } for { $silent }. The control plane cannot know whether it is dead.
lack-node-kubelet = What is really so: its kubelet is stopped. Its containers run on.
lack-node-power = What is really so: it has no power, and its containers are gone.
lack-node-network = What is really so: its network is cut.
lack-node-cordoned = It is closed for new pods (cordon).
lack-replicas = { $ready } of { $wanted } replicas are Ready.
lack-no-pods = Not all of its pods have been created yet.
reason-insufficient = insufficient { $resource }
reason-taint = taint { $taint }
reason-too-many-pods = too many pods
reason-selector = node selector or affinity
reason-node-name = another node name
reason-cordoned = unschedulable
reason-ports = port taken

## Inspector: comparison, events, YAML
logs-title = Last lines of the log
diff-title = Desired ↔ actual
diff-field = Field
diff-desired = Desired
diff-actual = Actual
diff-believed = The API believes
diff-really = Really
diff-offered = Allocatable
diff-requested = Requested
diff-differs = differs
diff-none = This kind has no state of its own to compare.
diff-same = { $count ->
    [one] { $count } field agrees
   *[other] { $count } fields agree
}
evt-title = Events
evt-none = No events.
evt-own-more = { $count } older events are not shown.
evt-type = Type
evt-reason = Reason
evt-message = Message
evt-object = Object
evt-seen = Last seen
evt-all = All types
evt-filter-type = Show type
evt-filter-words = Object or reason
evt-shown = { $shown } of { $all } events
evt-more = { $count } more are not shown; filter to find them.
yaml-title = YAML as stored
yaml-copy = Copy
yaml-copied = Copied.
yaml-not-copied = The browser does not allow copying; select the text instead.

## Inspector: components
card-is = In Kubernetes
card-harbour = In the harbour
card-breaks = Where the analogy breaks
card-now = At this moment
card-last = Last deed
card-ship = To the ship { $node }
card-user = kubectl is a client outside the cluster. All it does is send requests to the API server, with your credentials.
card-user-harbour = The hut on the quay. What you order leaves as a slip on a launch to the bridge.
card-user-breaks = Nobody in the hut commands anybody. kubectl writes what is wanted; others read it and act by themselves.
card-api-server = kube-apiserver is the only door: it checks every request, stores objects in etcd and tells watchers what has changed.
card-api-server-harbour = The bridge of the control ship, with seven gate lamps. Every slip passes them in order.
card-api-server-breaks = A bridge gives commands. The API server never does: it only records, and lets those who watch know.
card-etcd = etcd stores all objects with a revision that only grows. Only the API server talks to it.
card-etcd-harbour = The log room with its ledger. A pipe from the bridge is its only connection.
card-etcd-breaks = A logbook is read line by line later. etcd is also where everything that is true now is looked up.
card-scheduler = kube-scheduler chooses a node for each pod that has none: it filters the nodes, scores the rest and records a Binding.
card-scheduler-harbour = The crane. Its light cone visits the ships and settles on one.
card-scheduler-breaks = A crane lifts cargo. The scheduler lifts nothing: it writes a node's name down, and the kubelet there does the rest.
card-controllers = kube-controller-manager runs many controllers. Each compares what is wanted with what is there, and asks the API server for the difference.
card-controllers-harbour = The room with windows; a window lights while its controller is at work.
card-controllers-breaks = They share a room, but never talk to each other. They meet only in the objects of the API server.
card-kubelet = The kubelet runs on each node. It watches for pods bound to its node, has the runtime start them, probes them and reports their status.
card-kubelet-harbour = The captain of the ship, with a porthole at which each sign of life shows.
card-kubelet-breaks = A ship sinks with its captain. When a kubelet stops, its containers run on; only nobody reports or restarts them.
card-runtime = The container runtime (containerd, CRI-O, cri-dockerd) fetches images and starts and stops containers, at the word of its kubelet (CRI).
card-runtime-harbour = The engine of the ship; its gear turns while it works.
card-runtime-breaks = An engine drives the ship. The runtime drives nothing but containers, and images come straight from the registry, not over the bridge.
card-sidecar = A program in a container that is itself a client of the API server: the sidecar of a storage driver. It makes, attaches or expands volumes with the rights of its pod's service account.
card-sidecar-harbour = A specialist aboard who talks to the bridge himself.
card-sidecar-breaks = A specialist stays on his ship. This is a container like any other: restarted, or made anew elsewhere with its pod.
card-fact-watchers = Open watches
card-fact-objects = Objects
card-fact-revision = Revision
card-fact-keys = Keys
card-fact-members = Members
card-fact-containers = Running containers
card-fact-images = Images there
card-fact-watches = Watches
card-fact-active = Active queue
card-fact-backoff = Backoff queue
card-fact-unschedulable = Unschedulable
card-fact-gated = Gated
card-fact-attempt = Last attempt
card-fact-pods = Pods
card-fact-ready = The API believes Ready
card-fact-lease = Lease renewed

## Inspector: acting
deed-title = Act
deed-undo-hint = Nothing is asked twice: go back in time to undo.
deed-scale = Scale
deed-replicas = Replicas
deed-fewer = One replica fewer
deed-greater = One replica more
deed-set-image = Set image
deed-container = Container
deed-image = Image
deed-rollback = Undo rollout
deed-restart = Restart rollout
deed-cordon = Cordon
deed-uncordon = Uncordon
deed-drain = Drain
deed-crash = Crash the container
deed-resize-title = Resize while it runs
deed-resize = Resize
deed-requests-cpu = CPU request
deed-requests-memory = Memory request
deed-limits-cpu = CPU limit
deed-limits-memory = Memory limit
deed-debug = Add a debug container
deed-debug-image = Debug image
deed-debug-command = Command
deed-debug-target = Beside
deed-manifest = Static pod file
deed-manifest-write = Write the editor's text
deed-manifest-remove = Remove the file
deed-delete = Delete
deed-waiting = On its way …
deed-nothing = Nothing has changed.

# The two truths, branches, keys of single letters.
truth = Show actual
truth-hint = Shows what is really so on the ships instead of what the control plane believes (T)
branches = { $count } other { $count ->
    [one] branch
   *[other] branches
 }
branches-label = Other branches
branches-hint = When you act in the past, the future that was there stays as a branch. Choose one to go back to it.
stage-leader = { $process } holds its lease: it leads.
stage-no-leader = The lease of { $process } has run out: nobody leads.
stage-rollout = { $name }: { $available } available, at least { $least } · { $all } in all, at most { $most }
stage-rollout-short = { $name } { $available } ≥ { $least } · { $all } ≤ { $most }
stage-outdated = of an older revision
stage-eviction = The pods may stay on this ship for { $seconds } s more
key-speeds = Speed: adaptive, 0.1× to 1000×
key-truth = What the control plane believes, what really is
key-list = To the list of everything on the stage
key-inspector = To what is selected
key-why = To its “why”
key-help = This help
key-letters = Single letters and signs are keys

## Inspector: scheduling
sched-tabs = Parts of the inspector
sched-tab-overview = Overview
sched-tab-attempts = Scheduling
sched-tab-configuration = Configuration
sched-attempt = Attempt
sched-number = attempt { $number }
sched-none = → no node
sched-never = The scheduler has not tried this pod.
sched-never-any = The scheduler has not tried any pod yet.
sched-chosen = { $node } was chosen with { $total } points. { $count } of { $all } nodes passed the filters.
sched-chosen-only = { $node } was chosen. It is the only node that passed the filters, so nothing had to be scored.
sched-lot = { $count } nodes have the most points; the lot fell on { $node }.
sched-no-node = No node was found: { $count } of { $all } nodes passed the filters.
sched-refused-before = No node was found: the pod was refused before any node was looked at.
sched-woken = Woken by
sched-result = Result
sched-way = How it came to be tried
sched-after = After it
sched-matrix = Every node, every plugin
sched-keys = Arrow keys move from cell to cell, Home and End to the ends of a row, with Ctrl to the corners.
sched-filters = Filters: may the pod go there?
sched-scores = Scores: where is it best?
sched-total = Total
sched-total-meaning = The sum of all points. The node with the most is chosen; between equals the lot decides.
sched-wins = chosen
sched-passes = passes
sched-silent = not asked
sched-points = raw { $raw }, normalised { $normal }, weight { $weight }: { $points } points
sched-weight = weight { $weight }
sched-before = before: { $before }
sched-more = { $count } more nodes are in the exported table.
sched-reasons = Reasons, as the event counts them
sched-help = What would help
sched-help-text = Each of these changes alone would let the pod fit. Try one in thought:
sched-help-none = No single change of requests, taints, labels or pods would let it fit.
sched-preemption = Preemption
sched-preemption-text = There would be room if less important pods went:
sched-preemption-chosen = chosen
sched-full = Full screen
sched-small = Leave full screen
sched-copy = Copy as Markdown
sched-csv = Export CSV
sched-stage = Show on the stage
sched-plugins = What the plugins do
what-if-title = What if?
what-if-text = Change something and see at once what the scheduler would decide. Nothing is written until you apply it.
what-if-open = Try a change
what-if-asks = What the pod asks for
what-if-node = Taints and labels of
what-if-add = Add a taint (gpu=true:NoSchedule) or a label (disktype=ssd)
what-if-add-button = Add
what-if-remove = Remove { $what }
what-if-weights = Weights
what-if-changes = Changed in thought
what-if-take-back = Take back: { $what }
what-if-reset = Take all back
what-if-apply = Apply
what-if-old = As it was
what-if-new = With the changes
what-if-differs = { $count ->
    [0] Nothing differs.
    [one] { $count } cell differs.
   *[other] { $count } cells differ.
}
edit-request = { $container } asks for { $resource } = { $amount }
edit-less = Ask for { $less } less { $resource } ({ $amount } in all)
edit-less-in = Ask for { $less } less { $resource } ({ $amount } in all) in container { $container }
edit-toleration = Let the pod tolerate the taint { $taint }
edit-selector = Drop { $key } from the pod’s nodeSelector
edit-taint = Put the taint { $taint } on { $node }
edit-untaint = Remove the taint { $taint } from { $node }
edit-label = Label { $node } with { $label }
edit-unlabel = Remove the label { $label } from { $node }
edit-uncordon = Open { $node } for pods again (uncordon)
edit-leave = Delete pod { $pod } from { $node }
edit-weight = Weigh { $plugin } with { $weight }
what-if-chosen = { $node } would be chosen: { $count } of { $all } nodes would pass the filters.
what-if-none = No node would be found.
config-text = The file that the scheduler is started with (KubeSchedulerConfiguration). Change it and restart the scheduler: the cluster runs on.
config-editor = Configuration of the scheduler
config-whose = The scheduler whose file is shown
config-apply = Restart with it
config-reset = Undo changes
config-further = A further scheduler
config-further-text = Start another scheduler with this file beside the first. Give its profile a schedulerName of its own: pods choose their scheduler by it.
config-name = Name
config-start = Start it
plan-weight = The scheduler is restarted with these weights. Pods that are on a node stay there.
plan-template = The requests of a running pod’s spec are fixed: the template of { $owner } is changed, and it makes new pods.
plan-owner = The pod belongs to { $owner }, which has no template to change.
plan-bound = The pod is on a node already; what it asks for cannot be changed any more.
plan-anew = What a pod asks for cannot be changed: it is deleted and made anew.
guess-title = Guess first
guess-text = Before the crane decides, time stops and you point at the ship.
guess-ask = Which ship will the scheduler choose for pod { $pod }? Point at it.
guess-none-button = None fits
guess-choose = Choose a ship
guess-skip = Show me
guess-waits = You say { $node }. The scheduler decides …
guess-none-fits = none fits
guess-was-right = Right!
guess-was-wrong = Not this time.
guess-go-on = Go on
guess-matrix = See the matrix
guess-right = { $chosen } has { $total } points, { $node } { $other }. { $plugin } made most of the difference: { $more } to { $fewer }.
guess-right-only = { $node } is the only node that passed the filters.
guess-right-lot = Several nodes have the most points: the lot fell on { $node }.
guess-right-none = No node fits.
guess-some = { $chosen } was chosen: it passed all filters.
guess-none = No node was found. { $plugin } refused { $node }: { $reason }
guess-refused = { $chosen } was chosen. { $plugin } refused { $node }: { $reason }
guess-fewer = { $chosen } was chosen with { $total } points, { $node } has { $other }. { $plugin } made most of the difference: { $more } to { $fewer }.
guess-lot = { $node } has as many points as { $chosen }: only the lot decided.
guess-not-asked = { $chosen } was chosen. { $node } was not looked at: enough feasible nodes had been found.
woken-new = The pod is new.
woken-failed = No node was found. It waits until something changes that could help.
woken-backoff = Its back-off is over.
woken-timeout = It has waited for five minutes: it is tried again whatever has happened.
woken-node-add = A node has come.
woken-node-taint = The taints of a node have changed.
woken-node-label = The labels of a node have changed.
woken-node-room = A node offers other amounts.
woken-pod-gone = A pod has gone and left its room.
woken-pod-placed = Something about a pod on a node has changed.
woken-pod-changed = The pod itself has changed.
woken-other = Something has changed in the cluster.
plugin-PreFilterResult = Some plugin had named the only nodes that are worth asking about; this is none of them.
plugin-SchedulingGates = Keeps a pod out of the queue while it has scheduling gates.
plugin-PrioritySort = Pods of higher priority are tried first.
plugin-NodeUnschedulable = Refuses nodes that were closed (cordon), unless the pod tolerates that.
plugin-NodeName = If the pod names its node, only that one passes.
plugin-TaintToleration = A node’s taints repel pods that do not tolerate them; fewer taints with PreferNoSchedule give more points.
plugin-NodeAffinity = The node’s labels must match the pod’s nodeSelector and affinity; preferences give points.
plugin-NodePorts = The host ports that the pod wants must be free on the node.
plugin-NodeResourcesFit = What the pod requests must fit into what is left of the node; emptier nodes get more points.
plugin-VolumeRestrictions = Refuses nodes where a volume that only one may use is in use already.
plugin-NodeVolumeLimits = A node can attach only so many volumes of each driver.
plugin-VolumeBinding = The pod’s claims must be bound, or bindable, to volumes that the node can reach.
plugin-VolumeZone = Volumes that belong to a zone want nodes of that zone.
plugin-NodeDeclaredFeatures = The node must declare the features that the pod needs.
plugin-PodTopologySpread = Spreads pods of a kind evenly over zones and nodes.
plugin-InterPodAffinity = Puts the pod near pods that it wants beside it, and away from those it does not.
plugin-DynamicResources = Devices that the pod claims must be there.
plugin-DefaultPreemption = If nothing fits, looks for less important pods whose going would make room.
plugin-NodeResourcesBalancedAllocation = More points where CPU and memory would be used to a similar degree.
plugin-ImageLocality = More points where the images are already.
plugin-DefaultBinder = Writes the choice down as a Binding.

# How the harbour is looked at
harbour-hut = Me · kubectl
harbour-registry = Warehouse
harbour-api-server = Bridge
harbour-etcd = Log
harbour-controllers = Crew
harbour-scheduler = Crane
harbour-queue = Board
harbour-outside = Lighthouse
stage-zone = { $name } · { $count ->
    [one] 1 ship
   *[other] { $count } ships
}
stage-zone-lost = { " " }· { $count } not ready
stage-fleet = { $count } ships. Click to come nearer.
view-tools = Search and view
search = Search names, labels, status, node, ns
search-found = { $pods ->
    [one] 1 pod
   *[other] { $pods } pods
}, { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}
colours = Colour by
colours-workload = Workload
colours-namespace = Namespace
colours-pool = Node pool
colours-status = Status
colours-load = Load of the node
colours-ready = Ready
colours-waiting = On its way
colours-failed = Failed
colours-done = Completed
colours-unknown = Unknown
colours-light = less than half requested
colours-half = half requested
colours-full = three quarters requested
colours-laden = almost all requested
labels-mode = Labels
labels-mode-harbour = Harbour
labels-mode-both = Both
labels-mode-k8s = Kubernetes
aboard = Go aboard { $node }
ashore = Leave the ship
key-search = Search and view
key-dial = Harbour, both, Kubernetes: whose words label the picture
sprite-hull = Ship from above
scenario-three-engines = Three ships, three engines
scenario-sixty-ships = Sixty ships
scenario-three-hundred-ships = Three hundred ships
scenario-thousand-ships = A thousand ships
scenario-five-thousand-ships = Five thousand ships
deck-title = Aboard { $node }
deck-captain = Captain · kubelet
deck-engine = Engine room · containerd
deck-engine-cri-o = Engine room · CRI-O
deck-engine-docker = Engine room · Docker (cri-dockerd)
deck-radio = Services
deck-hold = Hold · { $count } of { $most } pods
deck-watch = Watch
deck-sync = Sync pods
deck-cri = CRI calls
deck-report = Report
deck-lease = Lease renewed { $seconds } s ago
deck-linked = Connected to the API server
deck-cut = Cut off from the API server
deck-images = { $count ->
    [one] 1 image on board
   *[other] { $count } images on board
}
deck-quiet = No calls yet
deck-volume = Volume { $name } ({ $sort })
deck-free = free

# Sharing and keeping
share-title = Share and keep
share-text = This link opens exactly this moment: scenario, seed, everything you did, selection and view. Nothing is sent anywhere.
share-link = Link to this moment
share-copy = Copy link
share-long = This run is too long for a link: save it as a file instead.
share-file = The run as a file
share-save = Save run
share-last = Open the last run
share-open = A saved run is opened like a manifest: with Open files, or by dropping it on the page. The last run is also kept in this browser.
share-export = Export
share-svg = Picture (SVG)
share-png = Picture (PNG, { $ratio }×)
share-transcript = Transcript
share-strip = Beats side by side (SVG)
share-manifests = Manifests (YAML)
share-carries = Side by side stand the beats that you have bookmarked (the last six of them), or else the last four. The saved run is the whole log of inputs. Every file says its scenario, seed, moment and version.
notice-bad-run = The run in the link or file is damaged, so the harbour starts fresh.
notice-newer-run = This run was made with a newer version, so the harbour starts fresh.
notice-long-run = This run is longer than a link or file may be, so the harbour starts fresh.
notice-no-run = No run has been kept in this browser yet.

# Time, cause and truth in full
tab-requests = Requests
tab-timeline = Timeline
req-title = Requests to the API server
req-filter-words = Path or sender
req-routine = Routine too
req-none = No request fits.
req-time = Time
req-who = From
req-line = Request
req-gates = Gates
req-code = Answer
req-passed = { $count } of 7 gates passed
yaml-owners = The mark before each line tells who wrote its field. Choose a line (arrow keys, Enter) to see when and why.
yaml-owner = { $name }, revision { $revision }
hist-title = History
hist-more = { $count ->
    [one] 1 older version
   *[other] { $count } older versions
}
hist-fields = { $count ->
    [one] 1 more field
   *[other] { $count } more fields
}
hist-deleted = Deleted
etcd-title = Keys
etcd-facts = { $keys } keys; compacted up to revision { $compacted }; { $leases } Lease objects; { $watches } open watches.
etcd-created = Created { $object }
etcd-updated = Updated { $object }
etcd-deleted = Deleted { $object }
etcd-writes = Latest writes
insp-fact = What happened
insp-fact-later = At this moment it has not happened yet.
why-ask = Why?
evt-why = Why is there the event { $reason }?
field-why = Why this value?
field-before = Before that it was { $value }.
field-new = Before that it was not there.
field-early = It was written while the cluster started, before the harbour’s clock began.
field-unknown = It was written at revision { $revision }, before the records of this harbour begin: who wrote it, and why, is not known.
field-copied = The value comes from { $path } of { $object }.
field-default = The request did not name this field: the API server filled in the default.
field-plugin = The admission plugin { $plugin } filled this field in.
field-server = The API server writes this field by itself.
why-effects = What came of it?
why-no-effects = Nothing more came of it up to this moment.
why-more-effects = { $count } more
palette-title = Commands and objects
until = Until …
until-label = Run on until something happens
until-event = Until the next event
until-selected = Until the selected thing changes
until-selected-none = Until the selected thing changes: select an object or a component first
until-settled = Until everything is settled
bookmark-add = Mark this moment
bookmarks = Marked moments
key-none = no key
timeline-hint = Click a slice to see its sentence, its causes and its effects. Scroll to zoom, hold Shift to move.
timeline-all = Whole run
lane-user = User
lane-api = API server
lane-etcd = etcd
lane-scheduler = Scheduler
lane-controllers = Controllers
lane-kubelets = Kubelets
lane-runtime = Runtime
lane-network = Network
compare-title = Compare branches
compare-with = Compare: { $name }
compare-none = That branch is gone.
compare-count = { $count ->
    [0] No object differs at { $time }.
    [one] 1 object differs at { $time }.
   *[other] { $count } objects differ at { $time }.
}
compare-object = Object
compare-here = This branch
compare-there = The other branch
compare-done = What was done
compare-absent = not there
compare-present = there
compare-clock = Moment of both
compare-left = The other branch was left at { $time } and is shown as it was then.
compare-switch = Go to the other branch
hist-created = Created with { $count } fields
req-choose = Choose a request to see what each gate decided.
req-one = The chosen request
req-go = Go to { $time }
req-object = Show the object
req-latency = Latency
req-size = Size as stored
req-revision = resourceVersion
req-let-through = let through
req-refused = refused
req-no-gates = It has not reached the gates.
gate-who = { $user } · groups: { $groups }
gate-rule = Allowed by { $rule }
gate-no-rule = Allowed without a rule of its own.
gate-filled = Left blank, filled in by defaulting:
gate-nothing-filled = Nothing had to be filled in.
gate-nothing-changed = No plugin changed anything.
gate-set = All values are possible. Set by the server:
gate-no-objection = No objection.
gate-stored = { $key } at revision { $revision }
gate-nothing-stored = Nothing was written.
problem-warning = Warning of the server

## The fidelity page
fidelity-title = What is as in a real cluster
fidelity-text = Everything here is compared with recordings of a real Kubernetes cluster: the same requests, manifests and events are played against the simulation, and what it answers and stores must be the same. These numbers come from those tests.
fidelity-sum = { $passed } of { $total } recorded cases of Kubernetes { $version } give the same result.
fidelity-api = API server: answers and stored objects by kind
fidelity-controllers = Controllers over time
fidelity-scheduler = Scheduler
fidelity-discovery = Discovery and tables
fidelity-cases = single decisions
fidelity-sequences = sequences of pods
fidelity-columns = columns of tables
fidelity-answers = raw answers
fidelity-custom = custom kinds, unreadable manifests
fidelity-what = Compared
fidelity-passed = Same / all
fidelity-total = In all
fidelity-lacks = Not simulated
fidelity-lack-etcd = etcd: there is one member; raft between several members.
fidelity-lack-api = API server: audit, priority and fairness, aggregated servers, rules of devices (resource.k8s.io).
fidelity-lack-webhooks = Admission: webhooks and mutating policies; the cost of CEL while it is evaluated.
fidelity-lack-volumes = Storage: provisioning, attaching and expansion of volumes; the contents of volumes.
fidelity-lack-metrics = Metrics: what real programs use is not known, only a curve for each; of custom and external metrics an adapter knows two series of containers, and Prometheus is not simulated.
fidelity-lack-kubelet = Kubelet: exec, attach and port-forward.
fidelity-lack-programs = Programs: what a container runs is not executed; a small interpreter knows what is common in manifests, everything else runs for ever.
fidelity-lack-images = Images: only names and sizes of a catalogue; registries are not asked.
fidelity-lack-network = Network: kube-proxy's rules, DNS answers and single packets.
fidelity-lack-admission = Admission plugins that a real server has on by default: { $names }.
fidelity-loading = The numbers are on their way…
fidelity-failed = The numbers could not be loaded.
fidelity-back = To the harbour
help-fidelity = What is as in a real cluster, and what is not simulated

settings-title = Settings
settings-dark = Dark theme
settings-reduced = Reduced motion
settings-keys = Single keys
settings-keys-text = Type another letter or sign; leave a field empty to switch that key off. 1 to 6 and the space bar stay as they are.
settings-letters = Single letters and signs are keys
settings-keys-reset = All keys as they were
bookmark-next = Next bookmark
bookmark-previous = Bookmark before
minimap = Map of the whole harbour: tap to look there, arrows move, Enter looks at the bridge again
transcript-search = Search
said-more = { $count } more steps are in the transcript.
transcript-copy = Copy
transcript-copied = Copied
etcd-leases = Leases
etcd-lease = { $key }: held by { $holder }, renewed { $seconds } s ago
etcd-watchers = Watchers
embed-open = Open the whole page
share-embed = For another page (a frame)
compare-events = Events that only this run has
compare-name = Name of the other run

## Tour
tour-title = A tour of one minute
tour-hint = From a line of YAML to a ship that is lost, in eight moments.
tour-count = Moment { $number } of { $count }
tour-next = Go on
tour-hurry = At once
tour-back = Back
tour-done = Finish
tour-leave = Leave
tour-look = A cluster at rest: the control ship keeps the records, the cargo ships carry pods. Time stands still at each of eight moments; “Go on” lets it pass to the next.
tour-apply = You ask for three pods. kubectl sends a single request to the API server: nothing else is ever done from outside.
tour-gates = Seven gates look at the request: who asks, are they allowed to, can it be read, is it admitted, is it valid. Only then does etcd write it down.
tour-scheduling = Controllers have seen the new record and have made three pods, on paper. The scheduler asks each ship and writes down its choice. It loads nothing.
tour-pull = The kubelet of that ship has seen that a pod is meant for it. It has the image fetched straight from the registry.
tour-running = All three are running and Ready. Nobody gave orders: each part saw what is wanted, and did its own share.
tour-lost = We switch a ship off. The control plane only hears nothing more of it; fifty seconds later it believes the ship lost.
tour-why = After five minutes the lost pod has a successor on another ship. Why? Beside the picture stand the causes, nearest first. Ask it of anything here.

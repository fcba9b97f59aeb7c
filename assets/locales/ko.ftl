# 병 속의 배: 화면의 모든 문장. 합니다체를 쓰고, 용어는 kubernetes.io 한글 용어를 따릅니다.
# 조사는 { JOSA($낱말, "은/는") }으로 고릅니다.

## 항만의 이름표
stage-hut = 나 · kubectl
stage-registry = 이미지 창고
stage-api-server = API 서버
stage-etcd = etcd
stage-controllers = 컨트롤러
stage-scheduler = 스케줄러
stage-queue = 대기열
stage-outside = 외부 손님
stage-more = 외 { $count }개
stage-more-ships = 노드 { $count }개가 더 있습니다
stage-revision = rev { $revision }
stage-image-there = 이미 있음
stage-exit = { $reason } ({ $code })

## 누가
actor-user = kubectl
actor-api-server = API 서버
actor-etcd = etcd
actor-scheduler = 스케줄러
actor-controllers = 컨트롤러 매니저
actor-controller = { $name }
actor-kubelet = { $node }의 kubelet
actor-runtime = { $node }의 컨테이너 런타임

## 무엇
kind-pod = 파드
kind-node = 노드
kind-namespace = 네임스페이스
kind-deployment = 디플로이먼트
kind-replica-set = 레플리카셋
kind-replication-controller = 레플리케이션 컨트롤러
kind-service = 서비스
kind-service-account = 서비스어카운트
kind-config-map = 컨피그맵
kind-secret = 시크릿
kind-endpoints = 엔드포인트
kind-endpoint-slice = 엔드포인트슬라이스

## 파드의 상태
status-pending = 대기 중
status-creating = 생성 중
status-running = 실행 중, 준비되지 않음
status-ready = 실행 중, 준비됨
status-succeeded = 완료됨
status-failed = 실패함
status-terminating = 종료 중
status-unknown = 알 수 없음
status-evicted = 축출됨

## 프로브
probe-startup = 스타트업 프로브
probe-liveness = 활성 프로브
probe-readiness = 준비성 프로브

## 자막: 사람이 한 일
caption-input-apply = 매니페스트를 제출했습니다 (kubectl apply).
caption-input-dry-run = 서버에 미리 물어보았습니다 (kubectl apply --dry-run=server). 아무것도 저장되지 않습니다.
caption-input-delete = { JOSA($object, "을/를") } 삭제하도록 했습니다 (kubectl delete).
caption-input-scale = { $object }의 레플리카 수를 { $count }개로 바꾸도록 했습니다 (kubectl scale).
caption-input-set-image = { $object }의 이미지를 { JOSA($image, "으로/로") } 바꾸도록 했습니다 (kubectl set image).
caption-input-undo = { JOSA($object, "을/를") } 이전 리비전으로 되돌리도록 했습니다 (kubectl rollout undo).
caption-input-cordon = { $node }에 새 파드를 받지 않도록 했습니다 (kubectl cordon).
caption-input-uncordon = { $node }에 다시 파드를 받도록 했습니다 (kubectl uncordon).
caption-input-kubelet-stop = { $node }의 kubelet을 멈추었습니다.
caption-input-kubelet-start = { $node }의 kubelet을 다시 시작했습니다.
caption-input-cut = { $node }의 네트워크를 끊었습니다.
caption-input-join = { $node }의 네트워크를 다시 이었습니다.
caption-input-crash = 파드 { $pod }의 컨테이너 프로세스를 강제로 끝냈습니다.
caption-answer = kubectl이 답을 보여 줍니다: { $line }
caption-answer-refused = kubectl이 오류를 보여 줍니다: { $message }

## 자막: 요청과 감시
caption-creates = { JOSA($actor, "이/가") } API 서버에 { JOSA($object, "을/를") } 만들어 달라고 요청했습니다 ({ $path }).
caption-deletes = { JOSA($actor, "이/가") } API 서버에 { JOSA($object, "을/를") } 삭제해 달라고 요청했습니다 ({ $path }).
caption-changes = { JOSA($actor, "이/가") } API 서버에 { JOSA($object, "을/를") } 바꾸어 달라고 요청했습니다 ({ $path }).
caption-reads = { JOSA($actor, "이/가") } API 서버에 { JOSA($object, "을/를") } 물었습니다 ({ $path }).
caption-binds = { JOSA($actor, "이/가") } 바인딩을 API 서버에 기록해 달라고 요청했습니다: { $object } ({ $path }). 스케줄러는 적재하지 않고 기록만 합니다.
caption-evicts = { JOSA($actor, "이/가") } API 서버에 { JOSA($object, "을/를") } 축출해 달라고 요청했습니다 ({ $path }).
caption-refused = 거절되었습니다 ({ $code }): { $message } etcd에는 아무것도 기록되지 않았습니다.
caption-watched-created = { JOSA($actor, "이/가") } 감시(watch)로 새 { JOSA($object, "을/를") } 알게 되었습니다.
caption-watched-updated = { JOSA($actor, "이/가") } 감시(watch)로 { JOSA($object, "이/가") } 바뀐 것을 알게 되었습니다.
caption-watched-deleted = { JOSA($actor, "이/가") } 감시(watch)로 { JOSA($object, "이/가") } 사라진 것을 알게 되었습니다.
caption-watch-lost = { $actor }의 감시(watch)가 끊어졌습니다.
caption-reconciled = { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 조정합니다: 쓸 것 { $writes }개.

## 자막: 스케줄링
caption-queued = { JOSA($object, "이/가") } 스케줄러의 대기열에 들어갔습니다. 아직 etcd에만 있습니다.
caption-queued-backoff = { JOSA($object, "이/가") } 대기열에서 백오프가 끝나기를 기다립니다.
caption-queued-unschedulable = { JOSA($object, "이/가") } 갈 수 있는 노드가 없어 대기열에서 클러스터의 변화를 기다립니다.
caption-queued-gated = { JOSA($object, "이/가") } 스케줄링 게이트가 열리기를 기다립니다.
caption-chosen = { $object }: { JOSA($node, "이/가") } 최고 점수 { JOSA($score, "으로/로") } 선택되었습니다. 스케줄러는 적재하지 않고 기록만 합니다.
caption-chosen-only = { $object }: 갈 수 있는 노드가 { $node } 하나뿐이므로 선택되었습니다. 스케줄러는 적재하지 않고 기록만 합니다.
caption-unschedulable = { JOSA($object, "을/를") } 둘 노드를 찾지 못했습니다: { $message }

## 자막: 배 위에서
caption-accepted = { $node }의 kubelet이 { JOSA($object, "을/를") } 맡았습니다.
caption-pod-refused = { $node }의 kubelet이 { JOSA($object, "을/를") } 거절했습니다: { $reason }.
caption-sandbox = { $node }에 { $object }의 샌드박스가 섰습니다. 파드의 IP는 { $ip }입니다.
caption-pulling = { $object }: { JOSA($node, "이/가") } 이미지 { JOSA($image, "을/를") } 창고에서 직접 받습니다 (API 서버를 지나지 않음).
caption-pulled = { $object }: { JOSA($node, "이/가") } 이미지 { JOSA($image, "을/를") } 받았습니다.
caption-pulled-cached = { $object }: 이미지 { JOSA($image, "은/는") } { $node }에 이미 있습니다.
caption-pull-failed = { $object }: { JOSA($node, "이/가") } 이미지 { JOSA($image, "을/를") } 받지 못했습니다.
caption-container-started = { $node }의 kubelet이 런타임에 지시하여 { $object }의 컨테이너 { JOSA($container, "을/를") } 시작했습니다.
caption-start-failed = { $node }에서 { $object }의 컨테이너를 시작하지 못했습니다: { $reason }.
caption-exited = { $node }에서 { $object }의 컨테이너가 종료 코드 { JOSA($code, "으로/로") } 끝났습니다 ({ $reason }).
caption-back-off = { $node }의 kubelet이 { $object }의 컨테이너를 다시 시작하기 전에 기다립니다. 재시작 { $restarts }회.
caption-back-off-pull = { $node }의 kubelet이 { $object }의 이미지를 다시 받기 전에 기다립니다.
caption-probe-ok = { $node }의 kubelet: { $object }의 { JOSA($probe, "이/가") } 성공으로 바뀌었습니다.
caption-probe-failed = { $node }의 kubelet: { $object }의 { JOSA($probe, "이/가") } 실패로 바뀌었습니다.
caption-stopping = { $node }의 kubelet이 { JOSA($object, "을/를") } 끝내기 시작했습니다: SIGTERM, 유예 { $seconds }초.
caption-killed = { $node }: { $object }의 컨테이너가 유예 시간 안에 끝나지 않아 SIGKILL을 받았습니다.
caption-pod-stopped = { $node }에서 { $object }의 컨테이너와 샌드박스가 사라졌습니다.
caption-stopped = { JOSA($actor, "이/가") } 멈추었습니다.
caption-started = { JOSA($actor, "이/가") } 다시 시작했습니다.
caption-cut = { $node }의 네트워크가 끊겼습니다. 컨트롤 플레인은 노드가 죽었는지 알 수 없습니다. 소식이 끊겼을 뿐입니다.
caption-joined = { $node }의 네트워크가 다시 이어졌습니다.

## 모음
gallery-workload = 워크로드 { $number }

## 항만의 것들
sprite-hut = 오두막: kubectl
sprite-registry = 이미지 창고
sprite-control-ship = 관제선
sprite-bridge = 함교: API 서버
sprite-log-room = 기록실: etcd
sprite-controllers = 컨트롤러의 방
sprite-scheduler = 기중기: 스케줄러
sprite-light-cone = 기중기의 빛
sprite-score-plate = 점수판
sprite-refusal-flag = 맞지 않는 노드
sprite-queue-board = 스케줄러의 대기열
sprite-ship = 화물선: 노드
sprite-kubelet = 선장: kubelet
sprite-pod = 화물: 파드
sprite-ghost = 아직 종이뿐인 파드
sprite-launch = 연락선: 응답
sprite-slip = 종이: 요청
sprite-pulse = 감시 신호
sprite-ping = 프로브
sprite-barge = 이미지 거룻배
sprite-octagon = 거절
sprite-triangle = 실패
sprite-ring = 기다리는 시간
sprite-tag = 종료 꼬리표
sprite-tick = 준비됨
sprite-chain = 통제된 노드(cordon)
sprite-taint = 테인트
sprite-cut = 끊긴 네트워크
sprite-fog = 안개: 소식 없음
sprite-service = 부표: 서비스
sprite-lighthouse = 등대: 외부 손님
sprite-skyline = 먼 도시: 클라우드
sprite-quay = 부두
sprite-sea = 바다

## 예제
example-pod = 파드 하나
example-deployment = 디플로이먼트: 파드 세 개
example-service = 서비스
example-rolling-update = 롤링 업데이트
example-rollback = 이전 리비전으로 되돌리기
example-probes = 프로브
example-init-container = 초기화 컨테이너
example-crash-loop = 계속 죽는 컨테이너
example-bad-image = 없는 이미지
example-node-selector = 맞는 노드가 없는 nodeSelector
example-too-big = 너무 큰 요청
example-taints = 테인트와 톨러레이션
example-node-loss = 노드를 잃으면
example-broken = 틀린 매니페스트

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
actor-other-scheduler = 스케줄러 { $name }
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
caption-input-patch = { JOSA($object, "을/를") } 바꾸도록 했습니다 (kubectl patch).
caption-input-undo = { JOSA($object, "을/를") } 이전 리비전으로 되돌리도록 했습니다 (kubectl rollout undo).
caption-input-cordon = { $node }에 새 파드를 받지 않도록 했습니다 (kubectl cordon).
caption-input-uncordon = { $node }에 다시 파드를 받도록 했습니다 (kubectl uncordon).
caption-input-kubelet-stop = { $node }의 kubelet을 멈추었습니다.
caption-input-kubelet-start = { $node }의 kubelet을 다시 시작했습니다.
caption-input-cut = { $node }의 네트워크를 끊었습니다.
caption-input-join = { $node }의 네트워크를 다시 이었습니다.
caption-input-scheduler = 스케줄러를 다른 구성으로 다시 시작했습니다.
caption-input-other-scheduler = 첫 번째 스케줄러 옆에서 스케줄러 { $name }을(를) 시작했습니다.
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
caption-reconciled = { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 조정합니다 (쓰기 요청 { $writes }건).

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

## 화면
title = 병 속의 배: 브라우저 탭 속의 쿠버네티스
product = 병 속의 배
scenario-three-ships = 배 세 척
scenario-nodes = 배 { $count }척
scenario-seed = 시드 { $seed }
theme-light = 밝은 테마
theme-dark = 어두운 테마
skip-label = 바로 가기
skip-stage = 항만으로 가기
skip-dock = 매니페스트로 가기
gallery-title = 모음
gallery-statuses = 상태와 워크로드별 화물
gallery-sprites = 항만에 있는 것
gallery-picture = 이름이 적힌 그림 모음

## 구성 요소와 상태
component-user = 나, kubectl을 쓰는 사람
component-api-server = API 서버
component-etcd = etcd
component-scheduler = 스케줄러
component-controllers = 컨트롤러 매니저
component-kubelet = { $node }의 kubelet
component-runtime = { $node }의 컨테이너 런타임
state-runs = 실행 중
state-stopped = 멈춤
state-not-ready = 준비되지 않음
count = { $count }개
count-pods = 파드 { $count }개

## 안내
guide-label = 안내
guide-title = 스스로 정돈하는 항만
guide-text = 브라우저 안에서 실제와 똑같이 움직이는 쿠버네티스 클러스터입니다. 관제선 한 척과 파드를 싣는 화물선들이 있습니다. 매니페스트를 제출하고, 누가 무엇을 하여 그대로 이루는지 보십시오.
guide-try = 해 보기
try-deployment = 파드 세 개를 늘 유지하기
try-deployment-look = 누가 파드를 만들고, 누가 배를 고르고, 누가 시작합니까?
try-broken = 틀린 매니페스트 제출하기
try-broken-look = 어느 관문이 거절하고, etcd에는 무엇이 남습니까?
try-crash-loop = 자꾸 죽는 프로그램 실행하기
try-crash-loop-look = kubelet은 다시 시작하기 전에 얼마나 기다립니까?
tree-title = 항만에 있는 모든 것
tree-label = 항만에 있는 모든 것: 구성 요소, 배, 파드
tree-control-plane = 컨트롤 플레인
tree-workloads = 워크로드와 서비스
tree-pending = 배를 기다리는 파드

## 무대
stage-label = 항만
stage-view-label = 항만의 모습
stage-keys = 화살표 키로 옮기고, 더하기와 빼기 키로 확대하거나 축소하고, 0 키로 전체를 봅니다. 여기에 그려진 것은 모두 안내의 목록에도 있습니다.
caption-quiet = 항만이 조용합니다. 매니페스트를 제출하거나 안내에 있는 단추를 눌러 보십시오.
camera-label = 시점
camera-in = 확대
camera-out = 축소
camera-whole = 전체 보기
past = 과거를 보고 있습니다.
past-leave = 현재로 가기
skipping = 조용한 { $seconds }초를 건너뜁니다

## 시간
transport-label = 시간
transport-start = 처음으로
transport-back = 한 박자 뒤로
transport-forward = 한 박자 앞으로
transport-play = 재생
transport-pause = 멈춤
speed-label = 속도
speed-adaptive = 자동 속도
clock-revision = rev { $revision }
scrubber-label = 실행의 시점
scrubber-value = { $time }, 리비전 { $revision }. { $caption }

## 아래 창
tabs-label = 창
tab-guide = 안내
tab-manifest = 매니페스트
tab-events = 이벤트
tab-transcript = 기록
tab-inspector = 살펴보기
transcript-empty = 아직 이야기된 것이 없습니다.
inspector-label = 살펴보기
inspector-empty = 배, 파드, 방을 선택하면 그것이 무엇이고 왜 그런 상태이며 무엇을 할 수 있는지 보여 줍니다.
inspector-close = 닫기

## 매니페스트
editor-label = 매니페스트(YAML). Esc 키를 누르고 Tab 키를 누르면 편집기에서 나갑니다.
editor-find = 찾기
editor-replace = 바꾸기
editor-next = 다음
editor-previous = 이전
editor-all = 모두
editor-match-case = 대소문자 구분
editor-regexp = 정규식
editor-by-word = 낱말 단위
editor-replace-one = 바꾸기
editor-replace-all = 모두 바꾸기
editor-close = 닫기
editor-fold = 줄 접기
editor-unfold = 줄 펴기
editor-folded = 접힌 내용
editor-diagnostics = 문제
editor-no-diagnostics = 문제 없음
editor-completions = 자동 완성
examples-label = 예제
examples = 예제…
example-pod = 파드 하나
example-deployment = 디플로이먼트
example-service = 서비스
example-rolling-update = 롤링 업데이트
example-rollback = 잘못된 롤아웃
example-probes = 프로브
example-init-container = 초기화 컨테이너
example-crash-loop = 크래시 루프
example-bad-image = 없는 이미지
example-node-selector = 맞는 노드 없음
example-too-big = 너무 큰 요청
example-taints = 테인트와 톨러레이션
example-node-loss = 노드 상실
example-broken = 일부러 틀린 매니페스트
open-files = 파일 열기(여기에 끌어다 놓아도 됩니다)
dry-run = 미리 물어보기
apply = 제출

## 서버의 답
problems-label = 서버의 답과 문제
problems-empty = 서버의 답이 여기에 나타납니다.
problems-waiting = API 서버로 가는 중입니다…
problems-nothing-stored = 거절된 것은 etcd에 기록되지 않았습니다.
problem-gate = { $gate } 관문에서 거절됨 ({ $code })
problem-kubectl = 보내지 않음: kubectl이 읽을 수 없습니다
problem-place = { $line }행 { $column }열
gate-authentication = 인증
gate-authorization = 인가
gate-decoding = 해석
gate-mutating = 변경 어드미션
gate-validation = 검증
gate-validating = 검증 어드미션
gate-storage = 저장
notice-no-page = “{ $page }”라는 화면은 없습니다. 여기는 모래밭입니다.
notice-bad-key = 주소의 { $key }={ $value } 부분을 이해할 수 없어 무시했습니다.
notice-storage = 이 브라우저는 저장할 수 없거나 저장 공간이 가득 찼습니다. 새로 고치면 매니페스트가 사라집니다.
notice-restored = 프로그램이 멈추었기에 그때까지의 실행을 되살렸습니다. 지금은 멈추어 있습니다.
notice-file-large = { JOSA($name, "은/는") } 4MiB보다 커서 열지 않았습니다.
notice-file-binary = { JOSA($name, "은/는") } 글(UTF-8)이 아니어서 열지 않았습니다.
notice-file-unreadable = { JOSA($name, "을/를") } 읽을 수 없습니다.
broken-title = 프로그램이 고장 났습니다
broken-text = 저희의 잘못입니다. 매니페스트와 지금까지 하신 일은 모두 남아 있습니다. 아래 링크를 누르면 같은 시점에서 이어집니다.
broken-reload = 다시 열고 이어서 하기

## 도움말
help = 도움말
help-title = 무엇이 무엇입니까
help-text = 여기서 움직이는 것은 모두 시뮬레이션 클러스터에서 실제로 일어나는 일입니다. 쿠버네티스 v1.36과 같은 단계가 같은 순서로, 같은 문구로 일어납니다. 가리키면 이름이 보이고, 선택하면 왜 그런지 보입니다. 언제든 멈추고, 한 박자씩 나아가고, 얼마든지 되돌아갈 수 있습니다.
help-parts = 항만에서
help-keys = 키
help-limits = 단순하게 한 것
help-limits-text = 인가는 모두 허용합니다. etcd는 멤버가 하나입니다. 패킷의 흐름, 스토리지, 데몬셋은 아직 없습니다. 컨테이너의 프로그램은 이미지와 명령으로 알아봅니다. 모르는 이미지는 존재하며 계속 실행되는 것으로 봅니다.
help-close = 닫기
key-play = 재생, 멈춤
key-step = 한 박자 앞으로
key-step-back = 한 박자 뒤로
key-home = 처음으로
key-end = 현재로
key-apply = 매니페스트 제출
key-zoom = 확대, 축소, 전체 보기
key-leave-editor = 편집기에서 나가기
part-user = 클러스터 밖에 서 있습니다. 할 수 있는 일은 API 서버에 요청하는 것뿐입니다.
part-api-server = 함교입니다. 모두가 이곳하고만 이야기합니다. 등불은 요청이 지나야 하는 관문입니다.
part-etcd = 기록실입니다. 여기에 적힌 것이 사실이며, API 서버만 적습니다.
part-controllers = 창 하나하나가 컨트롤러입니다. 의도한 상태와 현재 상태를 견주어 모자란 것을 요청합니다.
part-scheduler = 불빛을 비추는 크레인입니다. 파드마다 배를 골라 기록할 뿐, 싣지는 않습니다.
part-ship-name = 화물선
part-ship = 노드입니다. 선장은 kubelet이며, 맡은 것을 시작하고 상태를 알립니다.
part-crate-name = 상자
part-crate = 파드입니다. 점선이면 etcd에만 있고, 채워지면 컨테이너가 실행 중이며, 표시가 있으면 준비된 것입니다.
part-registry = 이미지는 API 서버를 지나지 않고 여기서 배로 바로 갑니다.

## 검사: 무엇인지
insp-component = 컴포넌트
insp-gone = 이 시점에는 존재하지 않습니다.
insp-stored = 저장됨
insp-progressing = 진행 중
insp-node-unknown = 소식이 없음
insp-age = { $age } 지남
insp-ago = { $age } 전
insp-namespace = 네임스페이스 { $namespace }
insp-in-harbour = 항만에서는: { $harbour }
process-running = 실행 중
process-stopped = 멈춤
process-outside = 클러스터 바깥
network-cut = 네트워크 끊김
network-joined = 네트워크 연결됨
harbour-pod = 컨테이너가 든 짐 상자
harbour-node = 화물선
harbour-control-plane = 관제선
harbour-deployment = 짐 상자의 상시 주문서
harbour-replica-set = 같은 짐 상자의 개수 장부
harbour-service = 주소가 적힌 부표
harbour-event = 일지의 메모
harbour-lease = 기한이 있는 생존 신호
harbour-record = 기록실의 기록
harbour-user = 부두의 오두막
harbour-api-server = 함교
harbour-etcd = 기록실
harbour-scheduler = 빛을 비추는 크레인
harbour-controllers = 창이 여덟 개인 방
harbour-kubelet = 선실의 선장
harbour-runtime = 기관

## 검사: 왜
why-title = 왜 이런 상태입니까?
why-none = 클러스터가 시작된 뒤로 아무 일도 없었습니다.
why-more = 더 앞선 원인 { $count }개
why-fewer = 원인 접기
why-seek = { $time }로 이동: { $sentence }
why-end-boot = 원인은 클러스터가 시작될 때까지 이어집니다.
why-end-clock = 원인은 시간입니다. 정해진 시간이 지났습니다.
why-end-person = 원인은 사용자가 한 일입니다.
why-line = 제출한 매니페스트의 { $line }번째 줄
why-show-line = 편집기에서 보기
why-reconciled-created = 컨트롤러 { JOSA($actor, "이/가") } { JOSA($owner, "을/를") } 보고 { JOSA($object, "을/를") } 만들었습니다.
why-reconciled-updated = 컨트롤러 { JOSA($actor, "이/가") } { JOSA($owner, "을/를") } 보고 { JOSA($object, "을/를") } 바꾸었습니다.
why-reconciled-deleted = 컨트롤러 { JOSA($actor, "이/가") } { JOSA($owner, "을/를") } 보고 { JOSA($object, "을/를") } 삭제했습니다.
why-reconciled-itself = 컨트롤러 { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 살펴보고 결과를 기록했습니다.
why-created = { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 만들었습니다.
why-updated = { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 바꾸었습니다.
why-deleted = { JOSA($actor, "이/가") } { JOSA($object, "을/를") } 삭제했습니다.

## 검사: 무엇이 모자라는지
lack-title = 무엇이 모자랍니까?
lack-go-on = { $name } 보기
lack-verdicts = 스케줄러의 { $attempt }번째 시도 ({ $time })
lack-node = 노드
lack-reason = 거른 이유
lack-feasible = 가능
lack-more-nodes = 노드 { $count }개가 더 있습니다.
lack-attempt = 아직 노드가 없습니다. 스케줄러가 아직 살펴보지 않았습니다.
lack-no-node = 노드 { $all }개 가운데 필터를 통과한 노드가 { $count }개입니다: { $reasons }
lack-refused-before = 노드를 살펴보기 전에 거절되었습니다: { $reasons }
lack-kubelet = 노드는 정해졌으나 { $node }의 kubelet이 아직 아무것도 보고하지 않았습니다.
lack-readiness = 컨테이너 { JOSA($container, "은/는") } 실행 중이지만 준비성 프로브가 아직 성공하지 않았습니다.
lack-terminating = 삭제되고 있습니다. 종료 유예 기간이 { $seconds }초 남았습니다.
lack-failed = 완전히 실패했습니다: { $reason }
lack-image = { $reason }: 컨테이너 { $container }의 이미지 { JOSA($image, "을/를") } 받을 수 없습니다.
lack-image-back-off = { $reason }: 컨테이너 { $container }의 이미지 { JOSA($image, "을/를") } 받지 못했습니다. kubelet이 다시 시도하기 전에 기다립니다.
lack-image-name = { $reason }: { JOSA($image, "은/는") } 올바른 이미지 이름이 아닙니다(컨테이너 { $container }).
lack-crash-loop = { $reason }: 컨테이너 { $container }의 프로세스가 거듭 끝납니다. kubelet이 매번 더 오래 기다립니다.
lack-creating = 컨테이너 { JOSA($container, "을/를") } 만들고 있습니다: 샌드박스, 이미지, 시작.
lack-initializing = 컨테이너 { JOSA($container, "이/가") } 초기화 컨테이너가 끝나기를 기다립니다.
lack-completed = 컨테이너 { $container }의 프로세스가 스스로 끝났습니다.
lack-container = 컨테이너 { JOSA($container, "이/가") } 실행되지 않습니다: { $reason }
lack-exit-code = 마지막 종료 코드는 { $code }입니다.
lack-restarts = { $count }번 재시작했습니다.
lack-next-try = 다음 시도까지 { $wait } 남았습니다.
lack-node-unnoticed = API는 아직 { JOSA($node, "이/가") } Ready라고 믿습니다. 아무도 알아채지 못했습니다.
lack-node-not-ready = { $node }의 kubelet이 노드가 준비되지 않았다고 보고합니다.
lack-node-silent = { $node }의 소식이 { $silent } 동안 없습니다. 컨트롤 플레인은 노드가 죽었는지 알 수 없습니다.
lack-node-kubelet = 실제로는 kubelet이 멈추었습니다. 컨테이너는 계속 실행됩니다.
lack-node-network = 실제로는 네트워크가 끊겼습니다.
lack-node-cordoned = 새 파드를 받지 않도록 닫혀 있습니다(cordon).
lack-replicas = 레플리카 { $wanted }개 가운데 { $ready }개가 Ready입니다.
lack-no-pods = 아직 모든 파드가 만들어지지 않았습니다.
reason-insufficient = { $resource } 부족
reason-taint = 테인트 { $taint }
reason-too-many-pods = 파드 수 초과
reason-selector = 노드 셀렉터 또는 어피니티 불일치
reason-node-name = 다른 노드 이름
reason-cordoned = 스케줄링 불가
reason-ports = 포트 사용 중

## 검사: 비교, 이벤트, YAML
diff-title = 의도한 상태 ↔ 현재 상태
diff-field = 필드
diff-desired = 의도한 상태
diff-actual = 현재 상태
diff-believed = API의 믿음
diff-really = 실제
diff-offered = 할당 가능
diff-requested = 요청됨
diff-differs = 다름
diff-none = 이 종류에는 비교할 상태가 없습니다.
diff-same = 일치하는 필드 { $count }개
evt-title = 이벤트
evt-none = 이벤트가 없습니다.
evt-own-more = 더 오래된 이벤트 { $count }개는 보이지 않습니다.
evt-type = 타입
evt-reason = 이유
evt-message = 메시지
evt-object = 오브젝트
evt-seen = 마지막 관측
evt-all = 모든 타입
evt-filter-type = 보여 줄 타입
evt-filter-words = 오브젝트 또는 이유
evt-shown = 이벤트 { $all }개 가운데 { $shown }개
evt-more = { $count }개가 더 있습니다. 걸러서 찾을 수 있습니다.
yaml-title = 저장된 YAML
yaml-copy = 복사
yaml-copied = 복사했습니다.
yaml-not-copied = 브라우저가 복사를 허용하지 않습니다. 글을 직접 선택해 주십시오.

## 검사: 컴포넌트
card-is = 쿠버네티스에서는
card-harbour = 항만에서는
card-breaks = 여기서 비유가 깨집니다
card-now = 이 시점에는
card-last = 마지막으로 한 일
card-ship = { $node } 배로
card-user = kubectl은 클러스터 바깥의 클라이언트입니다. 하는 일은 사용자의 자격 증명으로 API 서버에 요청을 보내는 것뿐입니다.
card-user-harbour = 부두의 오두막입니다. 주문은 쪽지가 되어 통선을 타고 함교로 갑니다.
card-user-breaks = 오두막의 누구도 명령하지 않습니다. kubectl은 원하는 것을 적을 뿐이고, 다른 이들이 읽고 스스로 움직입니다.
card-api-server = kube-apiserver는 하나뿐인 문입니다. 모든 요청을 검사하고, 오브젝트를 etcd에 저장하고, 감시(watch)하는 이들에게 변화를 알립니다.
card-api-server-harbour = 관제선의 함교입니다. 관문 램프가 일곱 개 있고 모든 쪽지가 차례로 지납니다.
card-api-server-breaks = 함교는 명령합니다. API 서버는 명령하지 않습니다. 기록하고, 지켜보는 이들에게 알릴 뿐입니다.
card-etcd = etcd는 모든 오브젝트를 커지기만 하는 리비전과 함께 저장합니다. API 서버만이 etcd와 이야기합니다.
card-etcd-harbour = 장부가 있는 기록실입니다. 함교에서 오는 관 하나가 유일한 연결입니다.
card-etcd-breaks = 항해 일지는 나중에 한 줄씩 읽습니다. etcd는 지금 참인 모든 것을 찾아보는 곳이기도 합니다.
card-scheduler = kube-scheduler는 노드가 없는 파드마다 노드를 고릅니다. 노드를 거르고, 남은 노드에 점수를 매기고, 바인딩(Binding)을 기록합니다.
card-scheduler-harbour = 크레인입니다. 빛이 배들을 비추다가 한 척에 머뭅니다.
card-scheduler-breaks = 크레인은 짐을 들어 올립니다. 스케줄러는 아무것도 들지 않습니다. 노드의 이름을 적을 뿐이고, 나머지는 그곳의 kubelet이 합니다.
card-controllers = kube-controller-manager는 여러 컨트롤러를 실행합니다. 저마다 의도한 상태와 현재 상태를 비교하고, 차이를 API 서버에 요청합니다.
card-controllers-harbour = 창이 있는 방입니다. 컨트롤러가 일하는 동안 그 창에 불이 켜집니다.
card-controllers-breaks = 한 방을 쓰지만 서로 이야기하지 않습니다. API 서버의 오브젝트에서만 만납니다.
card-kubelet = kubelet은 노드마다 실행됩니다. 자기 노드에 바인딩된 파드를 지켜보고, 런타임에 시작을 맡기고, 프로브로 확인하고, 상태를 보고합니다.
card-kubelet-harbour = 배의 선장입니다. 생존 신호를 보낼 때마다 현창에 나타납니다.
card-kubelet-breaks = 선장이 없으면 배가 멈춥니다. kubelet이 멈추어도 컨테이너는 계속 실행됩니다. 다만 아무도 보고하거나 재시작하지 않습니다.
card-runtime = 컨테이너 런타임(containerd)은 kubelet의 지시(CRI)에 따라 이미지를 받고 컨테이너를 시작하고 멈춥니다.
card-runtime-harbour = 배의 기관입니다. 일하는 동안 톱니바퀴가 돕니다.
card-runtime-breaks = 기관은 배를 움직입니다. 런타임은 컨테이너만 움직이고, 이미지는 함교를 지나지 않고 창고에서 바로 옵니다.
card-fact-watchers = 열린 감시(watch)
card-fact-objects = 오브젝트
card-fact-revision = 리비전
card-fact-keys = 키
card-fact-members = 멤버
card-fact-containers = 실행 중인 컨테이너
card-fact-images = 가진 이미지
card-fact-watches = 감시하는 것
card-fact-active = 활성 대기열
card-fact-backoff = 백오프 대기열
card-fact-unschedulable = 스케줄링 불가
card-fact-gated = 게이트 대기
card-fact-attempt = 마지막 시도
card-fact-pods = 파드
card-fact-ready = API가 믿는 Ready
card-fact-lease = 리스 갱신

## 검사: 할 수 있는 일
deed-title = 조작
deed-undo-hint = 다시 묻지 않습니다. 되돌리려면 시간을 되감으십시오.
deed-scale = 스케일
deed-replicas = 레플리카
deed-fewer = 레플리카 하나 줄이기
deed-greater = 레플리카 하나 늘리기
deed-set-image = 이미지 변경
deed-container = 컨테이너
deed-image = 이미지
deed-rollback = 롤아웃 되돌리기
deed-cordon = 스케줄링 막기 (cordon)
deed-uncordon = 스케줄링 열기 (uncordon)
deed-kubelet-stop = kubelet 멈추기
deed-kubelet-start = kubelet 시작하기
deed-network-cut = 네트워크 끊기
deed-network-join = 네트워크 잇기
deed-crash = 컨테이너 강제 종료
deed-delete = 삭제
deed-waiting = 요청이 가고 있습니다 …
deed-nothing = 바뀐 것이 없습니다.

# The two truths, branches, keys of single letters.
truth = 실제 보기
truth-hint = 컨트롤 플레인이 아는 것 대신 배에서 실제로 일어난 일을 봅니다 (T)
branches = 다른 갈래 { $count }개
branches-label = 다른 갈래
branches-hint = 과거에서 무언가를 하면 그때까지의 미래는 갈래로 남습니다. 고르면 그 갈래로 돌아갑니다.
stage-eviction = 파드가 이 배에 더 머무를 수 있는 시간: { $seconds }초
key-speeds = 속도: 자동, 0.1배에서 1000배까지
key-truth = 컨트롤 플레인이 아는 것, 실제로 일어난 것
key-list = 항만에 있는 모든 것의 목록으로
key-inspector = 선택한 것을 살펴보는 곳으로
key-why = 「왜?」로
key-help = 이 도움말
key-letters = 한 글자로 된 단축키를 씁니다.

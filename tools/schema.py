#!/usr/bin/env python3
"""Makes assets/schema/kinds.txt from an API server's OpenAPI v2 document.

    tools/schema.py openapi-v2.json[.gz] assets/schema/kinds.txt

The document is what `kubectl get --raw /openapi/v2` prints. A further kind is one word in KINDS.

OpenAPI does not know two things that Go's messages show, so they are tables here: the names of string types
(`v1.DNSPolicy`) and the structs that Go embeds (`VolumeSource` in `Volume`).

Format of the output, one line each:
    ! GROUP VERSION KIND TYPE          a kind (GROUP `-` is the core group)
    = TYPE [atomic]                    a type; its fields follow
    FIELD SHAPE [required] [key=MERGEKEY] [merge] [retain] [list=atomic|set|KEY,KEY] [map=atomic] [in=EMBEDDED]
SHAPE: string bool int32 int64 float64 bytes quantity time microtime intorstring any, `string:GOTYPE` a named string,
`@TYPE` an object, `[]SHAPE` a list, `{}SHAPE` a map, `GOTYPE{}SHAPE` a named map.
"""
import gzip
import json
import sys

KINDS = """
Namespace Node Pod PodTemplate Binding Event Lease Service Endpoints EndpointSlice ConfigMap Secret ServiceAccount
ReplicationController ReplicaSet Deployment StatefulSet DaemonSet ControllerRevision Job CronJob PriorityClass Scale
Eviction DeleteOptions Status PersistentVolume PersistentVolumeClaim StorageClass ResourceQuota LimitRange Ingress
IngressClass NetworkPolicy PodDisruptionBudget HorizontalPodAutoscaler Role RoleBinding ClusterRole ClusterRoleBinding
CSINode VolumeAttachment ComponentStatus RuntimeClass CSIDriver CSIStorageCapacity VolumeAttributesClass
CertificateSigningRequest ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration CustomResourceDefinition APIService
FlowSchema PriorityLevelConfiguration ServiceCIDR IPAddress DeviceClass ResourceClaim ResourceClaimTemplate
ResourceSlice TokenReview TokenRequest SelfSubjectReview SubjectAccessReview LocalSubjectAccessReview
SelfSubjectAccessReview SelfSubjectRulesReview
""".split()

VERSIONS = ("v1", "v2")

STRINGS = """
types.UID=ObjectMeta.uid OwnerReference.uid ObjectReference.uid Preconditions.uid StatusDetails.uid
v1.DNSPolicy=PodSpec.dnsPolicy
v1.RestartPolicy=PodSpec.restartPolicy
v1.ContainerRestartPolicy=Container.restartPolicy EphemeralContainer.restartPolicy
v1.ContainerRestartRuleAction=ContainerRestartRule.action
v1.ContainerRestartRuleOnExitCodesOperator=ContainerRestartRuleOnExitCodes.operator
v1.PreemptionPolicy=PodSpec.preemptionPolicy PriorityClass.preemptionPolicy
v1.PodPhase=PodStatus.phase
v1.PodQOSClass=PodStatus.qosClass
v1.PodResizeStatus=PodStatus.resize
v1.OSName=PodOS.name
v1.PullPolicy=Container.imagePullPolicy EphemeralContainer.imagePullPolicy ImageVolumeSource.pullPolicy
v1.TerminationMessagePolicy=Container.terminationMessagePolicy EphemeralContainer.terminationMessagePolicy
v1.Protocol=ContainerPort.protocol ServicePort.protocol EndpointPort.protocol PortStatus.protocol NetworkPolicyPort.protocol
v1.URIScheme=HTTPGetAction.scheme
v1.HostPathType=HostPathVolumeSource.type
v1.StorageMedium=EmptyDirVolumeSource.medium
v1.AzureDataDiskCachingMode=AzureDiskVolumeSource.cachingMode
v1.AzureDataDiskKind=AzureDiskVolumeSource.kind
v1.PersistentVolumeMode=PersistentVolumeClaimSpec.volumeMode PersistentVolumeSpec.volumeMode
v1.PersistentVolumeAccessMode=PersistentVolumeClaimSpec.accessModes PersistentVolumeSpec.accessModes PersistentVolumeClaimStatus.accessModes StorageClass.accessModes
v1.PersistentVolumeReclaimPolicy=PersistentVolumeSpec.persistentVolumeReclaimPolicy StorageClass.reclaimPolicy
v1.PersistentVolumePhase=PersistentVolumeStatus.phase
v1.PersistentVolumeClaimPhase=PersistentVolumeClaimStatus.phase
v1.VolumeBindingMode=StorageClass.volumeBindingMode
v1.PodFSGroupChangePolicy=PodSecurityContext.fsGroupChangePolicy
v1.SupplementalGroupsPolicy=PodSecurityContext.supplementalGroupsPolicy
v1.PodSELinuxChangePolicy=PodSecurityContext.seLinuxChangePolicy
v1.SeccompProfileType=SeccompProfile.type
v1.AppArmorProfileType=AppArmorProfile.type
v1.ProcMountType=SecurityContext.procMount
v1.Capability=Capabilities.add Capabilities.drop
v1.MountPropagationMode=VolumeMount.mountPropagation
v1.RecursiveReadOnlyMode=VolumeMount.recursiveReadOnly
v1.Signal=Lifecycle.stopSignal ContainerStatus.stopSignal
v1.TaintEffect=Taint.effect Toleration.effect
v1.TolerationOperator=Toleration.operator
v1.NodeSelectorOperator=NodeSelectorRequirement.operator
v1.LabelSelectorOperator=LabelSelectorRequirement.operator
v1.UnsatisfiableConstraintAction=TopologySpreadConstraint.whenUnsatisfiable
v1.NodeInclusionPolicy=TopologySpreadConstraint.nodeAffinityPolicy TopologySpreadConstraint.nodeTaintsPolicy
v1.ServiceType=ServiceSpec.type
v1.ServiceAffinity=ServiceSpec.sessionAffinity
v1.ServiceExternalTrafficPolicy=ServiceSpec.externalTrafficPolicy
v1.ServiceInternalTrafficPolicy=ServiceSpec.internalTrafficPolicy
v1.IPFamily=ServiceSpec.ipFamilies
v1.IPFamilyPolicy=ServiceSpec.ipFamilyPolicy
v1.LoadBalancerIPMode=LoadBalancerIngress.ipMode
v1.AddressType=EndpointSlice.addressType
v1.SecretType=Secret.type
v1.FinalizerName=NamespaceSpec.finalizers
v1.NamespacePhase=NamespaceStatus.phase
v1.NamespaceConditionType=NamespaceCondition.type
v1.NodePhase=NodeStatus.phase
v1.NodeAddressType=NodeAddress.type
v1.NodeConditionType=NodeCondition.type
v1.PodConditionType=PodCondition.type PodReadinessGate.conditionType
v1.DeploymentConditionType=DeploymentCondition.type
v1.ReplicaSetConditionType=ReplicaSetCondition.type
v1.ReplicationControllerConditionType=ReplicationControllerCondition.type
v1.StatefulSetConditionType=StatefulSetCondition.type
v1.DaemonSetConditionType=DaemonSetCondition.type
v1.JobConditionType=JobCondition.type
v1.ConditionStatus=NamespaceCondition.status NodeCondition.status PodCondition.status DeploymentCondition.status ReplicaSetCondition.status ReplicationControllerCondition.status StatefulSetCondition.status DaemonSetCondition.status JobCondition.status Condition.status CertificateSigningRequestCondition.status CustomResourceDefinitionCondition.status APIServiceCondition.status ComponentCondition.status FlowSchemaCondition.status PriorityLevelConfigurationCondition.status
v1.UniqueVolumeName=NodeStatus.volumesInUse AttachedVolume.name
v1.ResourceName=ContainerResizePolicy.resourceName ResourceHealth.name MetricSource.name ResourceMetricSource.name ContainerResourceMetricSource.name ResourceMetricStatus.name ContainerResourceMetricStatus.name
v1.ResourceResizeRestartPolicy=ContainerResizePolicy.restartPolicy
v1.DeploymentStrategyType=DeploymentStrategy.type
v1.StatefulSetUpdateStrategyType=StatefulSetUpdateStrategy.type
v1.DaemonSetUpdateStrategyType=DaemonSetUpdateStrategy.type
v1.PodManagementPolicyType=StatefulSetSpec.podManagementPolicy
v1.PersistentVolumeClaimRetentionPolicyType=StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled
v1.ConcurrencyPolicy=CronJobSpec.concurrencyPolicy
v1.CompletionMode=JobSpec.completionMode
v1.PodReplacementPolicy=JobSpec.podReplacementPolicy
v1.PodFailurePolicyAction=PodFailurePolicyRule.action
v1.PodFailurePolicyOnExitCodesOperator=PodFailurePolicyOnExitCodesRequirement.operator
v1.PathType=HTTPIngressPath.pathType
v1.PolicyType=NetworkPolicySpec.policyTypes
v1.UnhealthyPodEvictionPolicyType=PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy
v1.LimitType=LimitRangeItem.type
v1.ResourceQuotaScope=ResourceQuotaSpec.scopes ScopedResourceSelectorRequirement.scopeName
v1.ScopeSelectorOperator=ScopedResourceSelectorRequirement.operator
v1.CoordinatedLeaseStrategy=LeaseSpec.strategy
v1.DeletionPropagation=DeleteOptions.propagationPolicy
v1.ManagedFieldsOperationType=ManagedFieldsEntry.operation
v1.StatusReason=Status.reason Validation.reason
v1.FailurePolicyType=ValidatingAdmissionPolicySpec.failurePolicy MutatingAdmissionPolicySpec.failurePolicy ValidatingWebhook.failurePolicy MutatingWebhook.failurePolicy
v1.MatchPolicyType=MatchResources.matchPolicy ValidatingWebhook.matchPolicy MutatingWebhook.matchPolicy
v1.SideEffectClass=ValidatingWebhook.sideEffects MutatingWebhook.sideEffects
v1.ReinvocationPolicyType=MutatingWebhook.reinvocationPolicy MutatingAdmissionPolicySpec.reinvocationPolicy
v1.OperationType=RuleWithOperations.operations NamedRuleWithOperations.operations
v1.ScopeType=RuleWithOperations.scope NamedRuleWithOperations.scope
v1.ValidationAction=ValidatingAdmissionPolicyBindingSpec.validationActions
v1.ParameterNotFoundActionType=ParamRef.parameterNotFoundAction
v1.PatchType=Mutation.patchType
v1.KeyUsage=CertificateSigningRequestSpec.usages
v1.RequestConditionType=CertificateSigningRequestCondition.type
v1.ResourceScope=CustomResourceDefinitionSpec.scope
v1.ConversionStrategyType=CustomResourceConversion.strategy
v1.CustomResourceDefinitionConditionType=CustomResourceDefinitionCondition.type
v1.FieldValueErrorReason=ValidationRule.reason
v1.APIServiceConditionType=APIServiceCondition.type
v1.FSGroupPolicy=CSIDriverSpec.fsGroupPolicy
v1.VolumeLifecycleMode=CSIDriverSpec.volumeLifecycleModes
v1.ComponentConditionType=ComponentCondition.type
v1.PriorityLevelEnablement=PriorityLevelConfigurationSpec.type
v1.LimitResponseType=LimitResponse.type
v1.FlowDistinguisherMethodType=FlowDistinguisherMethod.type
v1.CauseType=StatusCause.reason
v2.MetricSourceType=MetricSpec.type MetricStatus.type
v2.MetricTargetType=MetricTarget.type
v2.ScalingPolicySelect=HPAScalingRules.selectPolicy
v2.HPAScalingPolicyType=HPAScalingPolicy.type
"""

EMBEDDED = {
    "Volume": ("VolumeSource", {"name"}),
    "Probe": ("ProbeHandler", "exec httpGet tcpSocket grpc".split()),
    "EphemeralContainer": ("EphemeralContainerCommon", {"targetContainerName"}),
    "ConfigMapEnvSource": ("LocalObjectReference", ["name"]),
    "SecretEnvSource": ("LocalObjectReference", ["name"]),
    "ConfigMapKeySelector": ("LocalObjectReference", ["name"]),
    "SecretKeySelector": ("LocalObjectReference", ["name"]),
    "ConfigMapProjection": ("LocalObjectReference", ["name"]),
    "SecretProjection": ("LocalObjectReference", ["name"]),
    "PersistentVolumeSpec": ("PersistentVolumeSource", set(
        "accessModes capacity claimRef mountOptions nodeAffinity persistentVolumeReclaimPolicy storageClassName "
        "volumeAttributesClassName volumeMode".split())),
}

SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intorstring",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
    # What Go reads with methods of its own is not read strictly.
    **{
        f"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON{name}": "any"
        for name in ("", "SchemaPropsOrArray", "SchemaPropsOrBool", "SchemaPropsOrStringArray")
    },
}

named = {field: go for line in STRINGS.strip().splitlines() for go, fields in [line.split("=")] for field in fields.split()}


def short(name):
    """io.k8s.api.apps.v1.Deployment -> apps.v1.Deployment"""
    for prefix in ("api", "apimachinery.pkg.apis", "apiextensions-apiserver.pkg.apis", "kube-aggregator.pkg.apis"):
        name = name.removeprefix(f"io.k8s.{prefix}.")
    return name.removeprefix("io.k8s.")


def shape(schema, go):
    if "$ref" in schema:
        target = schema["$ref"].split("/")[-1]
        return SPECIAL.get(target) or "@" + short(target)
    kind, form = schema.get("type"), schema.get("format")
    if kind == "array":
        return "[]" + shape(schema["items"], go)
    if kind == "object" and "additionalProperties" in schema:
        inner = shape(schema["additionalProperties"], None)
        # All maps of quantities are ResourceLists.
        return ("v1.ResourceList" if inner == "quantity" else "") + "{}" + inner
    if kind == "object":
        return "any"
    if kind == "string" and form == "byte":
        return "bytes"
    if kind == "string":
        return f"string:{go}" if go else "string"
    return {"integer": form or "int64", "boolean": "bool", "number": "float64"}[kind]


def field_line(owner, name, schema, required):
    words = [name, shape(schema, named.get(f"{owner}.{name}"))]
    if required:
        words.append("required")
    if "x-kubernetes-patch-merge-key" in schema:
        words.append("key=" + schema["x-kubernetes-patch-merge-key"])
    strategy = schema.get("x-kubernetes-patch-strategy", "").split(",")
    words += [short for long, short in (("merge", "merge"), ("retainKeys", "retain")) if long in strategy]
    kind = schema.get("x-kubernetes-list-type")
    if kind:
        words.append("list=" + (",".join(schema["x-kubernetes-list-map-keys"]) if kind == "map" else kind))
    if schema.get("x-kubernetes-map-type") == "atomic":
        words.append("map=atomic")
    if owner in EMBEDDED:
        struct, fields = EMBEDDED[owner]
        # A set lists the fields that are *not* embedded.
        if (name not in fields) == isinstance(fields, set):
            words.append("in=" + struct)
    return " ".join(words)


def references(schema):
    if isinstance(schema, dict):
        # JSONSchemaProps has a property of that name.
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].split("/")[-1]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def main(source, target):
    opened = gzip.open(source) if source.endswith(".gz") else open(source, "rb")
    with opened as file:
        definitions = json.load(file)["definitions"]
    lines, wanted = ["# Made by tools/schema.py from the OpenAPI document of Kubernetes v1.36; do not edit."], set()
    for kind in KINDS:
        for name, schema in sorted(definitions.items()):
            for gvk in schema.get("x-kubernetes-group-version-kind", []):
                # DeleteOptions and Status exist once for each group; the first is enough.
                everywhere = kind in ("DeleteOptions", "Status") and gvk["group"] != ""
                if gvk["kind"] == kind and gvk["version"] in VERSIONS and not everywhere:
                    lines.append(f"! {gvk['group'] or '-'} {gvk['version']} {kind} {short(name)}")
                    wanted.add(name)
    known = set()
    while wanted:
        name = wanted.pop()
        if name not in known and name not in SPECIAL:
            known.add(name)
            wanted.update(references(definitions[name].get("properties", {})))
    for name in sorted(known):
        schema = definitions[name]
        atomic = " atomic" if schema.get("x-kubernetes-map-type") == "atomic" else ""
        lines.append(f"= {short(name)}{atomic}")
        required = schema.get("required", [])
        owner = name.split(".")[-1]
        for field, value in sorted(schema.get("properties", {}).items()):
            lines.append(field_line(owner, field, value, field in required))
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

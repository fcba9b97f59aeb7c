#!/usr/bin/env python3
"""Makes assets/native/protobuf.txt from the Go types of Kubernetes: which field has which number on the wire.

usage: tools/protobuf.py GOPATH/src/k8s.io > assets/native/protobuf.txt
(Debian's golang-k8s-api-dev and golang-k8s-apimachinery-dev hold the sources.)
"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
PACKAGES = {
    "core.v1": "api/core/v1", "apps.v1": "api/apps/v1", "batch.v1": "api/batch/v1",
    "autoscaling.v1": "api/autoscaling/v1", "autoscaling.v2": "api/autoscaling/v2", "policy.v1": "api/policy/v1",
    "networking.k8s.io.v1": "api/networking/v1", "discovery.k8s.io.v1": "api/discovery/v1",
    "storage.k8s.io.v1": "api/storage/v1", "rbac.authorization.k8s.io.v1": "api/rbac/v1",
    "scheduling.k8s.io.v1": "api/scheduling/v1", "coordination.k8s.io.v1": "api/coordination/v1",
    "node.k8s.io.v1": "api/node/v1", "certificates.k8s.io.v1": "api/certificates/v1",
    "admissionregistration.k8s.io.v1": "api/admissionregistration/v1", "events.k8s.io.v1": "api/events/v1",
    "authentication.k8s.io.v1": "api/authentication/v1", "authorization.k8s.io.v1": "api/authorization/v1",
    "flowcontrol.apiserver.k8s.io.v1": "api/flowcontrol/v1", "resource.k8s.io.v1": "api/resource/v1",
    "meta.v1": "apimachinery/pkg/apis/meta/v1",
}
BY_PATH = {f"k8s.io/{path}": name for name, path in PACKAGES.items()}
SCALARS = {"string": "s", "bool": "b", "int": "i", "int32": "i", "int64": "i", "uint8": "i", "uint32": "i",
           "uint64": "i", "float64": "f", "[]byte": "y"}
KNOWN = {"resource.Quantity": "q", "intstr.IntOrString": "p", "meta.v1.Time": "t", "meta.v1.MicroTime": "u",
         "runtime.RawExtension": "x", "types.UID": "s", "meta.v1.FieldsV1": "y"}
structs, aliases = {}, {}


def imports(text):
    block = re.search(r"import \((.*?)\n\)", text, re.S)
    names = {}
    for alias, path in re.findall(r'^\s*(\w+)?\s*"([^"]+)"', block.group(1) if block else "", re.M):
        names[alias or path.rsplit("/", 1)[-1]] = BY_PATH.get(path, path.rsplit("/", 1)[-1])
    return names


def qualified(name, package, names):
    if "." in name:
        prefix, rest = name.split(".", 1)
        return f"{names.get(prefix, prefix)}.{rest}"
    return name if name in SCALARS else f"{package}.{name}"


def read(package, path):
    for file in sorted((ROOT / path).glob("*.go")):
        if file.name.startswith("zz_") or file.name.endswith(("_test.go", ".pb.go")):
            continue
        text = file.read_text()
        names = imports(text)
        for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.S | re.M):
            structs[f"{package}.{name}"] = (body, package, names)
        for name, rest in re.findall(r"^type (\w+) ([^\s{]+)$", text, re.M):
            aliases[f"{package}.{name}"] = (rest, package, names)


def shape(go, package, names):
    """The type of a field in the text's form."""
    if go.startswith("*"):
        return "*" + shape(go[1:], package, names)
    if go in SCALARS:
        return SCALARS[go]
    if go.startswith("[]"):
        return "[]" + shape(go[2:], package, names).lstrip("*")
    found = re.match(r"map\[[^\]]+\](.+)", go)
    if found:
        return "{}" + shape(found.group(1), package, names).lstrip("*")
    name = qualified(go, package, names)
    if name in KNOWN:
        return KNOWN[name]
    if name in aliases:
        rest, where, known = aliases[name]
        # A named list is a message of its own on the wire.
        inner = shape(rest, where, known)
        return "@L" if inner == "[]s" and go.endswith(("ExtraValue", "Verbs")) else inner
    return "@" + name


def main():
    for package, path in PACKAGES.items():
        read(package, path)
    print("# Made by tools/protobuf.py from the Go types of Kubernetes v1.36; do not edit.")
    print("# = TYPE, then its fields: NUMBER NAME TYPE. Types: s(tring) i(nteger) b(oolean) f(loat) y (bytes) q(uantity)")
    print("# p (int or string) t(ime) u (time with microseconds) x (raw JSON) @TYPE; before it * (may be absent), [] and {}")
    print("# (lists and maps), ! (its zero is written in JSON), ^ (its fields are the outer type's).")
    for name, (body, package, names) in structs.items():
        lines = []
        for go, tags in re.findall(r"^\t((?:\w+\s+)?[^\s/`]+)\s+`(.*?)`", body, re.M):
            wire = re.search(r'protobuf:"\w+,(\d+)', tags)
            json = re.search(r'json:"([^"]*)"', tags)
            if not wire or not json:
                continue
            field, *options = json.group(1).split(",")
            inline = "inline" in options or not field
            kept = "!" if not inline and "omitempty" not in options and "omitzero" not in options else ""
            lines.append(f"{wire.group(1)} {field or '-'} {'^' if inline else kept}{shape(go.split()[-1], package, names)}")
        if lines:
            print(f"= {name}")
            print("\n".join(lines))


main()

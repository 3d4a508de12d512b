"""The manifests for KubeRay: no key that its resource definitions lack, and the values that make them work.

Kubernetes drops keys that it does not know without a word, so a misspelt key is a setting that is not set.
"""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rayzc.cli.submitted import arguments_for
from tests.clusters.files import RAY, ROOT, document

Schema = dict[str, Any] | list[Any] | type | None
"""A mapping with the keys allowed, a list with the schema of its entries, the type of a value; None for any mapping
from text to text."""

RESOURCES: Schema = {
    key: {"cpu": str, "memory": str, "nvidia.com/gpu": str} for key in ("requests", "limits")
}
CONTAINER: Schema = {
    "name": str,
    "image": str,
    "ports": [{"containerPort": int, "name": str}],
    "env": [{"name": str, "value": str}],
    "securityContext": {"allowPrivilegeEscalation": bool, "capabilities": {"drop": [str]}},
    "volumeMounts": [{"name": str, "mountPath": str}],
    "resources": RESOURCES,
}
POD: Schema = {
    "spec": {
        "securityContext": {"runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int},
        "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str}}],
        "tolerations": [{"key": str, "operator": str, "effect": str}],
        "containers": [CONTAINER],
    }
}
CLUSTER: Schema = {
    "rayVersion": str,
    "authOptions": {"mode": str},
    "enableInTreeAutoscaling": bool,
    "autoscalerOptions": {"version": str, "idleTimeoutSeconds": int, "resources": RESOURCES},
    "headGroupSpec": {"rayStartParams": None, "template": POD},
    "workerGroupSpecs": [
        {
            "groupName": str,
            "replicas": int,
            "minReplicas": int,
            "maxReplicas": int,
            "rayStartParams": None,
            "template": POD,
        }
    ],
}
OBJECT: dict[str, Any] = {"apiVersion": str, "kind": str, "metadata": {"name": str}}
SCHEMAS: dict[str, Schema] = {
    "raycluster": {**OBJECT, "spec": CLUSTER},
    "rayjob": {
        **OBJECT,
        "spec": {
            "entrypoint": str,
            "runtimeEnvYAML": str,
            "submissionMode": str,
            "backoffLimit": int,
            "submitterConfig": {"backoffLimit": int},
            "activeDeadlineSeconds": int,
            "shutdownAfterJobFinishes": bool,
            "ttlSecondsAfterFinished": int,
            "rayClusterSpec": CLUSTER,
        },
    },
    "shared-volume": {
        **OBJECT,
        "spec": {
            "accessModes": [str],
            "storageClassName": str,
            "resources": {"requests": {"storage": str}},
        },
    },
}
"""Of what the definitions of KubeRay 1.5.1 to 1.7.0 and of Kubernetes allow, what our manifests may use."""

KINDS = {
    "raycluster": ("ray.io/v1", "RayCluster"),
    "rayjob": ("ray.io/v1", "RayJob"),
    "shared-volume": ("v1", "PersistentVolumeClaim"),
}


def faults(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Where a document has a key or a type that the schema does not allow."""
    if schema is None:
        schema = dict.fromkeys(value, str) if isinstance(value, dict) else {}
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            yield f"{path}: not a mapping"
            return
        for key, entry in value.items():
            if key in schema:
                yield from faults(entry, schema[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: unknown"
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield f"{path}: not a list"
            return
        for place, entry in enumerate(value):
            yield from faults(entry, schema[0], f"{path}[{place}]")
    elif type(value) is not schema:
        yield f"{path}: {type(value).__name__}, not {schema.__name__}"


def manifest(name: str) -> dict[str, Any]:
    return document(f"kuberay/{name}.yaml")


def cluster(name: str) -> dict[str, Any]:
    """The specification of the Ray cluster."""
    spec: dict[str, Any] = manifest(name)["spec"]
    found: dict[str, Any] = spec.get("rayClusterSpec", spec)
    return found


def pods(spec: dict[str, Any]) -> dict[str, Any]:
    """The pods of the cluster by group."""
    workers = {group["groupName"]: group["template"]["spec"] for group in spec["workerGroupSpecs"]}
    return {"head": spec["headGroupSpec"]["template"]["spec"], **workers}


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_key_is_unknown(name: str) -> None:
    found = manifest(name)
    assert (found["apiVersion"], found["kind"]) == KINDS[name]
    assert list(faults(found, SCHEMAS[name])) == []


def levels(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every mapping of a document whose keys Kubernetes knows."""
    if isinstance(value, dict) and path[-1:] != ("rayStartParams",):
        yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield from levels(entry, (*path, key))


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_unknown_key_is_noticed_at_every_level(name: str) -> None:
    # Without the aliases of YAML, by which one mapping is in several places.
    written = json.dumps(manifest(name))
    paths = list(levels(json.loads(written)))
    assert len(paths) >= 4
    for path in paths:
        changed = place = json.loads(written)
        for key in path:
            place = place[key]
        place["replicaz"] = 1
        assert [fault for fault in faults(changed, SCHEMAS[name]) if "replicaz" in fault], path


def test_a_start_parameter_that_is_a_number_is_noticed() -> None:
    changed = manifest("raycluster")
    changed["spec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] = 4
    assert list(faults(changed, SCHEMAS["raycluster"])) == [
        ".spec.headGroupSpec.rayStartParams.num-cpus: int, not str"
    ]


@pytest.mark.parametrize("name", ["raycluster", "rayjob"])
def test_the_cluster_scales_and_asks_for_a_token(name: str) -> None:
    spec = cluster(name)
    assert spec["rayVersion"] == RAY
    assert spec["authOptions"] == {"mode": "token"}
    assert spec["enableInTreeAutoscaling"] is True
    assert spec["autoscalerOptions"]["version"] == "v2"
    cpu, gpu = spec["workerGroupSpecs"]
    assert [cpu["groupName"], gpu["groupName"]] == ["cpu", "gpu"]
    for group in (cpu, gpu):
        assert group["minReplicas"] == group["replicas"] < group["maxReplicas"]
    # rayzc chooses the device by what the cluster has at its start; a discovery needs none.
    assert gpu["minReplicas"] == {"raycluster": 1, "rayjob": 0}[name]


@pytest.mark.parametrize("name", ["raycluster", "rayjob"])
def test_pods_are_bounded_and_are_not_root(name: str) -> None:
    for group, pod in pods(cluster(name)).items():
        (container,) = pod["containers"]
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        # Ray takes what it offers from the limits: with smaller requests it would offer what it may not get.
        assert requests == limits
        assert {"cpu", "memory"} <= set(limits)
        assert ("nvidia.com/gpu" in limits) == (group == "gpu")
        assert container["image"].endswith(f":ray{RAY}-{'gpu' if group == 'gpu' else 'cpu'}")
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
    tolerated = [toleration["key"] for toleration in pods(cluster(name))["gpu"]["tolerations"]]
    assert tolerated == ["nvidia.com/gpu"]


@pytest.mark.parametrize("name", ["raycluster", "rayjob"])
def test_pods_share_the_volume(name: str) -> None:
    volume = manifest("shared-volume")
    assert volume["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod in pods(cluster(name)).values():
        (mounted,) = pod["volumes"]
        assert mounted["persistentVolumeClaim"]["claimName"] == volume["metadata"]["name"]
        assert pod["containers"][0]["volumeMounts"] == [{"name": mounted["name"], "mountPath": "/shared"}]


def test_both_describe_the_same_pods() -> None:
    assert pods(cluster("raycluster")) == pods(cluster("rayjob"))


def test_the_job_ends_its_cluster_and_is_retried() -> None:
    spec = manifest("rayjob")["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["ttlSecondsAfterFinished"] > 0
    assert spec["backoffLimit"] >= 1
    assert spec["submitterConfig"]["backoffLimit"] >= 1
    assert "suspend" not in spec
    # Longer than rayzc's own limit, and its retries.
    assert "--time-limit 1h" in spec["entrypoint"]
    assert spec["activeDeadlineSeconds"] >= 3600 * (1 + spec["backoffLimit"])
    runtime_env = yaml.safe_load((ROOT / "jobs" / "runtime_env.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(spec["runtimeEnvYAML"]) == runtime_env


def test_the_job_resumes(tmp_path: Path) -> None:
    python, script, *arguments = shlex.split(manifest("rayjob")["spec"]["entrypoint"])
    home = "/home/ray/rayzc/"
    assert python == "python"
    assert script.startswith(home)
    assert (ROOT / script.removeprefix(home)).is_file()
    out = arguments.index("--out") + 1
    assert arguments[out].startswith("/shared/")
    # There, the next start finds the run.
    arguments[out] = str(tmp_path)
    assert arguments_for("discover", arguments)[:2] == ["rayzc", "discover"]
    (tmp_path / "config.json").write_text("{}")
    again = arguments_for("discover", arguments)
    assert again == ["rayzc", "resume", str(tmp_path), "--workers", "64"]
